"""Anthropic's messages, the client's side.

Knows no vendor: Anthropic itself, and others that speak its wire format.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import ModelBadResponse, ModelRequestInvalid
from ferrata.messages import ChatChunk, ChatResponse, Finish, Image, Message, ToolCall, ToolCallDelta, Usage
from ferrata.providers.base import check_features
from ferrata.providers.failures import stream_error
from ferrata.providers.wires.access import bad, count_at, event_of, index_at, items_at, mapping_at, named, text_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ferrata.messages import ChatRequest, Tool
    from ferrata.providers.base import Dialect, Json

__all__ = ["AnthropicMessages"]

_REFUSES = frozenset(
    {"logprobs", "seed", "frequency_penalty", "presence_penalty", "json_object", "name", "image_detail"}
)
_FINISHES: dict[str, Finish] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
# The format wants a limit; without one of the request's own, the answer is not cut where others would not cut it.
_MAX_TOKENS = 4096


class AnthropicMessages:
    """The wire format `anthropic-messages`. It knows no log probabilities, seeds, penalties and names of speakers."""

    name = "anthropic-messages"
    path = "/messages"

    def body(self, request: ChatRequest, model: str, dialect: Dialect, *, stream: bool) -> Json:
        """The JSON of a request.

        Raises:
            ModelRequestInvalid: the wire format or the vendor has no word for something in the request.
        """
        check_features(request, _REFUSES | dialect.refuses, f"{dialect.vendor} (anthropic-messages)")
        system, rest = _system_and_rest(request.messages)
        body: Json = {"model": model, "max_tokens": request.max_tokens or _MAX_TOKENS, "messages": _turns(rest)}
        if system:
            body["system"] = "\n\n".join(message.text for message in system)
        for name in ("temperature", "top_p"):
            if (value := getattr(request, name)) is not None:
                body[name] = value
        if request.stop:
            body["stop_sequences"] = list(request.stop)
        if request.user is not None:
            body["metadata"] = {"user_id": request.user}
        if request.tools:
            body["tools"] = [_tool(tool) for tool in request.tools]
        if (choice := request.tool_choice) is not None:
            kinds = {"auto": {"type": "auto"}, "none": {"type": "none"}, "required": {"type": "any"}}
            body["tool_choice"] = kinds.get(choice, {"type": "tool", "name": choice})
        if config := _output_config(request):
            body["output_config"] = config
        if stream:
            body["stream"] = True
        body.update(request.extra)
        return body

    def response(self, payload: Mapping[str, Any]) -> ChatResponse:
        """The answer in the JSON of a response.

        Raises:
            ModelBadResponse: it has another shape.
        """
        if payload.get("type") != "message" or not isinstance(payload.get("content"), list):
            raise bad("no `content` of type message")
        blocks = items_at(payload, "content")
        calls = tuple(
            ToolCall(text_at(block, "id"), named(block), json.dumps(mapping_at(block, "input")))
            for block in blocks
            if block.get("type") == "tool_use"
        )
        said = "".join(text_at(block, "text") for block in blocks if block.get("type") == "text")
        return ChatResponse(
            id=text_at(payload, "id"),
            model=text_at(payload, "model"),
            message=Message("assistant", said, tool_calls=calls),
            finish=_FINISHES.get(text_at(payload, "stop_reason"), "stop"),
            usage=_usage(mapping_at(payload, "usage")),
        )

    def reader(self) -> _Reader:
        """A fresh reader, for one stream."""
        return _Reader()


class _Reader:
    def __init__(self) -> None:
        self._id = ""
        self._model = ""
        self._usage: Json = {}
        self._finish: Finish | None = None
        self._stopped = False
        # Number of a content block -> number of the tool call in it.
        self._calls: dict[int | None, int] = {}

    def read(self, event: str, data: str) -> Iterable[ChatChunk]:
        payload = event_of(data)
        kind = payload.get("type")
        if kind == "error" and (error := stream_error(payload)):
            raise error
        if kind == "message_start":
            message = mapping_at(payload, "message")
            self._id, self._model = text_at(message, "id"), text_at(message, "model")
            self._usage.update(mapping_at(message, "usage"))
        elif kind == "content_block_start":
            yield from self._begin(payload)
        elif kind == "content_block_delta":
            yield from self._delta(payload)
        elif kind == "message_delta":
            # What it counts are totals, and stand in the place of those before.
            self._usage.update({k: v for k, v in mapping_at(payload, "usage").items() if v is not None})
            if reason := text_at(mapping_at(payload, "delta"), "stop_reason"):
                self._finish = _FINISHES.get(reason, "stop")
        elif kind == "message_stop":
            self._stopped = True

    def end(self) -> Iterable[ChatChunk]:
        if self._finish is None or not self._stopped:
            raise ModelBadResponse("the stream ended in the middle of the answer", hint="try again")
        yield ChatChunk(finish=self._finish, usage=_usage(self._usage), id=self._id, model=self._model)

    def _begin(self, payload: Json) -> Iterable[ChatChunk]:
        block = mapping_at(payload, "content_block")
        if block.get("type") == "tool_use":
            number = self._calls[index_at(payload, "index")] = len(self._calls)
            delta = ToolCallDelta(number, text_at(block, "id"), text_at(block, "name"))
            yield ChatChunk(tool_calls=(delta,), id=self._id, model=self._model)
        elif said := text_at(block, "text"):
            yield ChatChunk(said, id=self._id, model=self._model)

    def _delta(self, payload: Json) -> Iterable[ChatChunk]:
        delta = mapping_at(payload, "delta")
        if delta.get("type") == "text_delta":
            yield ChatChunk(text_at(delta, "text"), id=self._id, model=self._model)
        elif delta.get("type") == "input_json_delta":
            number = self._calls.get(index_at(payload, "index"), 0)
            piece = ToolCallDelta(number, arguments=text_at(delta, "partial_json"))
            yield ChatChunk(tool_calls=(piece,), id=self._id, model=self._model)


def _usage(given: Json) -> Usage | None:
    """Anthropic counts what was read from a cache and written to one apart; our input holds both."""
    if not given:
        return None
    cached, written = count_at(given, "cache_read_input_tokens"), count_at(given, "cache_creation_input_tokens")
    details = mapping_at(given, "output_tokens_details")
    return Usage(
        input_tokens=count_at(given, "input_tokens") + cached + written,
        output_tokens=count_at(given, "output_tokens"),
        cached_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=count_at(details, "thinking_tokens"),
    )


def _system_and_rest(messages: Sequence[Message]) -> tuple[list[Message], list[Message]]:
    """The system messages at the beginning, and the rest.

    Raises:
        ModelRequestInvalid: a system message comes later, where the format has no place for it.
    """
    first = next((i for i, message in enumerate(messages) if message.role != "system"), len(messages))
    rest = list(messages[first:])
    if any(message.role == "system" for message in rest):
        raise ModelRequestInvalid(
            "anthropic-messages knows system messages at the beginning only", hint="move them to the beginning"
        )
    if not rest:
        raise ModelRequestInvalid("a request with nothing but system messages", hint="add a user's message")
    return list(messages[:first]), rest


def _turns(messages: list[Message]) -> list[Json]:
    """The messages, those of tools as blocks of a user's; neighbours of one role become one turn."""
    turns: list[Json] = []
    for message in messages:
        role = "assistant" if message.role == "assistant" else "user"
        blocks = list(_blocks(message))
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    return turns


def _blocks(message: Message) -> Iterable[Json]:
    if message.role == "tool":
        yield {"type": "tool_result", "tool_use_id": message.tool_call_id or "", "content": list(_parts(message))}
        return
    yield from _parts(message)
    for call in message.tool_calls:
        yield {"type": "tool_use", "id": call.id, "name": call.name, "input": _object(call.arguments)}


def _parts(message: Message) -> Iterable[Json]:
    parts = message.content
    if isinstance(parts, str):
        if parts:
            yield {"type": "text", "text": parts}
        return
    for part in parts:
        if isinstance(part, Image):
            yield {"type": "image", "source": _source(part.url)}
        else:
            yield {"type": "text", "text": part.text}


def _source(url: str) -> Json:
    if not url.startswith("data:"):
        return {"type": "url", "url": url}
    head, comma, data = url.partition(",")
    kind, semicolon, coding = head.removeprefix("data:").partition(";")
    if not (comma and semicolon and coding == "base64" and kind):
        raise ModelRequestInvalid("an image's data URL must be data:image/...;base64,...")
    return {"type": "base64", "media_type": kind, "data": data}


def _object(arguments: str) -> Json:
    try:
        found: object = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return cast("Json", found)
    raise ModelRequestInvalid(f"the arguments of a tool call are no JSON object: {arguments[:80]!r}")


def _tool(tool: Tool) -> Json:
    found: Json = {"name": tool.name, "input_schema": tool.parameters or {"type": "object", "properties": {}}}
    if tool.description:
        found["description"] = tool.description
    if tool.strict is not None:
        found["strict"] = tool.strict
    return found


def _output_config(request: ChatRequest) -> Json:
    config: Json = {}
    if request.reasoning_effort is not None:
        config["effort"] = request.reasoning_effort
    if request.output is not None:
        config["format"] = {"type": "json_schema", "schema": request.output.schema}
    return config
