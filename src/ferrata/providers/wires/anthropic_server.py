"""Anthropic's messages, the server's side: requests.

Takes what clients send beside the words: marks for the vendor's cache, and what a model thought, are left out, as only the
vendor and that very model can use them. Knows texts, images and tools with a schema; documents and the vendor's own tools
are refused.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ferrata.messages import ChatRequest, Image, Message, OutputSchema, Text, Tool, ToolCall
from ferrata.providers.wires.anthropic_answer import AnthropicWriter, write_message
from ferrata.providers.wires.failing import anthropic_error
from ferrata.providers.wires.serving import Asked, Fresh, invalid, listed, optional, required, text_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ferrata.errors import FerrataError
    from ferrata.messages import ChatResponse, Part
    from ferrata.providers.base import Json

__all__ = ["AnthropicMessagesServer"]

_FRESH = Fresh()
_KNOWN = {
    *("model", "max_tokens", "messages", "system", "temperature", "top_p", "stop_sequences", "metadata", "tools"),
    *("tool_choice", "output_config", "stream", "thinking", "cache_control", "context_management"),
}


class AnthropicMessagesServer:
    """The wire format `anthropic-messages`, seen from the server."""

    path = "/messages"

    def __init__(self, fresh: Fresh = _FRESH) -> None:
        self._fresh = fresh

    def asked(self, body: Mapping[str, Any]) -> Asked:
        """What the JSON of a request asks for.

        Raises:
            ModelRequestInvalid: it has another shape; says where.
        """
        given = required(body.get("messages"), list, "messages")
        messages = [m for i, one in enumerate(given) for m in _messages(one, f"messages[{i}]")]
        if not messages:
            raise invalid("messages", "is empty")
        system = body.get("system")
        if system:
            said = system if isinstance(system, str) else "".join(_texts(system, "system"))
            messages.insert(0, Message("system", said))
        config: Json = optional(body.get("output_config"), dict, "output_config") or {}
        shape: Json = optional(config.get("format"), dict, "output_config.format") or {}
        metadata: Json = optional(body.get("metadata"), dict, "metadata") or {}
        choice: Json | None = optional(body.get("tool_choice"), dict, "tool_choice")
        extra = {name: value for name, value in body.items() if name not in _KNOWN}
        if choice and choice.get("disable_parallel_tool_use"):
            extra["parallel_tool_calls"] = False
        _check_edits(body.get("context_management"))
        request = ChatRequest(
            messages=tuple(messages),
            tools=tuple(_tool(tool, f"tools[{i}]") for i, tool in enumerate(listed(body.get("tools"), "tools"))),
            tool_choice=_choice(choice),
            output=OutputSchema(required(shape.get("schema"), dict, "output_config.format.schema")) if shape else None,
            max_tokens=required(body.get("max_tokens"), int, "max_tokens"),
            temperature=optional(body.get("temperature"), float, "temperature"),
            top_p=optional(body.get("top_p"), float, "top_p"),
            stop=text_list(body.get("stop_sequences"), "stop_sequences"),
            reasoning_effort=optional(config.get("effort"), str, "output_config.effort")
            or _effort(body.get("thinking")),
            user=optional(metadata.get("user_id"), str, "metadata.user_id"),
            extra=extra,
        )
        return Asked(request, required(body.get("model"), str, "model"), bool(body.get("stream")))

    def response(self, response: ChatResponse, asked: Asked | None = None) -> Json:
        """The JSON of an answer.

        Raises:
            ModelBadResponse: the model called a tool with arguments that are no JSON object.
        """
        return write_message(response, self._fresh)

    def writer(self, asked: Asked) -> AnthropicWriter:
        """A fresh writer, for one stream."""
        return AnthropicWriter(self._fresh)

    def error(self, error: FerrataError, request_id: str = "") -> Json:
        """The JSON of a failure."""
        return anthropic_error(error, request_id)


def _effort(given: object) -> str | None:
    """How hard to think, where a client gives tokens for it; the model's own way where it does not.

    The bounds are those between which the vendor's own levels lie, roughly: the tokens are a limit, not an order.
    """
    thinking: Json = optional(given, dict, "thinking") or {}
    budget = optional(thinking.get("budget_tokens"), int, "thinking.budget_tokens")
    if thinking.get("type") != "enabled" or budget is None:
        return None
    return "low" if budget <= 4_096 else "medium" if budget <= 16_384 else "high"


def _check_edits(given: object) -> None:
    """What a model thought is left out anyway; no other edit is made here."""
    found: Json = optional(given, dict, "context_management") or {}
    for i, edit in enumerate(listed(found.get("edits"), "context_management.edits")):
        where = f"context_management.edits[{i}]"
        kind = required(required(edit, dict, where).get("type"), str, f"{where}.type")
        if not kind.startswith("clear_thinking"):
            raise invalid(f"{where}.type", f"{kind!r} is not known here", "leave it out, and shorten what is sent")


def _messages(given: object, where: str) -> Iterable[Message]:
    """The messages in one turn: each tool's result is a message of its own."""
    found = required(given, dict, where)
    role = found.get("role")
    if role not in ("user", "assistant", "system"):
        raise invalid(f"{where}.role", "must be user, assistant or system")
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
            said = result if isinstance(result, str) else _plain(_parts(result, f"{place}.content"))
            yield Message("tool", said, tool_call_id=required(block.get("tool_use_id"), str, f"{place}.tool_use_id"))
        elif kind == "tool_use":
            arguments = _arguments(required(block.get("input"), dict, f"{place}.input"), f"{place}.input")
            name = required(block.get("name"), str, f"{place}.name")
            calls.append(ToolCall(required(block.get("id"), str, f"{place}.id"), name, arguments))
        elif kind not in ("thinking", "redacted_thinking"):
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
    if block.get("type") == "document":
        raise invalid(f"{where}.type", "documents are not known here: texts and images are", "send its words as text")
    raise invalid(f"{where}.type", "must be text, image, tool_use, tool_result or thinking")


def _parts(given: object, where: str) -> list[Part]:
    blocks = enumerate(required(given, list, where))
    return [_part(required(block, dict, f"{where}[{i}]"), f"{where}[{i}]") for i, block in blocks]


def _arguments(given: Json, where: str) -> str:
    try:
        return json.dumps(given)
    except RecursionError:
        raise invalid(where, "is nested too deeply") from None


def _texts(given: object, where: str) -> Iterable[str]:
    for i, part in enumerate(_parts(given, where)):
        if not isinstance(part, Text):
            raise invalid(f"{where}[{i}].type", "must be text")
        yield part.text


def _tool(given: object, where: str) -> Tool:
    found = required(given, dict, where)
    kind = found.get("type")
    if kind not in (None, "custom"):
        own = f"{kind!r} is a tool of the vendor's own, which is not known here"
        raise invalid(f"{where}.type", own, "declare it with an `input_schema`, or ask a model of that vendor")
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
    if not isinstance(kind, str) or kind not in names:
        raise invalid("tool_choice.type", "must be auto, none, any or tool")
    return names[kind]
