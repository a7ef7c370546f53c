"""Open models behind Azure ML's online endpoints, reached by a custom connection; nothing is looked up in the cloud."""

import json
from enum import Enum
from typing import Any, cast

from ferrata.flows.chat_prompts import parse_chat, render
from ferrata.flows.contracts.tool_errors import (
    OpenModelLLMKeyValidationError,
    OpenModelLLMOnlineEndpointError,
    OpenModelLLMUserError,
)
from ferrata.flows.contracts.types import PromptTemplate
from ferrata.flows.promptflow._core.tool import INPUTS_TO_ESCAPE_PARAM_KEY, ToolProvider, tool
from ferrata.flows.promptflow.named_connections import NamedConnections
from ferrata.flows.promptflow.tools.posting import NoAnswer, post

__all__ = ["API", "ModelFamily", "OpenModelLLM"]


class API(str, Enum):  # noqa: UP042 - its text is `API.X`, as Prompt Flow's
    """What the model is asked for."""

    CHAT = "chat"
    COMPLETION = "completion"


class ModelFamily(str, Enum):  # noqa: UP042 - likewise
    """How a model's endpoint speaks."""

    LLAMA = "LLaMa"
    DOLLY = "Dolly"
    GPT2 = "GPT-2"
    FALCON = "Falcon"


_NEEDED = ("endpoint_url", "model_family", "endpoint_api_key")


class OpenModelLLM(ToolProvider):
    """The tool."""

    @tool
    def call(
        self,
        prompt: PromptTemplate,
        api: API,
        endpoint_name: str,
        deployment_name: str | None = None,
        temperature: float | None = 1.0,
        max_new_tokens: int | None = 500,
        top_p: float | None = 1.0,
        model_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> str:
        """The model's answer.

        Args:
            prompt: the template.
            api: `chat` or `completion`.
            endpoint_name: `localConnection/NAME`, a custom connection with `endpoint_url`, `model_family`, `endpoint_api_key`.
            deployment_name: of the endpoint; its default one if None.
            temperature: of the model.
            max_new_tokens: at most so many.
            top_p: of the model.
            model_kwargs: further parameters.
            kwargs: values of the template.

        Raises:
            OpenModelLLMUserError: the endpoint is one of the cloud's, or of a family that is not known.
            OpenModelLLMKeyValidationError: the connection lacks something.
            OpenModelLLMOnlineEndpointError: the endpoint did not answer.
        """
        url, family, key = _endpoint(endpoint_name, kwargs)
        kwargs.pop(INPUTS_TO_ESCAPE_PARAM_KEY, None)
        said = render(prompt, kwargs)
        chat = str(api.value if isinstance(api, Enum) else api) == "chat"  # pyright: ignore[reportUnnecessaryIsInstance]
        parameters = {
            **(model_kwargs or {}),
            "top_p": top_p,
            "temperature": temperature,
            "max_new_tokens": max_new_tokens,
        }
        serverless = "models.ai.azure.com" in url or "inference.ai.azure.com" in url
        headers = {"authorization": f"Bearer {key}"}
        if deployment_name and deployment_name.strip() not in ("", "default"):
            headers["azureml-model-deployment"] = deployment_name.strip()
        if serverless:
            ending = "/v1/chat/completions" if chat else "/v1/completions"
            url = url if url.endswith(ending) else url.rstrip("/") + ending
            return _answer(url, _serverless(said, parameters, chat=chat), headers, chat=chat, form="openai")
        llama = family == ModelFamily.LLAMA.value
        return _answer(url, _online(said, parameters, chat=chat, llama=llama), headers, chat=chat, form="azureml")


def _endpoint(name: str, kwargs: dict[str, Any]) -> tuple[str, str, str]:
    """URL, family and key."""
    if any(key in kwargs for key in _NEEDED):
        found: Any = {key: kwargs.pop(key) for key in _NEEDED if key in kwargs}
    else:
        kind, _, connection = name.partition("/")
        if kind.lower() not in ("localconnection", "connection") or not connection:
            raise OpenModelLLMUserError(
                message=f"the endpoint {name!r} is one of Azure's, which are not looked up here; declare a custom connection "
                "with endpoint_url, model_family and endpoint_api_key, and name it localConnection/NAME"
            )
        found = dict(NamedConnections().get(connection))
    for key in _NEEDED:
        if not found.get(key):
            raise OpenModelLLMKeyValidationError(message=f"Required key `{key}` not found in given custom connection.")
    family = str(found["model_family"])
    known = {one.value.lower(): one.value for one in ModelFamily}
    if family.lower() not in known:
        raise OpenModelLLMKeyValidationError(
            message=f"Unexpected model_family {family!r}; known are {', '.join(known.values())}"
        )
    return str(found["endpoint_url"]), known[family.lower()], str(found["endpoint_api_key"])


def _serverless(said: str, parameters: dict[str, Any], *, chat: bool) -> dict[str, Any]:
    body: dict[str, Any] = {"n": 1, "max_tokens": parameters["max_new_tokens"], **parameters}
    return body | ({"messages": _messages(said)} if chat else {"prompt": said})


def _online(said: str, parameters: dict[str, Any], *, chat: bool, llama: bool) -> dict[str, Any]:
    if not llama:
        return {"input_data": {"input_string": [said]}, "parameters": parameters}
    given: Any = _messages(said) if chat else [said]
    return {"input_data": {"input_string": given, "parameters": {"do_sample": True, **parameters}}}


def _messages(said: str) -> list[dict[str, Any]]:
    return parse_chat(said, roles=("system", "user", "assistant"))


def _answer(url: str, body: dict[str, Any], headers: dict[str, str], *, chat: bool, form: str) -> str:
    try:
        found: Any = post(url, body, headers)
    except NoAnswer as error:
        raise OpenModelLLMOnlineEndpointError(
            message=f"Request failure while calling Online Endpoint: {error}"
        ) from None
    try:
        if form == "openai":
            choice = found["choices"][0]
            return str(choice["message"]["content"] if chat else choice["text"])
        listed = isinstance(found, list)
        return str(cast("Any", found)[0]["0"] if listed else found["output"])
    except (KeyError, IndexError, TypeError):
        said = json.dumps(found)[:300]
        raise OpenModelLLMOnlineEndpointError(message=f"Unexpected response format. Response: {said}") from None
