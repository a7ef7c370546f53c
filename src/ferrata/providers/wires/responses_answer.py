"""OpenAI's responses, the server's side: answers, whole and as events in the order that the vendor keeps.

Knows output messages of one text each, and calls of functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.errors import ModelBadResponse
from ferrata.providers.wires.chat_server import write_logprobs
from ferrata.providers.wires.failing import openai_error
from ferrata.providers.wires.serving import Asked, Fresh, encode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ferrata.errors import FerrataError
    from ferrata.messages import ChatChunk, ChatResponse, Finish, TokenLogprob, ToolCallDelta, Usage
    from ferrata.providers.base import Json

__all__ = ["ResponsesWriter", "write_response"]

_CUT: dict[Finish, str] = {"length": "max_output_tokens", "content_filter": "content_filter"}
# The vendor's own codes of answers that failed; all others are its fault.
_CODES = {429: "rate_limit_exceeded", 400: "invalid_prompt"}


def write_response(response: ChatResponse, asked: Asked | None, fresh: Fresh) -> Json:
    """The JSON of a whole answer."""
    head = _head(response.id or _id("resp", fresh), response.model, fresh, asked)
    state = "incomplete" if response.finish in _CUT else "completed"
    items: list[Json] = []
    if response.text or not response.message.tool_calls:
        items.append(_message(_id("msg", fresh), state, [_text(response.text, response.logprobs or ())]))
    for call in response.message.tool_calls:
        item: Json = {"type": "function_call", "id": _id("fc", fresh), "call_id": call.id, "name": call.name}
        items.append({**item, "arguments": call.arguments, "status": "completed"})
    return _finished(head, items, response.finish, response.usage, fresh)


class ResponsesWriter:
    """The events of one stream: items one after the other, each begun, written, ended; the last event holds all of them."""

    def __init__(self, asked: Asked, fresh: Fresh) -> None:
        self._asked = asked
        self._fresh = fresh
        self._number = 0
        self._head: Json = {}
        self._items: list[Json] = []
        # What is being written: "text", the number of a call, or nothing; and its pieces.
        self._open: str | int | None = None
        self._pieces: list[str] = []
        self._logprobs: list[TokenLogprob] = []
        self._calls: set[int] = set()

    def write(self, chunk: ChatChunk) -> bytes:
        """The events for one piece.

        Raises:
            ModelBadResponse: pieces of several calls are mixed, which the format cannot say.
        """
        return b"".join(self._event(kind, payload) for kind, payload in self._events(chunk))

    def end(self) -> bytes:
        """Nothing: the event for the last piece is the last."""
        return b""

    def fail(self, error: FerrataError) -> bytes:
        """The event of failure, and the answer as one that failed."""
        said = openai_error(error)["error"]
        plain = {"code": said["code"], "message": said["message"], "param": said["param"]}
        # Where the format's description has it, and where the vendor's packages look for it.
        events = self._event("error", {**plain, "error": said})
        if not self._head:
            self._head = _head(_id("resp", self._fresh), "", self._fresh, self._asked)
        failed = {"code": _CODES.get(error.status, "server_error"), "message": said["message"]}
        whole = {**self._head, "status": "failed", "error": failed, "output": self._items}
        return events + self._event("response.failed", {"response": whole})

    def _event(self, kind: str, payload: Json) -> bytes:
        data = encode({"type": kind, "sequence_number": self._number, **payload})
        self._number += 1
        return b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n"

    def _events(self, chunk: ChatChunk) -> Iterable[tuple[str, Json]]:
        if not self._head:
            self._head = _head(chunk.id or _id("resp", self._fresh), chunk.model, self._fresh, self._asked)
            yield "response.created", {"response": self._head}
            yield "response.in_progress", {"response": self._head}
        if chunk.text:
            if self._open != "text":
                yield from self._begin_text()
            self._pieces.append(chunk.text)
            self._logprobs += chunk.logprobs
            place = {**self._place(), "content_index": 0}
            yield (
                "response.output_text.delta",
                {**place, "delta": chunk.text, "logprobs": write_logprobs(chunk.logprobs)},
            )
        for call in chunk.tool_calls:
            if self._open != call.index:
                yield from self._begin_call(call)
            if call.arguments:
                self._pieces.append(call.arguments)
                yield "response.function_call_arguments.delta", {**self._place(), "delta": call.arguments}
        if chunk.finish is not None:
            if not self._items:
                yield from self._begin_text()
            yield from self._leave("incomplete" if chunk.finish in _CUT else "completed")
            whole = _finished(self._head, self._items, chunk.finish, chunk.usage, self._fresh)
            yield f"response.{whole['status']}", {"response": whole}

    def _place(self) -> Json:
        return {"item_id": self._items[-1]["id"], "output_index": len(self._items) - 1}

    def _begin_text(self) -> Iterable[tuple[str, Json]]:
        yield from self._leave()
        self._open = "text"
        self._items.append(_message(_id("msg", self._fresh), "in_progress", []))
        yield "response.output_item.added", {"output_index": len(self._items) - 1, "item": self._items[-1]}
        yield "response.content_part.added", {**self._place(), "content_index": 0, "part": _text("", ())}

    def _begin_call(self, call: ToolCallDelta) -> Iterable[tuple[str, Json]]:
        if call.index in self._calls:
            raise ModelBadResponse("pieces of several tool calls are mixed", hint="ask for one call at a time")
        yield from self._leave()
        self._open = call.index
        self._calls.add(call.index)
        item: Json = {"type": "function_call", "id": _id("fc", self._fresh), "call_id": call.id, "name": call.name}
        self._items.append({**item, "arguments": "", "status": "in_progress"})
        yield "response.output_item.added", {"output_index": len(self._items) - 1, "item": self._items[-1]}

    def _leave(self, status: str = "completed") -> Iterable[tuple[str, Json]]:
        """The events that end what is being written."""
        if self._open is None:
            return
        whole, place = "".join(self._pieces), self._place()
        if self._open == "text":
            part = _text(whole, self._logprobs)
            place["content_index"] = 0
            yield "response.output_text.done", {**place, "text": whole, "logprobs": part["logprobs"]}
            yield "response.content_part.done", {**place, "part": part}
            done = _message(place["item_id"], status, [part])
        else:
            name = self._items[-1]["name"]
            yield "response.function_call_arguments.done", {**place, "name": name, "arguments": whole}
            done = {**self._items[-1], "arguments": whole, "status": status}
        self._items[-1] = done
        self._open = None
        self._pieces.clear()
        self._logprobs.clear()
        yield "response.output_item.done", {"output_index": place["output_index"], "item": done}


def _head(response_id: str, model: str, fresh: Fresh, asked: Asked | None) -> Json:
    """What an answer is before anything is said, with what was asked."""
    request = asked.request if asked else None
    choice = (request.tool_choice if request else None) or "auto"
    plain = choice in ("auto", "none", "required")
    shape = request.output if request else None
    return {
        "id": response_id,
        "object": "response",
        "created_at": int(fresh.now()),
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": request.max_tokens if request else None,
        "metadata": {},
        "model": model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": request.reasoning_effort if request else None, "summary": None},
        "store": False,
        "temperature": request.temperature if request else None,
        "text": {"format": _format(shape.schema, shape.name, strict=shape.strict) if shape else {"type": "text"}},
        "tool_choice": choice if plain else {"type": "function", "name": choice},
        "tools": [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description or None,
                "parameters": dict(tool.parameters),
                "strict": bool(tool.strict),
            }
            for tool in (request.tools if request else ())
        ],
        "top_p": request.top_p if request else None,
        "truncation": "disabled",
        "usage": None,
        "user": request.user if request else None,
    }


def _format(schema: object, name: str, *, strict: bool) -> Json:
    if schema is None:
        return {"type": "json_object"}
    return {"type": "json_schema", "name": name, "schema": schema, "strict": strict}


def _finished(head: Json, items: list[Json], finish: Finish, usage: Usage | None, fresh: Fresh) -> Json:
    reason = _CUT.get(finish)
    return {
        **head,
        "status": "incomplete" if reason else "completed",
        "completed_at": None if reason else int(fresh.now()),
        "incomplete_details": {"reason": reason} if reason else None,
        "output": items,
        "usage": _usage(usage) if usage else None,
    }


def _message(message_id: str, status: str, content: list[Json]) -> Json:
    return {"type": "message", "id": message_id, "role": "assistant", "status": status, "content": content}


def _text(text: str, logprobs: Iterable[TokenLogprob]) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": write_logprobs(list(logprobs))}


def _usage(usage: Usage) -> Json:
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }


def _id(kind: str, fresh: Fresh) -> str:
    return f"{kind}_{fresh.new_id()}"
