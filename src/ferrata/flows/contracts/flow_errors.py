"""Errors of flows and prompts that user code may catch."""

from __future__ import annotations

from ferrata.flows.contracts.exceptions import UserErrorException

__all__ = [
    "ConnectionNotFound",
    "CoreError",
    "InvalidConnectionError",
    "InvalidOutputKeyError",
    "MissingRequiredInputError",
    "MissingRequiredPackage",
    "RequiredEnvironmentVariablesNotSetError",
    "UnknownConnectionType",
]


class CoreError(UserErrorException):
    """Something given to a flow or prompt is wrong."""


class RequiredEnvironmentVariablesNotSetError(CoreError):
    """A connection was to be made of variables that are not set."""


class InvalidConnectionError(CoreError):
    """A model is configured in two ways at once, or in none that leads to a model."""


class MissingRequiredInputError(CoreError):
    """An input without a default is not given."""


class MissingRequiredPackage(UserErrorException):
    """A package is not installed."""


class InvalidOutputKeyError(CoreError):
    """The model's JSON lacks an output."""


class ConnectionNotFound(CoreError):
    """There is no connection of that name."""


class UnknownConnectionType(UserErrorException):
    """The connection is of a kind that cannot do this."""
