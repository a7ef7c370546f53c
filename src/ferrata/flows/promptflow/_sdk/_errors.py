"""Errors of the client that user code may catch."""

from __future__ import annotations

from ferrata.flows.contracts.exceptions import UserErrorException

__all__ = [
    "ConnectionNotFoundError",
    "InvalidFlowError",
    "InvalidRunError",
    "InvalidRunStatusError",
    "RunExistsError",
    "RunNotFoundError",
    "RunOperationError",
    "SDKError",
]


class SDKError(UserErrorException):
    """The client was asked for something that it cannot do."""


class RunExistsError(SDKError):
    """There is a run of that name already."""


class RunNotFoundError(SDKError):
    """There is no run of that name."""


class InvalidRunStatusError(SDKError):
    """The run has not ended, or failed."""


class InvalidRunError(SDKError):
    """The run is not what it must be."""


class RunOperationError(SDKError):
    """Something about a run did not work."""


class InvalidFlowError(SDKError):
    """The flow does not load."""


class ConnectionNotFoundError(SDKError):
    """There is no connection of that name."""
