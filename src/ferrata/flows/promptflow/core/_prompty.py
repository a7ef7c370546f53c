"""Prompts that are called like functions."""

from __future__ import annotations

import json
import os
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import FerrataError
from ferrata.flows.asking import complete, complete_now
from ferrata.flows.contracts.connections import AzureOpenAIConnection, Connection, OpenAIConnection
from ferrata.flows.contracts.flow_errors import (
    InvalidConnectionError,
    InvalidOutputKeyError,
    MissingRequiredInputError,
    UnknownConnectionType,
)
from ferrata.flows.contracts.tool_errors import LLMError
from ferrata.flows.formats.prompty import prompt_root
from ferrata.flows.promptflow._utils.yaml_utils import load_yaml_string
from ferrata.flows.promptflow.core._model_configuration import ModelConfiguration
from ferrata.flows.promptflow.exceptions import UserErrorException
from ferrata.flows.promptflow.named_connections import NamedConnections
from ferrata.flows.traced import trace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike


__all__ = ["AsyncPrompty", "Prompty"]

_ENVIRONMENT = re.compile(r"\$\{env:(.*)\}")
_FILE = re.compile(r"\$\{file:(.*)\}")
_NOT_A_SETTING = {"type", "connection", "model", "azure_deployment"}


class Prompty:
    """A prompt in a `.prompty` file: `Prompty.load(path)(question="...")` is the model's answer.

    Args:
        path: the file.
        model: `configuration`, `parameters`, `api` and `response` over those of the file.
        kwargs: further keys of the file's head, over those of the file.

    Raises:
        UserErrorException: the file is wrong.
        InvalidConnectionError: the model is configured in two ways at once.
    """

    def __init__(self, path: str | PathLike[str], model: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        from ferrata.prompts import read_prompt

        self._path = Path(path)
        try:
            self._prompt = read_prompt(self._path, root=prompt_root(self._path))
        except FerrataError as error:
            raise UserErrorException(error.message, error=error) from error
        head: Any = _resolved(self._prompt.header, self._path.parent)
        self._model = _merged(_merged(_mapping(head.get("model")), kwargs.pop("model", None) or {}), model or {})
        self._name = str(kwargs.get("name") or self._prompt.name)
        self._outputs: Mapping[str, Any] = kwargs.get("outputs") or head.get("outputs") or {}
        parameters = dict(self._model.get("parameters") or {})
        self._prompt = replace(self._prompt, model=replace(self._prompt.model, parameters=parameters))
        self._configuration: Any = self._model.get("configuration") or {}
        if isinstance(self._configuration, dict):
            configured = cast("dict[str, Any]", self._configuration)
            settings = [value for key, value in configured.items() if key not in _NOT_A_SETTING]
            if configured.get("connection") and any(settings):
                raise InvalidConnectionError(
                    "Cannot configure model config and connection in configuration at the same time."
                )

    @classmethod
    def load(cls, source: str | PathLike[str], **kwargs: Any) -> Any:
        """The prompt in a file.

        Raises:
            UserErrorException: there is no such file, or it is no `.prompty` file.
        """
        path = Path(source)
        if not path.exists():
            raise UserErrorException(f"Source {path.absolute().as_posix()} does not exist")
        if path.suffix != ".prompty":
            raise UserErrorException("Source must be a file with .prompty extension.")
        return cls(path, **kwargs)

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def name(self) -> str:
        """The prompt's name."""
        return self._name

    @trace
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The model's answer: text, or the JSON object that the prompt asks for; an iterator where it is streamed.

        Raises:
            UserErrorException: positional arguments, a missing input, a model that does not answer.
        """
        asked = self._asked(args, kwargs)
        return self._answer(complete_now(*asked[0], **asked[1]))

    def render(self, *args: Any, **kwargs: Any) -> str:
        """The messages as text, without asking a model."""
        return str(self._said(args, kwargs))

    def estimate_token_count(self, *args: Any, **kwargs: Any) -> int:
        """About how many tokens prompt and answer take together: four characters are one.

        Raises:
            UserErrorException: `max_tokens` is no number above 1.
        """
        most = self._prompt.model.parameters.get("max_tokens")
        if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most <= 1):
            raise UserErrorException(f"max_tokens must be a whole number above 1, not {most!r}.")
        return len(json.dumps(self._said(args, kwargs), ensure_ascii=False)) // 4 + (most or 0)

    def _said(self, args: tuple[Any, ...], given: Mapping[str, Any]) -> Any:
        """The messages in OpenAI's words; of the completion API, the text."""
        from ferrata.messages import ChatRequest
        from ferrata.prompts import render_prompt
        from ferrata.providers import ChatCompletions, Dialect

        if args:
            raise UserErrorException("Prompty can only be called with keyword arguments.")
        try:
            messages = render_prompt(self._prompt, self._inputs(given))
        except FerrataError as error:
            raise UserErrorException(error.message, error=error) from error
        if self._api == "completion":
            return "\n".join(message.text for message in messages)
        said: list[Any] = ChatCompletions().body(ChatRequest(messages), "", Dialect(), stream=False)["messages"]
        parts = [part for message in said if isinstance(message["content"], list) for part in message["content"]]
        for part in parts:
            if "image_url" in part:
                part["image_url"].setdefault("detail", "auto")
        return said

    @property
    def _api(self) -> str:
        return str(self._model.get("api") or "chat")

    def _inputs(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The values of the prompt's inputs; those of its sample where none is given, and no others."""
        from ferrata.prompts import REQUIRED

        values: Mapping[str, Any] = given or self._prompt.sample
        known = self._prompt.inputs
        missing = [one.name for one in known if one.name not in values and one.default is REQUIRED and not one.optional]
        if missing:
            raise MissingRequiredInputError(f"Missing required inputs: {missing}")
        return {one.name: values[one.name] for one in known if one.name in values}

    def _asked(self, args: tuple[Any, ...], given: Mapping[str, Any]) -> tuple[tuple[Any, Any], dict[str, Any]]:
        connection, model = self._connection()
        parameters = {key: value for key, value in self._prompt.model.parameters.items() if value is not None}
        stream = str(parameters.pop("stream", False)).lower() == "true"
        if parameters.get("tools") and "tool_choice" not in parameters:
            parameters["tool_choice"] = "auto"
        return (connection, self._said(args, given)), {
            "model": model,
            "api": self._api,
            "parameters": parameters,
            "stream": stream,
            "exact": True,
            "whole": self._model.get("response") == "all" and not stream,
        }

    def _answer(self, found: Any) -> Any:
        if isinstance(found, dict):
            return _attributes(found) if "choices" in found else cast("dict[str, Any]", found)
        form: Any = self._prompt.model.parameters.get("response_format")
        if not isinstance(form, dict) or cast("dict[str, Any]", form).get("type") != "json_object":
            return found
        text = found if isinstance(found, str) else "".join(found)
        try:
            values: dict[str, Any] = json.loads(text)
        except ValueError as error:
            raise LLMError(message=f"OpenAI API hits exception: {type(error).__name__}: {error}") from error
        lacking = [key for key in self._outputs if key not in values]
        if lacking:
            raise InvalidOutputKeyError(f"Cannot find {lacking[0]} in response {list(values)}")
        return {key: values[key] for key in self._outputs} if self._outputs else values

    def _connection(self) -> tuple[Connection, str]:
        """How the model is reached, and its name."""
        configured = self._configuration
        if isinstance(configured, ModelConfiguration):
            kind = configured._type.value  # pyright: ignore[reportPrivateUsage]
            about = {field.name: getattr(configured, field.name) for field in fields(cast("Any", configured))}
        else:
            about = dict(cast("Mapping[str, Any]", configured))
            kind = str(about.pop("type", ""))
        values = {key: _from_environment(value) for key, value in about.items()}
        model = str(values.pop("azure_deployment", None) or values.pop("model", None) or self._prompt.model.name)
        values.pop("model", None)
        named = values.pop("connection", None)
        if isinstance(named, Connection):
            return named, model
        if named:
            return NamedConnections().get(str(named)), model
        values = {key: value for key, value in values.items() if value}
        if kind in ("AzureOpenAI", "azure_openai"):
            values["api_base"] = values.pop("azure_endpoint", None) or values.get("api_base")
            if not any(values.values()):
                return AzureOpenAIConnection.from_env(), model
            return AzureOpenAIConnection(**values), model
        if kind in ("OpenAI", "openai"):
            return (OpenAIConnection(**values) if values else OpenAIConnection.from_env()), model
        raise UnknownConnectionType(
            f"Not Support connection type {kind or None}. Connection type should be in [AzureOpenAI, OpenAI]."
        )


class AsyncPrompty(Prompty):
    """A prompt whose calls are awaited."""

    @trace
    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The model's answer, as `Prompty` gives it; what is streamed is an asynchronous iterator."""
        asked = self._asked(args, kwargs)
        found = await complete(*asked[0], **asked[1])
        if hasattr(found, "__aiter__"):
            if not isinstance(self._prompt.model.parameters.get("response_format"), dict):
                return found
            found = "".join([text async for text in found])
        return self._answer(found)


def _mapping(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """One mapping over another, down to the values."""
    found = dict(below)
    for key, value in above.items():
        before = found.get(key)
        both = isinstance(value, dict) and isinstance(before, dict)
        found[key] = _merged(cast("dict[str, Any]", before), cast("dict[str, Any]", value)) if both else value
    return found


def _from_environment(value: Any) -> Any:
    match = _ENVIRONMENT.fullmatch(value) if isinstance(value, str) else None
    return os.environ.get(match[1], value) if match else value


def _resolved(value: Any, folder: Path) -> Any:
    """The head of a file with what its references mean; that there are such files has been checked by then."""
    if isinstance(value, dict):
        return {key: _resolved(item, folder) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_resolved(item, folder) for item in cast("list[Any]", value)]
    match = _FILE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return _from_environment(value)
    path = folder / match[1]
    text = path.read_text(encoding="utf-8-sig")
    return load_yaml_string(text) if path.suffix.lower() in (".json", ".yaml", ".yml") else text


class _Answer(dict[str, Any]):
    """An answer whose keys are attributes too, as the package `openai` has it."""

    def __getattr__(self, key: str) -> Any:
        if key in self:
            return self[key]
        raise AttributeError(f"the answer has no {key!r}")


def _attributes(value: Any) -> Any:
    if isinstance(value, dict):
        return _Answer({key: _attributes(item) for key, item in cast("dict[str, Any]", value).items()})
    return [_attributes(item) for item in cast("list[Any]", value)] if isinstance(value, list) else value
