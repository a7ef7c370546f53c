"""Anthropic's messages, the server's side: answers, whole and as events.

Does not know which of the texts that end an answer ended it (`stop_sequence` is always null), nor, where a stream begins, how
many tokens were read: the counts stand at its end.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from ferrata.errors import ModelBadResponse
from ferrata.providers.wires.failing import anthropic_error
from ferrata.providers.wires.serving import encode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ferrata.errors import FerrataError
    from ferrata.messages import ChatChunk, ChatResponse, Finish, ToolCallDelta, Usage
    from ferrata.providers.base import Json
    from ferrata.providers.wires.serving import Fresh

__all__ = ["AnthropicWriter", "write_message"]

_REASONS: dict[Finish, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}


def write_message(response: ChatResponse, fresh: Fresh) -> Json:
    """The JSON of a whole answer.

    Raises:
        ModelBadResponse: the model called a tool with arguments that are no JSON object.
    """
    content: list[Json] = [_text(response.text)] if response.text else []
    for call in response.message.tool_calls:
        content.append({**_call(call.id, call.name, fresh), "input": _object(call.arguments)})
    message = _head(response.id, response.model, fresh)
    return {**message, "content": content, **_end(response.finish), "usage": _usage(response.usage)}


class AnthropicWriter:
    """The events of one stream: content blocks one after the other, text, then each tool call."""

    def __init__(self, fresh: Fresh) -> None:
        self._fresh = fresh
        self._block = -1
        self._open: str | int | None = None
        self._calls: set[int] = set()
        self._begun = False
        self._before = b""

    def write(self, chunk: ChatChunk) -> bytes:
        """The events for one piece.

        Raises:
            ModelBadResponse: pieces of several calls are mixed, which the format cannot say.
        """
        if self._open == "text" and not (chunk.tool_calls or chunk.finish):
            return self._before + encode(chunk.text) + b"}}\n\n" if chunk.text else b""
        return b"".join(_event(kind, payload) for kind, payload in self._events(chunk))

    def end(self) -> bytes:
        """The event after the last piece."""
        return b'event: message_stop\ndata: {"type":"message_stop"}\n\n'

    def fail(self, error: FerrataError) -> bytes:
        """The event of failure, which is the last."""
        return _event("error", anthropic_error(error))

    def _events(self, chunk: ChatChunk) -> Iterable[tuple[str, Json]]:
        if not self._begun:
            self._begun = True
            message = {**_head(chunk.id, chunk.model, self._fresh), "usage": _usage(chunk.usage)}
            yield "message_start", {"message": message}
        if chunk.text:
            if self._open != "text":
                yield from self._enter("text", _text(""))
                place = f'"type":"content_block_delta","index":{self._block}'
                self._before = (
                    f'event: content_block_delta\ndata: {{{place},"delta":{{"type":"text_delta","text":'.encode()
                )
            yield "content_block_delta", {"index": self._block, "delta": {"type": "text_delta", "text": chunk.text}}
        for call in chunk.tool_calls:
            if self._open != call.index:
                yield from self._enter_call(call)
            if call.arguments:
                delta = {"type": "input_json_delta", "partial_json": call.arguments}
                yield "content_block_delta", {"index": self._block, "delta": delta}
        if chunk.finish is not None:
            yield from self._leave()
            yield "message_delta", {"delta": _end(chunk.finish), "usage": _usage(chunk.usage)}

    def _enter_call(self, call: ToolCallDelta) -> Iterable[tuple[str, Json]]:
        if call.index in self._calls:
            raise ModelBadResponse("pieces of several tool calls are mixed", hint="ask for one call at a time")
        self._calls.add(call.index)
        return self._enter(call.index, {**_call(call.id, call.name, self._fresh), "input": {}})

    def _enter(self, what: str | int, block: Json) -> Iterable[tuple[str, Json]]:
        yield from self._leave()
        self._block += 1
        self._open = what
        yield "content_block_start", {"index": self._block, "content_block": block}

    def _leave(self) -> Iterable[tuple[str, Json]]:
        if self._open is not None:
            self._open = None
            yield "content_block_stop", {"index": self._block}


def _event(kind: str, payload: Json) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + encode({"type": kind, **payload}) + b"\n\n"


def _head(message_id: str, model: str, fresh: Fresh) -> Json:
    return {
        "id": message_id or f"msg_{fresh.new_id()}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
    }


def _end(finish: Finish) -> Json:
    refused = {"type": "refusal", "category": None, "explanation": None} if finish == "content_filter" else None
    return {"stop_reason": _REASONS[finish], "stop_sequence": None, "stop_details": refused}


def _text(text: str) -> Json:
    return {"type": "text", "text": text, "citations": None}


def _call(call_id: str, name: str, fresh: Fresh) -> Json:
    return {"type": "tool_use", "id": call_id or f"toolu_{fresh.new_id()}", "name": name}


def _usage(usage: Usage | None) -> Json:
    if usage is None:
        return {"input_tokens": 0, "output_tokens": 0}
    return {
        "input_tokens": usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens},
    }


def _object(arguments: str) -> Json:
    try:
        found: object = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return cast("Json", found)
    raise ModelBadResponse("the model called a tool with arguments that are no JSON object", hint="try again")
