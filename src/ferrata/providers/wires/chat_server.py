"""OpenAI's chat/completions, the server's side. Knows texts, images and functions; what else the format has is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrata.messages import ChatRequest, Image, Message, OutputSchema, Text, Tool, ToolCall
from ferrata.providers.wires.failing import openai_error
from ferrata.providers.wires.serving import Asked, Fresh, encode, invalid, listed, optional, required, text_list

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.errors import FerrataError
    from ferrata.messages import ChatChunk, ChatResponse, Part, Role, TokenLogprob, Usage
    from ferrata.providers.base import Json

__all__ = ["ChatCompletionsServer", "write_logprobs"]

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}
_FRESH = Fresh()
_NUMBERS = ("temperature", "top_p", "frequency_penalty", "presence_penalty")
_KNOWN = {
    *("model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "stop", "seed", "n"),
    *("logprobs", "top_logprobs", "tools", "tool_choice", "response_format", "reasoning_effort", "user", *_NUMBERS),
}


class ChatCompletionsServer:
    """The wire format `openai-chat`, seen from the server."""

    path = "/chat/completions"

    def __init__(self, fresh: Fresh = _FRESH) -> None:
        self._fresh = fresh

    def asked(self, body: Mapping[str, Any]) -> Asked:
        """What the JSON of a request asks for.

        Raises:
            ModelRequestInvalid: it has another shape; says where.
        """
        if body.get("n") not in (None, 1):
            raise invalid("n", "more than one answer to a request is not given", "ask several times")
        for name, now in (("functions", "tools"), ("function_call", "tool_choice")):
            if body.get(name) is not None:
                raise invalid(name, "is no longer known", f"write it as `{now}`")
        messages = required(body.get("messages"), list, "messages")
        if not messages:
            raise invalid("messages", "is empty")
        limit = optional(body.get("max_completion_tokens"), int, "max_completion_tokens")
        stop = body.get("stop")
        logprobs = optional(body.get("logprobs"), bool, "logprobs")
        request = ChatRequest(
            messages=tuple(_message(m, f"messages[{i}]") for i, m in enumerate(messages)),
            tools=tuple(_tool(t, f"tools[{i}]") for i, t in enumerate(listed(body.get("tools"), "tools"))),
            tool_choice=_choice(body.get("tool_choice")),
            output=_output(optional(body.get("response_format"), dict, "response_format")),
            max_tokens=limit if limit is not None else optional(body.get("max_tokens"), int, "max_tokens"),
            stop=(stop,) if isinstance(stop, str) else text_list(stop, "stop"),
            seed=optional(body.get("seed"), int, "seed"),
            top_logprobs=(optional(body.get("top_logprobs"), int, "top_logprobs") or 0) if logprobs else None,
            reasoning_effort=optional(body.get("reasoning_effort"), str, "reasoning_effort"),
            user=optional(body.get("user"), str, "user"),
            extra={name: value for name, value in body.items() if name not in _KNOWN},
            **{name: optional(body.get(name), float, name) for name in _NUMBERS},
        )
        options: Json = optional(body.get("stream_options"), dict, "stream_options") or {}
        model = required(body.get("model"), str, "model")
        return Asked(request, model, bool(body.get("stream")), usage=bool(options.get("include_usage")))

    def response(self, response: ChatResponse, asked: Asked | None = None) -> Json:
        """The JSON of an answer."""
        message: Json = {"role": "assistant", "content": response.text or None, "refusal": None, "annotations": []}
        if response.message.tool_calls:
            message["tool_calls"] = [_call(call) for call in response.message.tool_calls]
        choice: Json = {"index": 0, "message": message, "finish_reason": response.finish, "logprobs": None}
        if response.logprobs is not None:
            choice["logprobs"] = {"content": write_logprobs(response.logprobs), "refusal": None}
        found: Json = {
            "id": response.id or _new_id(self._fresh),
            "object": "chat.completion",
            "created": int(self._fresh.now()),
            "model": response.model,
            "choices": [choice],
            "system_fingerprint": None,
        }
        if response.usage is not None:
            found["usage"] = write_usage(response.usage)
        return found

    def writer(self, asked: Asked) -> _Writer:
        """A fresh writer, for one stream."""
        return _Writer(self._fresh, usage=asked.usage)

    def error(self, error: FerrataError, request_id: str = "") -> Json:
        """The JSON of a failure."""
        return openai_error(error, request_id)


class _Writer:
    """What all pieces have in common, the first one says; a piece of text alone is put between it."""

    def __init__(self, fresh: Fresh, *, usage: bool) -> None:
        self._fresh = fresh
        self._wants_usage = usage
        self._head: Json = {}
        self._before = self._after = b""

    def write(self, chunk: ChatChunk) -> bytes:
        first = not self._head
        if first:
            self._begin(chunk)
        elif not (chunk.tool_calls or chunk.finish or chunk.logprobs):
            return self._before + encode(chunk.text) + self._after if chunk.text else b""
        delta: Json = {"role": "assistant", "content": "", "refusal": None} if first else {}
        if chunk.text:
            delta["content"] = chunk.text
        if chunk.tool_calls:
            delta["tool_calls"] = [
                {
                    "index": call.index,
                    **({"id": call.id, "type": "function"} if call.id else {}),
                    "function": {**({"name": call.name} if call.name else {}), "arguments": call.arguments},
                }
                for call in chunk.tool_calls
            ]
        choice: Json = {"index": 0, "delta": delta, "finish_reason": chunk.finish, "logprobs": None}
        if chunk.logprobs:
            choice["logprobs"] = {"content": write_logprobs(chunk.logprobs), "refusal": None}
        events = _event({**self._head, "choices": [choice], **({"usage": None} if self._wants_usage else {})})
        if chunk.finish and chunk.usage is not None and self._wants_usage:
            events += _event({**self._head, "choices": [], "usage": write_usage(chunk.usage)})
        return events

    def end(self) -> bytes:
        return b"data: [DONE]\n\n"

    def fail(self, error: FerrataError) -> bytes:
        return _event(openai_error(error))

    def _begin(self, chunk: ChatChunk) -> None:
        self._head = {
            "id": chunk.id or _new_id(self._fresh),
            "object": "chat.completion.chunk",
            "created": int(self._fresh.now()),
            "model": chunk.model,
            "system_fingerprint": None,
        }
        self._before = b"data: " + encode(self._head)[:-1] + b',"choices":[{"index":0,"delta":{"content":'
        self._after = b'},"finish_reason":null,"logprobs":null}]' + (b',"usage":null' * self._wants_usage) + b"}\n\n"


def _event(payload: Json) -> bytes:
    return b"data: " + encode(payload) + b"\n\n"


def _new_id(fresh: Fresh) -> str:
    return f"chatcmpl-{fresh.new_id()}"


def write_usage(usage: Usage) -> Json:
    """Tokens as chat/completions counts them."""
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def write_logprobs(tokens: Sequence[TokenLogprob]) -> list[Json]:
    """Log probabilities of tokens, as OpenAI's wires write them."""
    return [
        {
            "token": token.token,
            "logprob": token.logprob,
            "bytes": list(token.token.encode()),
            "top_logprobs": [{"token": t, "logprob": p, "bytes": list(t.encode())} for t, p in token.top],
        }
        for token in tokens
    ]


def _message(given: object, where: str) -> Message:
    found = required(given, dict, where)
    role = _ROLES.get(required(found.get("role"), str, f"{where}.role"))
    if role is None:
        raise invalid(f"{where}.role", f"must be one of {', '.join(_ROLES)}")
    if found.get("function_call") is not None:
        raise invalid(f"{where}.function_call", "is no longer known", "write it as `tool_calls`")
    calls = listed(found.get("tool_calls"), f"{where}.tool_calls")
    return Message(
        role,
        _content(found.get("content"), f"{where}.content"),
        name=optional(found.get("name"), str, f"{where}.name"),
        tool_calls=tuple(_tool_call(call, f"{where}.tool_calls[{i}]") for i, call in enumerate(calls)),
        tool_call_id=optional(found.get("tool_call_id"), str, f"{where}.tool_call_id"),
    )


def _content(given: object, where: str) -> str | tuple[Part, ...]:
    if given is None or isinstance(given, str):
        return given or ""
    return tuple(_part(part, f"{where}[{i}]") for i, part in enumerate(required(given, list, where)))


def _part(given: object, where: str) -> Part:
    found = required(given, dict, where)
    kind = found.get("type")
    if kind == "text":
        return Text(required(found.get("text"), str, f"{where}.text"))
    if kind == "image_url":
        image = required(found.get("image_url"), dict, f"{where}.image_url")
        url = required(image.get("url"), str, f"{where}.image_url.url")
        return Image(url, optional(image.get("detail"), str, f"{where}.image_url.detail"))
    if kind == "refusal":
        return Text(required(found.get("refusal"), str, f"{where}.refusal"))
    if kind in ("input_audio", "file"):
        raise invalid(
            f"{where}.type", f"{kind} is not known here: texts and images are", "send the words of it as text"
        )
    raise invalid(f"{where}.type", "must be text or image_url")


def _tool_call(given: object, where: str) -> ToolCall:
    found = required(given, dict, where)
    function = required(found.get("function"), dict, f"{where}.function")
    name = required(function.get("name"), str, f"{where}.function.name")
    arguments = required(function.get("arguments"), str, f"{where}.function.arguments")
    return ToolCall(required(found.get("id"), str, f"{where}.id"), name, arguments)


def _tool(given: object, where: str) -> Tool:
    found = required(given, dict, where)
    if found.get("type", "function") != "function":
        raise invalid(f"{where}.type", "must be function", "declare the tool as a function with `parameters`")
    function = required(found.get("function"), dict, f"{where}.function")
    return Tool(
        required(function.get("name"), str, f"{where}.function.name"),
        optional(function.get("description"), str, f"{where}.function.description") or "",
        optional(function.get("parameters"), dict, f"{where}.function.parameters") or {},
        optional(function.get("strict"), bool, f"{where}.function.strict"),
    )


def _choice(given: object) -> str | None:
    if given is None or given in ("auto", "none", "required"):
        return given  # pyright: ignore[reportReturnType]
    if isinstance(given, str):
        raise invalid("tool_choice", "must be auto, none, required or a function")
    function = required(required(given, dict, "tool_choice").get("function"), dict, "tool_choice.function")
    return required(function.get("name"), str, "tool_choice.function.name")


def _output(given: Mapping[str, Any] | None) -> OutputSchema | None:
    kind = (given or {}).get("type", "text")
    if given is None or kind == "text":
        return None
    if kind == "json_object":
        return OutputSchema()
    if kind != "json_schema":
        raise invalid("response_format.type", "must be text, json_object or json_schema")
    found = required(given.get("json_schema"), dict, "response_format.json_schema")
    schema = required(found.get("schema"), dict, "response_format.json_schema.schema")
    name = required(found.get("name"), str, "response_format.json_schema.name")
    return OutputSchema(schema, name, strict=bool(found.get("strict")))


def _call(call: ToolCall) -> Json:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
