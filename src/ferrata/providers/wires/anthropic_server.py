"""Anthropic's messages, the server's side."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ferrata.errors import ModelOverQuota, ModelRequestInvalid
from ferrata.messages import ChatRequest, Image, Message, OutputSchema, Text, Tool, ToolCall
from ferrata.providers.sse import write_event
from ferrata.providers.wires.serving import Asked, invalid, listed, optional, required

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ferrata.errors import FerrataError
    from ferrata.messages import ChatChunk, ChatResponse, Finish, Part, Usage
    from ferrata.providers.base import Json

__all__ = ["AnthropicMessagesServer"]

_REASONS: dict[Finish, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
_KNOWN = {
    *("model", "max_tokens", "messages", "system", "temperature", "top_p", "stop_sequences", "metadata", "tools"),
    *("tool_choice", "output_config", "stream"),
}


class AnthropicMessagesServer:
    """The wire format `anthropic-messages`, seen from the server."""

    path = "/messages"

    def asked(self, body: Mapping[str, Any]) -> Asked:
        """What the JSON of a request asks for.

        Raises:
            ModelRequestInvalid: it has another shape; says where.
        """
        given = required(body.get("messages"), list, "messages")
        if not given:
            raise invalid("messages", "is empty")
        messages = [m for i, one in enumerate(given) for m in _messages(one, f"messages[{i}]")]
        system = body.get("system")
        if system:
            said = system if isinstance(system, str) else "".join(_texts(system, "system"))
            messages.insert(0, Message("system", said))
        config: Json = optional(body.get("output_config"), dict, "output_config") or {}
        shape: Json = optional(config.get("format"), dict, "output_config.format") or {}
        metadata: Json = optional(body.get("metadata"), dict, "metadata") or {}
        request = ChatRequest(
            messages=tuple(messages),
            tools=tuple(_tool(tool, f"tools[{i}]") for i, tool in enumerate(listed(body.get("tools"), "tools"))),
            tool_choice=_choice(optional(body.get("tool_choice"), dict, "tool_choice")),
            output=OutputSchema(required(shape.get("schema"), dict, "output_config.format.schema")) if shape else None,
            max_tokens=required(body.get("max_tokens"), int, "max_tokens"),
            temperature=optional(body.get("temperature"), float, "temperature"),
            top_p=optional(body.get("top_p"), float, "top_p"),
            stop=tuple(listed(body.get("stop_sequences"), "stop_sequences")),
            reasoning_effort=optional(config.get("effort"), str, "output_config.effort"),
            user=optional(metadata.get("user_id"), str, "metadata.user_id"),
            extra={name: value for name, value in body.items() if name not in _KNOWN},
        )
        return Asked(request, required(body.get("model"), str, "model"), bool(body.get("stream")))

    def response(self, response: ChatResponse) -> Json:
        """The JSON of an answer."""
        content: list[Json] = [{"type": "text", "text": response.text}] if response.text else []
        for call in response.message.tool_calls:
            content.append({"type": "tool_use", "id": call.id, "name": call.name, "input": _object(call.arguments)})
        return {
            "id": response.id,
            "type": "message",
            "role": "assistant",
            "model": response.model,
            "content": content,
            "stop_reason": _REASONS[response.finish],
            "stop_sequence": None,
            "usage": _usage(response.usage),
        }

    def writer(self, asked: Asked) -> _Writer:
        """A fresh writer, for one stream."""
        return _Writer()

    def error(self, error: FerrataError) -> Json:
        """The JSON of a failure."""
        kinds = {400: "invalid_request_error", 401: "authentication_error", 404: "not_found_error"}
        kinds |= {429: "rate_limit_error", 503: "overloaded_error"}
        kind = "billing_error" if isinstance(error, ModelOverQuota) else kinds.get(error.status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": error.message}}


class _Writer:
    """Content blocks one after the other: text, then each tool call."""

    def __init__(self) -> None:
        self._block = -1
        self._open: object = None
        self._begun = False

    def write(self, chunk: ChatChunk) -> bytes:
        return b"".join(
            write_event(json.dumps({"type": kind, **payload}), kind) for kind, payload in self._events(chunk)
        )

    def end(self) -> bytes:
        return write_event('{"type": "message_stop"}', "message_stop")

    def _events(self, chunk: ChatChunk) -> Iterable[tuple[str, Json]]:
        if not self._begun:
            self._begun = True
            message: Json = {
                "id": chunk.id,
                "type": "message",
                "role": "assistant",
                "model": chunk.model,
                "content": [],
            }
            message |= {"stop_reason": None, "stop_sequence": None, "usage": _usage(None)}
            yield "message_start", {"message": message}
        if chunk.text:
            yield from self._enter("text", {"type": "text", "text": ""})
            yield "content_block_delta", {"index": self._block, "delta": {"type": "text_delta", "text": chunk.text}}
        for call in chunk.tool_calls:
            yield from self._enter(call.index, {"type": "tool_use", "id": call.id, "name": call.name, "input": {}})
            delta = {"type": "input_json_delta", "partial_json": call.arguments}
            yield "content_block_delta", {"index": self._block, "delta": delta}
        if chunk.finish is not None:
            yield from self._leave()
            delta = {"stop_reason": _REASONS[chunk.finish], "stop_sequence": None}
            yield "message_delta", {"delta": delta, "usage": _usage(chunk.usage)}

    def _enter(self, what: object, block: Json) -> Iterable[tuple[str, Json]]:
        if self._open != what:
            yield from self._leave()
            self._block += 1
            self._open = what
            yield "content_block_start", {"index": self._block, "content_block": block}

    def _leave(self) -> Iterable[tuple[str, Json]]:
        if self._open is not None:
            self._open = None
            yield "content_block_stop", {"index": self._block}


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


def _messages(given: object, where: str) -> Iterable[Message]:
    """The messages in one turn: each tool's result is a message of its own."""
    found = required(given, dict, where)
    role = found.get("role")
    if role not in ("user", "assistant"):
        raise invalid(f"{where}.role", "must be user or assistant")
    content = found.get("content")
    if isinstance(content, str):
        yield Message(role, content)
        return
    parts: list[Part] = []
    calls: list[ToolCall] = []
    for i, block in enumerate(required(content, list, f"{where}.content")):
        place = f"{where}.content[{i}]"
        kind = required(block, dict, place).get("type")
        if kind == "tool_result":
            result = block.get("content") or ""
            said = result if isinstance(result, str) else "".join(_texts(result, f"{place}.content"))
            yield Message("tool", said, tool_call_id=required(block.get("tool_use_id"), str, f"{place}.tool_use_id"))
        elif kind == "tool_use":
            arguments = json.dumps(required(block.get("input"), dict, f"{place}.input"))
            name = required(block.get("name"), str, f"{place}.name")
            calls.append(ToolCall(required(block.get("id"), str, f"{place}.id"), name, arguments))
        else:
            parts.append(_part(block, place))
    if parts or calls:
        yield Message(role, _plain(parts), tool_calls=tuple(calls))


def _plain(parts: list[Part]) -> str | tuple[Part, ...]:
    """Texts alone are one text."""
    texts = [part.text for part in parts if isinstance(part, Text)]
    return "".join(texts) if len(texts) == len(parts) else tuple(parts)


def _part(block: Json, where: str) -> Part:
    if block.get("type") == "text":
        return Text(required(block.get("text"), str, f"{where}.text"))
    if block.get("type") == "image":
        source = required(block.get("source"), dict, f"{where}.source")
        if source.get("type") == "url":
            return Image(required(source.get("url"), str, f"{where}.source.url"))
        kind = required(source.get("media_type"), str, f"{where}.source.media_type")
        return Image(f"data:{kind};base64,{required(source.get('data'), str, f'{where}.source.data')}")
    raise invalid(f"{where}.type", "must be text, image, tool_use or tool_result")


def _texts(given: object, where: str) -> Iterable[str]:
    for i, block in enumerate(required(given, list, where)):
        part = _part(required(block, dict, f"{where}[{i}]"), f"{where}[{i}]")
        if not isinstance(part, Text):
            raise invalid(f"{where}[{i}].type", "must be text")
        yield part.text


def _tool(given: object, where: str) -> Tool:
    found = required(given, dict, where)
    return Tool(
        required(found.get("name"), str, f"{where}.name"),
        optional(found.get("description"), str, f"{where}.description") or "",
        required(found.get("input_schema"), dict, f"{where}.input_schema"),
        optional(found.get("strict"), bool, f"{where}.strict"),
    )


def _choice(given: Mapping[str, Any] | None) -> str | None:
    if given is None:
        return None
    kind = given.get("type")
    if kind == "tool":
        return required(given.get("name"), str, "tool_choice.name")
    names = {"auto": "auto", "none": "none", "any": "required"}
    if kind not in names:
        raise invalid("tool_choice.type", "must be auto, none, any or tool")
    return names[kind]


def _object(arguments: str) -> object:
    try:
        return json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        raise ModelRequestInvalid(f"the model wrote arguments that are no JSON: {arguments[:80]!r}") from None
