"""Parameters of a model's call as nodes have them, into those of a request, with promptflow-tools' checks and defaults.

A node's values come from a file: numbers may be texts, and an empty text or None is nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from ferrata.flows.contracts.tool_errors import (
    ChatAPIInvalidFunctions,
    ChatAPIInvalidTools,
    LLMError,
    ToolValidationError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["check_chats", "parameters_of"]

_REFERENCE = "https://platform.openai.com/docs/api-reference/chat/create"
_COMPLETION: dict[str, Callable[[Any], Any]] = {
    "suffix": str,
    "max_tokens": int,
    "temperature": float,
    "top_p": float,
    "n": int,
    "logprobs": int,
    "presence_penalty": float,
    "frequency_penalty": float,
    "best_of": int,
}
_CHAT: dict[str, Callable[[Any], Any]] = {
    "temperature": float,
    "top_p": float,
    "n": int,
    "max_tokens": int,
    "seed": int,
    "presence_penalty": float,
    "frequency_penalty": float,
}
_AS_GIVEN = ("stop", "logit_bias", "user", "response_format")


def parameters_of(api: str, given: Mapping[str, Any], *, azure: bool = False) -> dict[str, Any]:
    """The parameters of a request.

    Args:
        api: `chat` or `completion`.
        given: by name, as a node has them; what nobody knows is passed on.
        azure: the request goes to Azure, where `tool_choice` is checked.

    Raises:
        LLMError: a number is none.
        ChatAPIInvalidFunctions, ChatAPIInvalidTools: the functions or tools are not valid.
    """
    completion = api == "completion"
    kinds = _COMPLETION if completion else _CHAT
    known = {**kinds, **dict.fromkeys(_AS_GIVEN), "echo": None, "tools": None, "tool_choice": None}
    known |= {"functions": None, "function_call": None, "stream": None}
    found: dict[str, Any] = {"temperature": 1.0, "top_p": 1.0}
    if completion:
        found |= {"max_tokens": 16, "n": 1, "best_of": 1}
    for name, kind in kinds.items():
        value = given.get(name)
        if value is None or value == "" or (name == "max_tokens" and str(value).lower() == "inf"):
            continue
        if name == "logprobs" and not value:
            continue
        found[name] = _number(name, value, kind)
    found |= {name: given[name] for name in _AS_GIVEN if given.get(name)}
    found |= {name: value for name, value in given.items() if name not in known and value is not None}
    if completion:
        found.pop("response_format", None)
        if str(given.get("echo")).lower() == "true":
            found["echo"] = True
        return found
    return found | _callables(given, azure=azure)


def check_chats(parameters: dict[str, Any]) -> None:
    """Refuse parameters of a completion that no chat has; `best_of` is dropped where it says nothing.

    Raises:
        ToolValidationError: there is one.
    """
    if parameters.get("best_of") == 1:
        del parameters["best_of"]
    if only := [name for name in ("suffix", "logprobs", "echo", "best_of") if name in parameters]:
        raise ToolValidationError(message=f"{only[0]!r} is not taken by a model of ferrata.yaml, which chats.")


def _number(name: str, value: Any, kind: Callable[[Any], Any]) -> Any:
    try:
        return kind(value)
    except (TypeError, ValueError) as error:
        raise LLMError(
            message=f"OpenAI API hits exception: {type(error).__name__}: {name} is {value!r}, which is no {kind.__name__}"
        ) from error


def _callables(given: Mapping[str, Any], *, azure: bool) -> dict[str, Any]:
    """Tools, or else the older functions, and which of them is to be called."""
    if tools := given.get("tools"):
        if azure:
            _check_tools(tools)
        choice = _choice(given.get("tool_choice"), "tool_choice", "type", ChatAPIInvalidTools)
        return {"tools": tools, "tool_choice": choice}
    if functions := given.get("functions"):
        for place, function in enumerate(_listed(functions, "functions", ChatAPIInvalidFunctions)):
            _check_function(place, function, "function", ChatAPIInvalidFunctions)
        choice = _choice(given.get("function_call"), "function_call", "name", ChatAPIInvalidFunctions)
        return {"functions": functions, "function_call": choice}
    return {}


def _check_tools(tools: Any) -> None:
    for place, tool in enumerate(_listed(tools, "tools", ChatAPIInvalidTools)):
        if not isinstance(tool, dict):
            raise ChatAPIInvalidTools(message=f"tool {place} '{tool}' is not a dict. See {_REFERENCE}")
        about = cast("dict[str, Any]", tool)
        for key in ("type", "function"):
            if key not in about:
                raise ChatAPIInvalidTools(
                    message=f"tool {place} '{about}' does not have '{key}' property. See {_REFERENCE}"
                )
        _check_function(place, about["function"], "function", ChatAPIInvalidTools)


def _listed(value: Any, what: str, kind: type[ToolValidationError]) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise kind(message=f"{what} must be a list that is not empty, not {value!r}. See {_REFERENCE}")
    return cast("list[Any]", value)


def _check_function(place: int, given: Any, what: str, kind: type[ToolValidationError]) -> None:
    """Check that a function has a name, and parameters that are the schema of an object."""
    if not isinstance(given, dict):
        raise kind(message=f"{what} {place} '{given}' is not a dict. See {_REFERENCE}")
    function = cast("dict[str, Any]", given)
    for key in ("name", "parameters"):
        if key not in function:
            raise kind(message=f"{what} {place} '{function}' does not have '{key}' property. See {_REFERENCE}")
    where = f"{what} {place} '{function['name']}' parameters"
    schema = function["parameters"]
    if not isinstance(schema, dict):
        raise kind(message=f"{where} '{schema}' should be described as a JSON Schema object. See {_REFERENCE}")
    schema = cast("dict[str, Any]", schema)
    for key in ("type", "properties"):
        if key not in schema:
            raise kind(message=f"{where} '{schema}' does not have '{key}' property. See {_REFERENCE}")
    if schema["type"] != "object":
        raise kind(message=f"{where} 'type' should be 'object'. See {_REFERENCE}")
    if not isinstance(schema["properties"], dict):
        raise kind(message=f"{where} 'properties' should be described as a JSON Schema object. See {_REFERENCE}")


def _choice(given: Any, name: str, key: str, kind: type[ToolValidationError]) -> Any:
    """Which one is to be called: `auto` where nothing is said."""
    if given is None or given == "":
        return "auto"
    if given in ("auto", "none", "required"):
        return given
    if not isinstance(given, dict):
        raise kind(message=f"{name} parameter '{given}' must be a dict, but not {type(given)}. See {_REFERENCE}")
    about = cast("dict[str, Any]", given)
    if key not in about:
        raise kind(message=f'{name} parameter {json.dumps(about)} must contain "{key}" field. See {_REFERENCE}')
    if name == "tool_choice":
        function: Any = about.get("function")
        if not isinstance(function, dict) or "name" not in function:
            raise kind(
                message=f'{name} parameter {json.dumps(about)} must contain "function" with "name". See {_REFERENCE}'
            )
    return about
