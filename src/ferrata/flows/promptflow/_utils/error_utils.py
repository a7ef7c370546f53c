"""Exceptions as Prompt Flow's error objects, for code that answers requests itself."""

from __future__ import annotations

import traceback
from typing import Any

from ferrata.flows.contracts.exceptions import PromptflowException

__all__ = ["ErrorResponse", "ExceptionPresenter"]


class ExceptionPresenter:
    """An exception as data."""

    def __init__(self, ex: BaseException) -> None:
        self._ex = ex

    @classmethod
    def create(cls, ex: BaseException) -> ExceptionPresenter:
        """Of any exception."""
        return cls(ex)

    @property
    def error_codes(self) -> list[str]:
        """The names of its kinds, the outermost first."""
        if isinstance(self._ex, PromptflowException):
            return self._ex.error_codes
        return ["SystemError", type(self._ex).__name__]

    @property
    def formatted_traceback(self) -> str:
        """Where it arose."""
        return "".join(traceback.format_exception(self._ex))

    def to_dict(self, *, include_debug_info: bool = False) -> dict[str, Any]:
        """Codes from the outside in, with the message."""
        found: dict[str, Any] = {}
        for code in reversed(self.error_codes):
            found = {"code": code, "innerError": found or None}
        known = self._ex if isinstance(self._ex, PromptflowException) else None
        found["message"] = str(self._ex)
        found["messageFormat"] = known.message_format if known else ""
        found["messageParameters"] = known.serializable_message_parameters if known else {}
        found["referenceCode"] = known.reference_code if known else "Executor"
        if include_debug_info:
            found["debugInfo"] = {
                "type": type(self._ex).__name__,
                "message": str(self._ex),
                "stackTrace": self.formatted_traceback,
            }
        return found


class ErrorResponse:
    """What a server answers for an error."""

    def __init__(self, error_dict: dict[str, Any]) -> None:
        self._error_dict = error_dict

    @classmethod
    def from_error_dict(cls, error_dict: dict[str, Any]) -> ErrorResponse:
        """Of an error as data."""
        return cls(error_dict)

    @classmethod
    def from_exception(cls, ex: BaseException, *, include_debug_info: bool = False) -> ErrorResponse:
        """Of an exception."""
        return cls(ExceptionPresenter.create(ex).to_dict(include_debug_info=include_debug_info))

    @property
    def message(self) -> str:
        """What happened."""
        return str(self._error_dict.get("message", ""))

    @property
    def response_code(self) -> int:
        """The HTTP status: 400 where the user can mend it, else 500."""
        return 400 if self._error_dict.get("code") == "UserError" else 500

    def to_dict(self) -> dict[str, Any]:
        """The answer's body."""
        return {"error": self._error_dict}

    def to_simplified_dict(self) -> dict[str, Any]:
        """Likewise, with code and message alone."""
        return {"error": {"code": self._error_dict.get("code"), "message": self.message}}
