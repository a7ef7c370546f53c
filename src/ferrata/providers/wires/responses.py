"""OpenAI's responses, the client's side.

Knows no vendor. Nothing is stored at the vendor's: each request carries its whole conversation.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ferrata.errors import ModelBadResponse, ModelError
from ferrata.messages import ChatChunk, ChatResponse, Finish, Image, Message, ToolCall, ToolCallDelta, Usage
from ferrata.providers.base import check_features
from ferrata.providers.failures import stream_error
from ferrata.providers.wires.access import bad, count, items, mapping, text
from ferrata.providers.wires.chat import read_logprobs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ferrata.messages import ChatRequest, OutputSchema, Tool
    from ferrata.providers.base import Dialect, Json

__all__ = ["Responses"]

_REFUSES = frozenset({"seed", "stop", "frequency_penalty", "presence_penalty", "name"})


class Responses:
    """The wire format `openai-responses`. It knows no seeds, stop texts, penalties and names of speakers."""

    name = "openai-responses"
    path = "/responses"

    def body(self, request: ChatRequest, model: str, dialect: Dialect, *, stream: bool) -> Json:
        """The JSON of a request.

        Raises:
            ModelRequestInvalid: the wire format or the vendor has no word for something in the request.
        """
        check_features(request, _REFUSES | dialect.refuses, f"{dialect.vendor} (openai-responses)")
        items_in = [item for message in request.messages for item in _items(message)]
        body: Json = {"model": model, "input": items_in, "store": False}
        for name in ("temperature", "top_p", "user"):
            if (value := getattr(request, name)) is not None:
                body[name] = value
        if request.max_tokens is not None:
            body["max_output_tokens"] = request.max_tokens
        if request.top_logprobs is not None:
            body["include"] = ["message.output_text.logprobs"]
            body["top_logprobs"] = request.top_logprobs
        if request.tools:
            body["tools"] = [_tool(tool) for tool in request.tools]
        if (choice := request.tool_choice) is not None:
            plain = choice in ("auto", "none", "required")
            body["tool_choice"] = choice if plain else {"type": "function", "name": choice}
        if request.output is not None:
            body["text"] = {"format": _format(request.output)}
        if request.reasoning_effort is not None:
            body["reasoning"] = {"effort": request.reasoning_effort}
        if stream:
            body["stream"] = True
        body.update(request.extra)
        return body

    def response(self, payload: Mapping[str, Any]) -> ChatResponse:
        """The answer in the JSON of a response.

        Raises:
            ModelBadResponse: it has another shape.
            ModelError: it says that it failed.
        """
        if not isinstance(payload.get("output"), list):
            raise bad("no `output`")
        if payload.get("status") == "failed":
            raise _failed(payload)
        texts: list[str] = []
        calls: list[ToolCall] = []
        logprobs: list[Json] | None = None
        refused = False
        for item in items(payload.get("output")):
            if item.get("type") == "function_call":
                calls.append(ToolCall(text(item.get("call_id")), text(item.get("name")), text(item.get("arguments"))))
            for part in items(item.get("content")) if item.get("type") == "message" else ():
                refused = refused or part.get("type") == "refusal"
                texts.append(text(part.get("text")) or text(part.get("refusal")))
                if isinstance(part.get("logprobs"), list) and part["logprobs"]:
                    logprobs = (logprobs or []) + items(part["logprobs"])
        return ChatResponse(
            id=text(payload.get("id")),
            model=text(payload.get("model")),
            message=Message("assistant", "".join(texts), tool_calls=tuple(calls)),
            finish="content_filter" if refused else _finish(payload, calls=bool(calls)),
            usage=_usage(mapping(payload.get("usage"))),
            logprobs=None if logprobs is None else read_logprobs(logprobs),
        )

    def reader(self) -> _Reader:
        """A fresh reader, for one stream."""
        return _Reader()


class _Reader:
    def __init__(self) -> None:
        self._head: Json = {}
        self._end: Json | None = None
        self._refused = False
        # Number of an output item -> number of the tool call that it is.
        self._calls: dict[object, int] = {}

    def read(self, event: str, data: str) -> Iterable[ChatChunk]:
        if not data or data == "[DONE]":
            return
        try:
            payload = mapping(json.loads(data))
        except (ValueError, RecursionError):
            raise ModelBadResponse("an event of the stream is no valid JSON") from None
        kind = text(payload.get("type"))
        if kind == "error" and (error := stream_error(payload)):
            raise error
        if kind == "response.failed":
            raise _failed(mapping(payload.get("response")))
        if kind == "response.created":
            self._head = mapping(payload.get("response"))
        elif kind in ("response.completed", "response.incomplete"):
            self._end = mapping(payload.get("response"))
        elif kind in ("response.output_text.delta", "response.refusal.delta"):
            self._refused = self._refused or "refusal" in kind
            yield self._chunk(text(payload.get("delta")), logprobs=read_logprobs(payload.get("logprobs")))
        elif kind == "response.output_item.added":
            item = mapping(payload.get("item"))
            if item.get("type") == "function_call":
                number = self._calls[payload.get("output_index")] = len(self._calls)
                call = ToolCallDelta(
                    number, text(item.get("call_id")), text(item.get("name")), text(item.get("arguments"))
                )
                yield self._chunk(tool_calls=(call,))
        elif kind == "response.function_call_arguments.delta":
            number = self._calls.get(payload.get("output_index"), 0)
            yield self._chunk(tool_calls=(ToolCallDelta(number, arguments=text(payload.get("delta"))),))

    def end(self) -> Iterable[ChatChunk]:
        if self._end is None:
            raise ModelBadResponse("the stream ended in the middle of the answer", hint="try again")
        finish: Finish = "content_filter" if self._refused else _finish(self._end, calls=bool(self._calls))
        yield self._chunk(finish=finish, usage=_usage(mapping(self._end.get("usage"))))

    def _chunk(self, said: str = "", **more: Any) -> ChatChunk:
        return ChatChunk(said, id=text(self._head.get("id")), model=text(self._head.get("model")), **more)


def _failed(payload: Mapping[str, Any]) -> ModelError:
    return stream_error(payload) or ModelBadResponse("the vendor says that the answer failed, and not why")


def _finish(payload: Mapping[str, Any], *, calls: bool) -> Finish:
    if payload.get("status") == "incomplete":
        reason = mapping(payload.get("incomplete_details")).get("reason")
        return "content_filter" if reason == "content_filter" else "length"
    return "tool_calls" if calls else "stop"


def _usage(given: Json) -> Usage | None:
    if not given:
        return None
    read, made = mapping(given.get("input_tokens_details")), mapping(given.get("output_tokens_details"))
    return Usage(
        input_tokens=count(given.get("input_tokens")),
        output_tokens=count(given.get("output_tokens")),
        cached_tokens=count(read.get("cached_tokens")),
        cache_write_tokens=count(read.get("cache_write_tokens")),
        reasoning_tokens=count(made.get("reasoning_tokens")),
    )


def _items(message: Message) -> Iterable[Json]:
    """A message as items of the input: the message itself, and an item for each tool call."""
    if message.role == "tool":
        yield {"type": "function_call_output", "call_id": message.tool_call_id or "", "output": _tool_output(message)}
        return
    if message.content or not message.tool_calls:
        yield {"role": message.role, "content": list(_parts(message))}
    for call in message.tool_calls:
        yield {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}


def _tool_output(message: Message) -> str | list[Json]:
    return message.content if isinstance(message.content, str) else list(_parts(message))


def _parts(message: Message) -> Iterable[Json]:
    kind = "output_text" if message.role == "assistant" else "input_text"
    if isinstance(message.content, str):
        yield {"type": kind, "text": message.content}
        return
    for part in message.content:
        if isinstance(part, Image):
            yield {"type": "input_image", "image_url": part.url, "detail": part.detail or "auto"}
        else:
            yield {"type": kind, "text": part.text}


def _tool(tool: Tool) -> Json:
    found: Json = {"type": "function", "name": tool.name, "strict": bool(tool.strict)}
    found["parameters"] = tool.parameters or {"type": "object", "properties": {}}
    if tool.description:
        found["description"] = tool.description
    return found


def _format(output: OutputSchema) -> Json:
    if output.schema is None:
        return {"type": "json_object"}
    return {"type": "json_schema", "name": output.name, "schema": output.schema, "strict": output.strict}
