"""Prompt Flow's exceptions: the names, arguments and attributes that user code sees.

PromptflowException
├── UserErrorException
│   └── ValidationException
└── SystemErrorException
"""

from __future__ import annotations

from enum import Enum
from string import Formatter
from typing import Any

__all__ = [
    "ErrorCategory",
    "ErrorTarget",
    "PromptflowException",
    "SystemErrorException",
    "UserErrorException",
    "ValidationException",
]


class ErrorCategory(str, Enum):  # noqa: UP042 - its text is `ErrorCategory.X`, as Prompt Flow's
    """Whose fault an error is."""

    USER_ERROR = "UserError"
    SYSTEM_ERROR = "SystemError"
    UNKNOWN = "Unknown"


class ErrorTarget(str, Enum):  # noqa: UP042 - likewise
    """Where an error arose."""

    EXECUTOR = "Executor"
    BATCH = "Batch"
    CORE = "Core"
    FLOW_EXECUTOR = "FlowExecutor"
    NODE_EXECUTOR = "NodeExecutor"
    TOOL = "Tool"
    AZURE_RUN_STORAGE = "AzureRunStorage"
    RUNTIME = "Runtime"
    UNKNOWN = "Unknown"
    RUN_TRACKER = "RunTracker"
    RUN_STORAGE = "RunStorage"
    CONTROL_PLANE_SDK = "ControlPlaneSDK"
    SERVING_APP = "ServingApp"
    FLOW_INVOKER = "FlowInvoker"
    FUNCTION_PATH = "FunctionPath"


class PromptflowException(Exception):
    """The root.

    Args:
        message: what happened.
        message_format: the same as a template, filled from further arguments.
        target: where.
        module: the Python module in which it happened.
        privacy_info: kept for what was written against it; nothing is sent anywhere.
        kwargs: values for the template; `error` is the exception that led to this one.
    """

    def __init__(
        self,
        message: Any = "",
        message_format: str = "",
        target: ErrorTarget | str = ErrorTarget.UNKNOWN,
        module: str | None = None,
        privacy_info: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        self._inner_exception: BaseException | None = kwargs.get("error")
        self._target = target
        self._module = module
        self._message_format = message_format
        self._privacy_info = privacy_info
        self._kwargs = kwargs
        if message:
            self._message = str(message)
        elif message_format:
            self._message = message_format.format(**self.message_parameters)
        else:
            self._message = type(self).__name__
        super().__init__(self._message)

    @property
    def message(self) -> str:
        """What happened."""
        return self._message

    @property
    def message_format(self) -> str:
        """The template of the message, or nothing."""
        return self._message_format

    @property
    def message_parameters(self) -> dict[str, Any]:
        """The template's names and their values; a name without one stands for itself."""
        if not self._kwargs:
            return {}
        names = {name for _, name, _, _ in Formatter().parse(self._message_format) if name is not None}
        return {name: self._kwargs.get(name, f"<{name}>") for name in names}

    @property
    def serializable_message_parameters(self) -> dict[str, str]:
        """Likewise, as texts."""
        return {name: str(value) for name, value in self.message_parameters.items()}

    @property
    def target(self) -> ErrorTarget | str:
        """Where it happened."""
        return self._target

    @target.setter
    def target(self, value: ErrorTarget | str) -> None:
        self._target = value

    @property
    def module(self) -> str | None:
        """The Python module in which it happened."""
        return self._module

    @module.setter
    def module(self, value: str | None) -> None:
        self._module = value

    @property
    def reference_code(self) -> str:
        """Target and module in one text."""
        target = self._target.value if isinstance(self._target, ErrorTarget) else self._target
        return f"{target}/{self._module}" if self._module else target

    @property
    def inner_exception(self) -> BaseException | None:
        """What led to it."""
        return self._inner_exception or self.__cause__

    @property
    def additional_info(self) -> dict[str, Any] | None:
        """Further facts, which some kinds have."""
        return None

    @property
    def error_codes(self) -> list[str]:
        """The names of the classes from the outermost, as `["UserError", "ToolValidationError"]`."""
        return list(reversed(_codes(type(self))))

    def __str__(self) -> str:
        return self.message


class UserErrorException(PromptflowException):
    """The user can mend it."""


class SystemErrorException(PromptflowException):
    """The user cannot."""


class ValidationException(UserErrorException):
    """Something given is not valid."""


def _codes(kind: type[Any]) -> list[str]:
    shorter = {
        UserErrorException: "UserError",
        SystemErrorException: "SystemError",
        ValidationException: "ValidationError",
    }
    names: list[str] = []
    for parent in kind.__mro__:
        if parent is PromptflowException:
            break
        if not parent.__name__.startswith("_"):
            names.append(shorter.get(parent, parent.__name__))
    return names
