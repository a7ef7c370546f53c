"""Errors of the tools, as user code may catch them."""

from __future__ import annotations

import re
from typing import Any

from ferrata.flows.contracts.exceptions import ErrorTarget, SystemErrorException, UserErrorException

__all__ = [
    "AzureContentSafetyInputValueError",
    "AzureContentSafetySystemError",
    "ChatAPIFunctionRoleInvalidFormat",
    "ChatAPIInvalidFunctions",
    "ChatAPIInvalidRole",
    "ChatAPIInvalidTools",
    "ChatAPIToolRoleInvalidFormat",
    "ExceedMaxRetryTimes",
    "FunctionCallNotSupportedInStreamMode",
    "InvalidConnectionType",
    "JinjaTemplateError",
    "LLMError",
    "ListDeploymentsError",
    "OpenModelLLMKeyValidationError",
    "OpenModelLLMOnlineEndpointError",
    "OpenModelLLMUserError",
    "ParseConnectionError",
    "SerpAPISystemError",
    "SerpAPIUserError",
    "ToolValidationError",
    "WrappedOpenAIError",
]

_CODES = "https://platform.openai.com/docs/guides/error-codes/api-errors"
# What a model's failure is called in the package `openai`, by kind, and by status where that says more.
_KINDS = {
    "ModelDenied": "AuthenticationError",
    "ModelBusy": "RateLimitError",
    "ModelOverQuota": "RateLimitError",
    "ModelTimeout": "APITimeoutError",
    "ModelRequestInvalid": "BadRequestError",
    "ModelRefused": "BadRequestError",
    "ModelUnavailable": "APIConnectionError",
    "ModelBadResponse": "APIError",
}
_STATUSES = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    409: "ConflictError",
    422: "UnprocessableEntityError",
    429: "RateLimitError",
}
_STATUS = re.compile(r"\(status (\d{3})\)")


class WrappedOpenAIError(UserErrorException):
    """A model did not answer.

    Attributes:
        openai_name: what the package `openai` calls the error.
    """

    def __init__(self, ex: BaseException, **kwargs: Any) -> None:
        self._ex = ex
        self.openai_name = _openai_name(ex)
        super().__init__(
            f"OpenAI API hits {self.openai_name}: {ex} [Error reference: {_CODES}]", target=ErrorTarget.TOOL, **kwargs
        )
        self.hint = str(getattr(ex, "hint", ""))

    @property
    def error_codes(self) -> list[str]:
        """`UserError`, `OpenAIError`, and the error's own name."""
        return ["UserError", "OpenAIError", self.openai_name]


class ExceedMaxRetryTimes(WrappedOpenAIError):
    """It did not answer however often it was asked."""

    @property
    def message(self) -> str:
        """What happened."""
        return "Exceed max retry times. " + super().message


class _ToolError(UserErrorException):
    """Something given to a tool is wrong."""

    def __init__(self, message: Any = "", **kwargs: Any) -> None:
        super().__init__(message, target=kwargs.pop("target", ErrorTarget.TOOL), **kwargs)


class _ToolSystemError(SystemErrorException):
    """A tool's service failed."""

    def __init__(self, message: Any = "", **kwargs: Any) -> None:
        super().__init__(message, target=kwargs.pop("target", ErrorTarget.TOOL), **kwargs)


class ToolValidationError(UserErrorException):
    """What a tool was given is not valid."""

    def __init__(self, message: Any = "", **kwargs: Any) -> None:
        super().__init__(message, target=kwargs.pop("target", ErrorTarget.TOOL), **kwargs)


class LLMError(_ToolError):
    """The call of a model failed for another reason than the model."""


class JinjaTemplateError(ToolValidationError):
    """A template cannot be rendered."""


class ChatAPIInvalidRole(ToolValidationError):
    """A chat prompt does not begin with a role."""


class ChatAPIFunctionRoleInvalidFormat(ToolValidationError):
    """A message of the role `function` lacks its name."""


class ChatAPIToolRoleInvalidFormat(ToolValidationError):
    """A message of the role `tool` lacks the id of the call."""


class ChatAPIInvalidFunctions(ToolValidationError):
    """The functions that a model may call are not valid."""


class ChatAPIInvalidTools(ToolValidationError):
    """The tools that a model may call are not valid."""


class FunctionCallNotSupportedInStreamMode(ToolValidationError):
    """Functions cannot be streamed."""


class InvalidConnectionType(ToolValidationError):
    """The connection is of a kind that the tool cannot use."""


class SerpAPISystemError(_ToolSystemError):
    """SerpApi failed."""


class SerpAPIUserError(_ToolError):
    """SerpApi refused the request."""


class OpenModelLLMOnlineEndpointError(_ToolError):
    """An online endpoint did not answer."""


class OpenModelLLMUserError(_ToolError):
    """There is no such endpoint."""


class OpenModelLLMKeyValidationError(ToolValidationError):
    """The connection of an open model lacks something."""


class AzureContentSafetyInputValueError(_ToolError):
    """Content Safety was asked for something that it does not know."""


class AzureContentSafetySystemError(_ToolSystemError):
    """Content Safety failed."""


class ListDeploymentsError(_ToolError):
    """Deployments cannot be listed."""

    def __init__(self, msg: str, **kwargs: Any) -> None:
        super().__init__(msg, **kwargs)


class ParseConnectionError(ListDeploymentsError):
    """A connection's resource id is none."""


def _openai_name(error: BaseException) -> str:
    found = _STATUS.search(str(error))
    kind = type(error).__name__
    if found is not None and kind in _KINDS:
        status = int(found[1])
        return _STATUSES.get(status, "InternalServerError" if status >= 500 else _KINDS[kind])
    return _KINDS.get(kind, kind)
