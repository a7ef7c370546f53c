from __future__ import annotations

import pytest

from ferrata.errors import ModelBusy, ModelDenied, ModelRequestInvalid, ModelTimeout, ModelUnavailable
from ferrata.flows.contracts.exceptions import (
    ErrorTarget,
    PromptflowException,
    SystemErrorException,
    UserErrorException,
    ValidationException,
)
from ferrata.flows.contracts.tool_errors import (
    ChatAPIInvalidRole,
    ExceedMaxRetryTimes,
    ListDeploymentsError,
    LLMError,
    SerpAPISystemError,
    WrappedOpenAIError,
)
from ferrata.flows.promptflow._internal import ErrorResponse, ExceptionPresenter


def test_a_message_may_be_a_template() -> None:
    error = UserErrorException(message_format="{node} lacks {what}", node="a", target=ErrorTarget.EXECUTOR)
    assert str(error) == "a lacks <what>"
    assert error.message_parameters == {"node": "a", "what": "<what>"}
    assert error.reference_code == "Executor"
    assert str(PromptflowException()) == "PromptflowException"
    assert str(PromptflowException("plain")) == "plain"


def test_what_led_to_it() -> None:
    cause = ValueError("x")
    assert UserErrorException("y", error=cause).inner_exception is cause
    with pytest.raises(SystemErrorException) as caught:
        raise SystemErrorException("y") from cause
    assert caught.value.inner_exception is cause


@pytest.mark.parametrize(
    ("error", "codes"),
    [
        (UserErrorException("x"), ["UserError"]),
        (ValidationException("x"), ["UserError", "ValidationError"]),
        (LLMError(message="x"), ["UserError", "LLMError"]),
        (ChatAPIInvalidRole(message="x"), ["UserError", "ToolValidationError", "ChatAPIInvalidRole"]),
        (SerpAPISystemError(message="x"), ["SystemError", "SerpAPISystemError"]),
        (ListDeploymentsError("x"), ["UserError", "ListDeploymentsError"]),
    ],
)
def test_codes_are_the_names_of_the_kinds(error: PromptflowException, codes: list[str]) -> None:
    assert error.error_codes == codes
    if type(error).__module__.endswith("tool_errors"):
        assert error.target is ErrorTarget.TOOL


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (ModelDenied("x denied access (status 401): y"), "AuthenticationError"),
        (ModelDenied("x denied access (status 403): y"), "PermissionDeniedError"),
        (ModelRequestInvalid("x refused the request (status 404): y"), "NotFoundError"),
        (ModelRequestInvalid("x refused the request (status 400): y"), "BadRequestError"),
        (ModelBusy("x is busy (status 429)"), "RateLimitError"),
        (ModelUnavailable("x failed (status 503)"), "InternalServerError"),
        (ModelUnavailable("no connection"), "APIConnectionError"),
        (ModelTimeout("x"), "APITimeoutError"),
        (RuntimeError("x (status 401)"), "RuntimeError"),
    ],
)
def test_a_models_failure_has_openais_name(error: Exception, name: str) -> None:
    wrapped = WrappedOpenAIError(error)
    assert wrapped.error_codes == ["UserError", "OpenAIError", name]
    assert wrapped.message.startswith(f"OpenAI API hits {name}: {error}")
    assert ExceedMaxRetryTimes(error).message.startswith("Exceed max retry times. OpenAI API hits")


def test_an_exception_as_an_answer() -> None:
    found = ExceptionPresenter.create(ChatAPIInvalidRole(message="no role")).to_dict()
    inner = {"code": "ChatAPIInvalidRole", "innerError": None}
    assert found["code"] == "UserError"
    assert found["innerError"] == {"code": "ToolValidationError", "innerError": inner}
    assert (found["message"], found["referenceCode"]) == ("no role", "Tool")
    assert ErrorResponse.from_exception(KeyError("x")).response_code == 500
    assert ErrorResponse(found).to_simplified_dict() == {"error": {"code": "UserError", "message": "no role"}}
