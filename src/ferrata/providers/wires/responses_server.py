"""OpenAI's responses, the server's side: requests. Knows conversations that a request carries whole, and functions as tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrata.messages import ChatRequest, Image, Message, OutputSchema, Text, Tool, ToolCall
from ferrata.providers.wires.failing import openai_error
from ferrata.providers.wires.responses_answer import ResponsesWriter, write_response
from ferrata.providers.wires.serving import Asked, Fresh, invalid, listed, optional, required

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.errors import FerrataError
    from ferrata.messages import ChatResponse, Part, Role
    from ferrata.providers.base import Json

__all__ = ["ResponsesServer"]

_ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_KNOWN = {
    *("model", "input", "instructions", "store", "stream", "temperature", "top_p", "user", "max_output_tokens"),
    *("include", "top_logprobs", "tools", "tool_choice", "text", "reasoning", "previous_response_id", "conversation"),
    *("background", "truncation"),
}
_FRESH = Fresh()


class ResponsesServer:
    """The wire format `openai-responses`, seen from the server."""

    path = "/responses"

    def __init__(self, fresh: Fresh = _FRESH) -> None:
        self._fresh = fresh

    def asked(self, body: Mapping[str, Any]) -> Asked:
        """What the JSON of a request asks for.

        Raises:
            ModelRequestInvalid: it has another shape; says where.
        """
        for name in ("previous_response_id", "conversation"):
            if body.get(name):
                raise invalid(name, "conversations are not stored", "send all of it as `input`")
        if body.get("background"):
            raise invalid("background", "answers are not kept", "leave it out and wait for the answer, or stream it")
        given = body.get("input")
        if isinstance(given, str):
            messages = [Message("user", given)]
        else:
            items = enumerate(required(given, list, "input"))
            messages = [found for i, m in items if (found := _message(m, f"input[{i}]")) is not None]
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

    def response(self, response: ChatResponse, asked: Asked | None = None) -> Json:
        """The JSON of an answer."""
        return write_response(response, asked, self._fresh)

    def writer(self, asked: Asked) -> ResponsesWriter:
        """A fresh writer, for one stream."""
        return ResponsesWriter(asked, self._fresh)

    def error(self, error: FerrataError, request_id: str = "") -> Json:
        """The JSON of a failure."""
        return openai_error(error, request_id)


def _message(given: object, where: str) -> Message | None:
    """One item as a message; None for what a model thought, which only the model that wrote it can read."""
    found = required(given, dict, where)
    kind = found.get("type") or "message"
    if kind == "reasoning":
        return None
    if kind == "function_call":
        name, call_id = (required(found.get(key), str, f"{where}.{key}") for key in ("name", "call_id"))
        arguments = required(found.get("arguments"), str, f"{where}.arguments")
        return Message("assistant", tool_calls=(ToolCall(call_id, name, arguments),))
    if kind == "function_call_output":
        call_id = required(found.get("call_id"), str, f"{where}.call_id")
        return Message("tool", _content(found.get("output"), f"{where}.output"), tool_call_id=call_id)
    if kind != "message":
        raise invalid(f"{where}.type", "must be message, function_call, function_call_output or reasoning")
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
    if kind == "refusal":
        return Text(required(found.get("refusal"), str, f"{where}.refusal"))
    if kind in ("input_file", "input_audio"):
        raise invalid(
            f"{where}.type", f"{kind} is not known here: texts and images are", "send the words of it as text"
        )
    raise invalid(f"{where}.type", "must be input_text, output_text or input_image")


def _tool(given: object, where: str) -> Tool:
    found = required(given, dict, where)
    if found.get("type") != "function":
        raise invalid(f"{where}.type", "must be function: tools of a vendor's own are not known here")
    return Tool(
        required(found.get("name"), str, f"{where}.name"),
        optional(found.get("description"), str, f"{where}.description") or "",
        optional(found.get("parameters"), dict, f"{where}.parameters") or {},
        optional(found.get("strict"), bool, f"{where}.strict"),
    )


def _choice(given: object) -> str | None:
    if given is None or given in ("auto", "none", "required"):
        return given  # pyright: ignore[reportReturnType]
    if isinstance(given, str) or required(given, dict, "tool_choice").get("type", "function") != "function":
        raise invalid("tool_choice", "must be auto, none, required or a function")
    return required(required(given, dict, "tool_choice").get("name"), str, "tool_choice.name")


def _output(given: Mapping[str, Any] | None) -> OutputSchema | None:
    if given is None or given.get("type") == "text":
        return None
    if given.get("type") == "json_object":
        return OutputSchema()
    if given.get("type") != "json_schema":
        raise invalid("text.format.type", "must be text, json_object or json_schema")
    schema = required(given.get("schema"), dict, "text.format.schema")
    return OutputSchema(schema, required(given.get("name"), str, "text.format.name"), strict=bool(given.get("strict")))
