"""Errors of flows and prompts."""

from __future__ import annotations

from ferrata.flows.contracts.flow_errors import (
    ConnectionNotFound,
    CoreError,
    InvalidConnectionError,
    InvalidOutputKeyError,
    MissingRequiredInputError,
    MissingRequiredPackage,
    RequiredEnvironmentVariablesNotSetError,
    UnknownConnectionType,
)

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
