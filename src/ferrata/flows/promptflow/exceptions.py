"""`promptflow.exceptions`."""

from __future__ import annotations

from ferrata.flows.contracts.exceptions import (
    ErrorCategory,
    ErrorTarget,
    PromptflowException,
    SystemErrorException,
    UserErrorException,
    ValidationException,
)

__all__ = [
    "ErrorCategory",
    "ErrorTarget",
    "PromptflowException",
    "SystemErrorException",
    "UserErrorException",
    "ValidationException",
]
