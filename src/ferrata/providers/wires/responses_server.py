"""OpenAI's responses, the server's side. Knows conversations that the request carries whole, and functions as tools."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ferrata.messages import ChatRequest, ChatResponse, Image, Message, OutputSchema, Text, Tool, ToolCall
from ferrata.providers.assembly import Assembly
from ferrata.providers.sse import write_event
from ferrata.providers.wires.chat_server import openai_error, write_logprobs
from ferrata.providers.wires.serving import Asked, invalid, listed, optional, required

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ferrata.errors import FerrataError
    from ferrata.messages import ChatChunk, Part, Role, Usage
    from ferrata.providers.base import Json

__all__ = ["ResponsesServer"]

_ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_KNOWN = {
    *("model", "input", "instructions", "store", "stream", "temperature", "top_p", "user", "max_output_tokens"),
    *("include", "top_logprobs", "tools", "tool_choice", "text", "reasoning"),
}


class ResponsesServer:
    """The wire format `openai-responses`, seen from the server."""

    path = "/responses"

    def asked(self, body: Mapping[str, Any]) -> Asked:
        """What the JSON of a request asks for.

        Raises:
            ModelRequestInvalid: it has another shape; says where.
        """
        if body.get("previous_response_id") or body.get("conversation"):
            raise invalid("previous_response_id", "conversations are not stored: send all of it")
        given = body.get("input")
        if isinstance(given, str):
            messages = [Message("user", given)]
        else:
            messages = [_message(m, f"input[{i}]") for i, m in enumerate(required(given, list, "input"))]
        if instructions := optional(body.get("instructions"), str, "instructions"):
            messages.insert(0, Message("system", instructions))
        if not messages:
            raise invalid("input", "is empty")
        reasoning: Json = optional(body.get("reasoning"), dict, "reasoning") or {}
        shape: Json = optional(body.get("text"), dict, "text") or {}
        wants_logprobs = "message.output_text.logprobs" in listed(body.get("include"), "include")
        top = optional(body.get("top_logprobs"), int, "top_logprobs")
        request = ChatRequest(
            messages=tuple(messages),
            tools=tuple(_tool(tool, f"tools[{i}]") for i, tool in enumerate(listed(body.get("tools"), "tools"))),
            tool_choice=_choice(body.get("tool_choice")),
            output=_output(optional(shape.get("format"), dict, "text.format")),
            max_tokens=optional(body.get("max_output_tokens"), int, "max_output_tokens"),
            temperature=optional(body.get("temperature"), float, "temperature"),
            top_p=optional(body.get("top_p"), float, "top_p"),
            top_logprobs=(top or 0) if wants_logprobs else None,
            reasoning_effort=optional(reasoning.get("effort"), str, "reasoning.effort"),
            user=optional(body.get("user"), str, "user"),
            extra={name: value for name, value in body.items() if name not in _KNOWN},
        )
        return Asked(request, required(body.get("model"), str, "model"), bool(body.get("stream")))

    def response(self, response: ChatResponse) -> Json:
        """The JSON of an answer."""
        cut = response.finish in ("length", "content_filter")
        reason = "max_output_tokens" if response.finish == "length" else "content_filter"
        return {
            **_head(response.id, response.model, "incomplete" if cut else "completed"),
            "incomplete_details": {"reason": reason} if cut else None,
            "output": list(_output_items(response)),
            "usage": _usage(response.usage) if response.usage else None,
        }

    def writer(self, asked: Asked) -> _Writer:
        """A fresh writer, for one stream."""
        return _Writer(self)

    def error(self, error: FerrataError) -> Json:
        """The JSON of a failure."""
        return openai_error(error)


class _Writer:
    """Output items one after the other: the message, then each call; the last event holds the whole answer."""

    def __init__(self, wire: ResponsesServer) -> None:
        self._wire = wire
        self._whole = Assembly()
        self._number = 0
        self._item = -1
        self._open: object = None

    def write(self, chunk: ChatChunk) -> bytes:
        return b"".join(self._event(kind, payload) for kind, payload in self._events(chunk))

    def end(self) -> bytes:
        return b""

    def _event(self, kind: str, payload: Json) -> bytes:
        self._number += 1
        return write_event(json.dumps({"type": kind, "sequence_number": self._number, **payload}), kind)

    def _events(self, chunk: ChatChunk) -> Iterable[tuple[str, Json]]:
        if self._number == 0:
            yield "response.created", {"response": _head(chunk.id, chunk.model, "in_progress")}
        self._whole.add(chunk)
        if chunk.text:
            if self._open != "text":
                self._open, self._item = "text", self._item + 1
                item: Json = {"type": "message", "id": "msg_1", "role": "assistant", "status": "in_progress"}
                item["content"] = []
                yield "response.output_item.added", {"output_index": self._item, "item": item}
                part: Json = {"type": "output_text", "text": "", "annotations": []}
                place = {"item_id": "msg_1", "output_index": self._item, "content_index": 0}
                yield "response.content_part.added", {**place, "part": part}
            place = {"item_id": "msg_1", "output_index": self._item, "content_index": 0}
            logprobs = write_logprobs(chunk.logprobs)
            yield "response.output_text.delta", {**place, "delta": chunk.text, "logprobs": logprobs}
        for call in chunk.tool_calls:
            if self._open != call.index:
                self._open, self._item = call.index, self._item + 1
                item = {"type": "function_call", "id": f"fc_{call.index}", "call_id": call.id, "name": call.name}
                item |= {"arguments": "", "status": "in_progress"}
                yield "response.output_item.added", {"output_index": self._item, "item": item}
            place = {"item_id": f"fc_{call.index}", "output_index": self._item}
            yield "response.function_call_arguments.delta", {**place, "delta": call.arguments}
        if chunk.finish is not None:
            whole = self._wire.response(self._whole.response())
            kind = "response.completed" if whole["status"] == "completed" else "response.incomplete"
            yield kind, {"response": whole}


def _head(response_id: str, model: str, status: str) -> Json:
    found: Json = {"id": response_id, "object": "response", "created_at": 0, "model": model, "status": status}
    return {**found, "error": None, "output": [], "parallel_tool_calls": True, "tool_choice": "auto", "tools": []}


def _output_items(response: ChatResponse) -> Iterable[Json]:
    if response.text or not response.message.tool_calls:
        part: Json = {"type": "output_text", "text": response.text, "annotations": []}
        if response.logprobs is not None:
            part["logprobs"] = write_logprobs(response.logprobs)
        yield {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
    for i, call in enumerate(response.message.tool_calls):
        item: Json = {"type": "function_call", "id": f"fc_{i}", "call_id": call.id, "name": call.name}
        yield {**item, "arguments": call.arguments, "status": "completed"}


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


def _message(given: object, where: str) -> Message:
    found = required(given, dict, where)
    kind = found.get("type", "message")
    if kind == "function_call":
        name, call_id = (required(found.get(key), str, f"{where}.{key}") for key in ("name", "call_id"))
        arguments = required(found.get("arguments"), str, f"{where}.arguments")
        return Message("assistant", tool_calls=(ToolCall(call_id, name, arguments),))
    if kind == "function_call_output":
        call_id = required(found.get("call_id"), str, f"{where}.call_id")
        return Message("tool", _content(found.get("output"), f"{where}.output"), tool_call_id=call_id)
    if kind != "message":
        raise invalid(f"{where}.type", "must be message, function_call or function_call_output")
    role = _ROLES.get(required(found.get("role"), str, f"{where}.role"))
    if role is None:
        raise invalid(f"{where}.role", f"must be one of {', '.join(_ROLES)}")
    return Message(role, _content(found.get("content"), f"{where}.content"))


def _content(given: object, where: str) -> str | tuple[Part, ...]:
    if isinstance(given, str):
        return given
    parts = [_part(part, f"{where}[{i}]") for i, part in enumerate(required(given, list, where))]
    texts = [part.text for part in parts if isinstance(part, Text)]
    return "".join(texts) if len(texts) == len(parts) else tuple(parts)


def _part(given: object, where: str) -> Part:
    found = required(given, dict, where)
    kind = found.get("type")
    if kind in ("input_text", "output_text"):
        return Text(required(found.get("text"), str, f"{where}.text"))
    if kind == "input_image":
        detail = optional(found.get("detail"), str, f"{where}.detail")
        return Image(required(found.get("image_url"), str, f"{where}.image_url"), None if detail == "auto" else detail)
    raise invalid(f"{where}.type", "must be input_text, output_text or input_image")


def _tool(given: object, where: str) -> Tool:
    found = required(given, dict, where)
    if found.get("type") != "function":
        raise invalid(f"{where}.type", "must be function")
    return Tool(
        required(found.get("name"), str, f"{where}.name"),
        optional(found.get("description"), str, f"{where}.description") or "",
        optional(found.get("parameters"), dict, f"{where}.parameters") or {},
        optional(found.get("strict"), bool, f"{where}.strict"),
    )


def _choice(given: object) -> str | None:
    if given is None or isinstance(given, str):
        return given
    return required(required(given, dict, "tool_choice").get("name"), str, "tool_choice.name")


def _output(given: Mapping[str, Any] | None) -> OutputSchema | None:
    if given is None or given.get("type") == "text":
        return None
    if given.get("type") == "json_object":
        return OutputSchema()
    schema = required(given.get("schema"), dict, "text.format.schema")
    return OutputSchema(schema, required(given.get("name"), str, "text.format.name"), strict=bool(given.get("strict")))
