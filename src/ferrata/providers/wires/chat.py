"""OpenAI's chat/completions, the client's side. Most vendors speak it.

Knows no vendor: where they differ, `Dialect` says so.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import ModelBadResponse
from ferrata.messages import (
    ChatChunk,
    ChatResponse,
    Finish,
    Image,
    Message,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from ferrata.providers.base import check_features
from ferrata.providers.failures import stream_error
from ferrata.providers.wires.access import (
    bad,
    count_at,
    event_of,
    index_at,
    items_at,
    mapping,
    mapping_at,
    named,
    number_at,
    said_at,
    text_at,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ferrata.messages import ChatRequest
    from ferrata.providers.base import Dialect, Json

__all__ = ["ChatCompletions"]

_PLAIN = ("temperature", "top_p", "frequency_penalty", "presence_penalty", "reasoning_effort", "user")
_FINISHES: dict[str, Finish] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    # Words of vendors that speak this wire with an accent.
    "eos": "stop",
    "end_turn": "stop",
    "model_length": "length",
    "max_tokens": "length",
}


class ChatCompletions:
    """The wire format `openai-chat`."""

    name = "openai-chat"
    path = "/chat/completions"

    def body(self, request: ChatRequest, model: str, dialect: Dialect, *, stream: bool) -> Json:
        """The JSON of a request.

        Raises:
            ModelRequestInvalid: the vendor has no word for something in the request.
        """
        check_features(request, dialect.refuses, dialect.vendor)
        body: Json = {"model": model, "messages": [_message(m, dialect) for m in request.messages]}
        for name in _PLAIN:
            if (value := getattr(request, name)) is not None:
                body[name] = value
        if request.seed is not None:
            body[dialect.seed] = request.seed
        if request.max_tokens is not None:
            body[dialect.max_tokens] = request.max_tokens
        if request.stop:
            body["stop"] = list(request.stop)
        if request.top_logprobs is not None:
            body["logprobs"] = True
            body["top_logprobs"] = request.top_logprobs
        if request.tools:
            body["tools"] = [_tool(tool) for tool in request.tools]
        if (choice := request.tool_choice) is not None:
            plain = choice in ("auto", "none", "required")
            body["tool_choice"] = choice if plain else {"type": "function", "function": {"name": choice}}
        if request.output is not None:
            body["response_format"] = _format(request.output)
        if stream:
            body["stream"] = True
            if dialect.stream_usage:
                body["stream_options"] = {"include_usage": True}
        body.update(request.extra)
        return body

    def response(self, payload: Mapping[str, Any]) -> ChatResponse:
        """The answer in the JSON of a response.

        Raises:
            ModelBadResponse: it has another shape.
        """
        choices = items_at(payload, "choices")
        if not choices:
            raise bad("no `choices`")
        choice = choices[0]
        said = mapping_at(choice, "message")
        if not said:
            raise bad("a choice without a `message`")
        calls: tuple[ToolCall, ...] = ()
        if said.get("tool_calls") or said.get("function_call"):
            calls = tuple(_call(call) for call in items_at(said, "tool_calls")) or _older_call(said)
        content = said_at(said, "content") or text_at(said, "refusal")
        logprobs = mapping_at(choice, "logprobs")
        finish = (
            "content_filter" if said.get("refusal") else _finish(text_at(choice, "finish_reason"), calls=bool(calls))
        )
        return ChatResponse(
            id=text_at(payload, "id"),
            model=text_at(payload, "model"),
            message=Message("assistant", content, tool_calls=calls),
            finish=finish,
            usage=read_usage(mapping_at(payload, "usage")),
            logprobs=read_logprobs(logprobs, "content") if logprobs else None,
        )

    def reader(self) -> _Reader:
        """A fresh reader, for one stream."""
        return _Reader()


class _Reader:
    """Holds the end back until the usage is there, which comes in an event of its own."""

    def __init__(self) -> None:
        self._finish: Finish | None = None
        self._usage: Usage | None = None
        self._calls = False
        self._refused = False
        self._id = ""
        self._model = ""

    def read(self, event: str, data: str) -> Iterable[ChatChunk]:
        if not data or data == "[DONE]":
            return ()
        payload = event_of(data)
        said = _only_said(payload)
        if said and self._model:
            return (ChatChunk(said, id=self._id, model=self._model),)
        return self._whole(payload)

    def _whole(self, payload: Json) -> Iterable[ChatChunk]:
        """What an event says, whatever that is."""
        if error := stream_error(payload):
            raise error
        self._id = text_at(payload, "id") or self._id
        self._model = text_at(payload, "model") or self._model
        # Some vendors count in every event; the last count is the whole.
        self._usage = read_usage(mapping_at(payload, "usage")) or self._usage
        for choice in items_at(payload, "choices")[:1]:
            delta = mapping_at(choice, "delta")
            calls = tuple(_delta(call, at) for at, call in enumerate(items_at(delta, "tool_calls")))
            self._calls = self._calls or bool(calls)
            self._refused = self._refused or bool(delta.get("refusal"))
            said = said_at(delta, "content") or text_at(delta, "refusal")
            logprobs = read_logprobs(mapping_at(choice, "logprobs"), "content")
            if reason := text_at(choice, "finish_reason"):
                self._finish = _finish(reason, calls=self._calls)
            if said or calls or logprobs:
                yield ChatChunk(said, calls, logprobs=logprobs, id=self._id, model=self._model)

    def end(self) -> Iterable[ChatChunk]:
        if self._finish is None:
            raise ModelBadResponse("the stream ended in the middle of the answer", hint="try again")
        finish: Finish = "content_filter" if self._refused else self._finish
        yield ChatChunk(finish=finish, usage=self._usage, id=self._id, model=self._model)


def _only_said(payload: Json) -> str:
    """The text of an event that says nothing else, as nearly all of a stream's do; empty for any other."""
    choices = payload.get("choices")
    if not isinstance(choices, list) or payload.get("usage") or "error" in payload:
        return ""
    listed = cast("list[object]", choices)
    choice = mapping(listed[0]) if len(listed) == 1 else {}
    delta = mapping(choice.get("delta"))
    said = delta.get("content")
    if not isinstance(said, str) or choice.get("finish_reason") or choice.get("logprobs"):
        return ""
    return "" if delta.get("tool_calls") or delta.get("refusal") else said


def read_usage(found: Json) -> Usage | None:
    """Tokens as chat/completions counts them; None where the vendor gave none.

    Raises:
        ModelBadResponse: a count is none.
    """
    if not found:
        return None
    read = mapping_at(found, "prompt_tokens_details")
    made = mapping_at(found, "completion_tokens_details")
    sent, written = count_at(found, "prompt_tokens"), count_at(found, "completion_tokens")
    # Counts that are missing or 0 are not looked at further: this is on the way of every answer.
    thought = count_at(made, "reasoning_tokens") if made.get("reasoning_tokens") else 0
    # Some vendors (xAI, Google) count reasoning beside the completion, which only the total shows.
    beside = count_at(found, "total_tokens") - sent - written
    if beside > 0 and thought in (0, beside):
        written, thought = written + beside, beside
    return Usage(
        input_tokens=sent,
        output_tokens=written,
        # DeepSeek's own name for what its cache held.
        cached_tokens=count_at(read, "cached_tokens")
        if read.get("cached_tokens")
        else count_at(found, "prompt_cache_hit_tokens"),
        cache_write_tokens=count_at(read, "cache_write_tokens") if read.get("cache_write_tokens") else 0,
        reasoning_tokens=thought,
    )


def read_logprobs(found: Json, key: str) -> tuple[TokenLogprob, ...]:
    """Log probabilities of tokens at a key, as OpenAI's wires write them.

    Raises:
        ModelBadResponse: what stands there are none.
    """
    return tuple(
        TokenLogprob(
            text_at(token, "token"),
            number_at(token, "logprob"),
            tuple((text_at(top, "token"), number_at(top, "logprob")) for top in items_at(token, "top_logprobs")),
        )
        for token in items_at(found, key)
    )


def _message(message: Message, dialect: Dialect) -> Json:
    role = dialect.system_role if message.role == "system" else message.role
    found: Json = {"role": role, "content": _content(message)}
    if message.name is not None:
        found["name"] = message.name
    if message.tool_call_id is not None:
        found["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        found["content"] = found["content"] or None
        found["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}}
            for c in message.tool_calls
        ]
    return found


def _content(message: Message) -> str | list[Json]:
    if isinstance(message.content, str):
        return message.content
    parts: list[Json] = []
    for part in message.content:
        if isinstance(part, Image):
            image = {"url": part.url} if part.detail is None else {"url": part.url, "detail": part.detail}
            parts.append({"type": "image_url", "image_url": image})
        else:
            parts.append({"type": "text", "text": part.text})
    return parts


def _tool(tool: Any) -> Json:
    function: Json = {"name": tool.name, "parameters": tool.parameters or {"type": "object", "properties": {}}}
    if tool.description:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _format(output: Any) -> Json:
    if output.schema is None:
        return {"type": "json_object"}
    schema = {"name": output.name, "schema": output.schema, "strict": output.strict}
    return {"type": "json_schema", "json_schema": schema}


def _call(call: Json) -> ToolCall:
    function = mapping_at(call, "function")
    return ToolCall(text_at(call, "id"), named(function), _arguments(function))


def _older_call(said: Json) -> tuple[ToolCall, ...]:
    """The call of the older `functions`, which has no id."""
    function = mapping_at(said, "function_call")
    return (ToolCall("", named(function), _arguments(function)),) if function else ()


def _delta(call: Json, at: int) -> ToolCallDelta:
    function = mapping_at(call, "function")
    index = index_at(call, "index")
    return ToolCallDelta(
        at if index is None else index,
        text_at(call, "id"),
        text_at(function, "name"),
        _arguments(function),
    )


def _arguments(function: Json) -> str:
    """Arguments are a text; some vendors send the object itself."""
    given: object = function.get("arguments")
    return json.dumps(given) if isinstance(given, dict) else text_at(function, "arguments")


def _finish(reason: str, *, calls: bool) -> Finish:
    found = _FINISHES.get(reason.lower(), "stop")
    # Some vendors end with `stop` where tools are called.
    return "tool_calls" if calls and found == "stop" else found
