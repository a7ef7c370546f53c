"""OpenAI's responses, the client's side.

Knows no vendor. Nothing is stored at the vendor's: each request carries its whole conversation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrata.errors import ModelBadResponse, ModelError
from ferrata.messages import ChatChunk, ChatResponse, Finish, Image, Message, ToolCall, ToolCallDelta, Usage
from ferrata.providers.base import check_features
from ferrata.providers.failures import stream_error
from ferrata.providers.wires.access import (
    bad,
    count_at,
    event_of,
    index_at,
    items_at,
    mapping_at,
    named,
    text_at,
)
from ferrata.providers.wires.chat import read_logprobs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ferrata.messages import ChatRequest, OutputSchema, TokenLogprob, Tool
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
        logprobs: tuple[TokenLogprob, ...] = ()
        refused = False
        for item in items_at(payload, "output"):
            if item.get("type") == "function_call":
                calls.append(ToolCall(text_at(item, "call_id"), named(item), text_at(item, "arguments")))
            for part in items_at(item, "content") if item.get("type") == "message" else ():
                refused = refused or part.get("type") == "refusal"
                texts.append(text_at(part, "text") or text_at(part, "refusal"))
                logprobs += read_logprobs(part, "logprobs")
        return ChatResponse(
            id=text_at(payload, "id"),
            model=text_at(payload, "model"),
            message=Message("assistant", "".join(texts), tool_calls=tuple(calls)),
            finish="content_filter" if refused else _finish(payload, calls=bool(calls)),
            usage=_usage(mapping_at(payload, "usage")),
            logprobs=logprobs or None,
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
        self._calls: dict[int | None, int] = {}

    def read(self, event: str, data: str) -> Iterable[ChatChunk]:
        if not data or data == "[DONE]":
            return
        payload = event_of(data)
        kind = text_at(payload, "type")
        if kind == "error" and (error := stream_error(payload)):
            raise error
        if kind == "response.failed":
            raise _failed(mapping_at(payload, "response"))
        if kind == "response.created":
            self._head = mapping_at(payload, "response")
        elif kind in ("response.completed", "response.incomplete"):
            self._end = mapping_at(payload, "response")
        elif kind in ("response.output_text.delta", "response.refusal.delta"):
            self._refused = self._refused or "refusal" in kind
            yield self._chunk(text_at(payload, "delta"), logprobs=read_logprobs(payload, "logprobs"))
        elif kind == "response.output_item.added":
            item = mapping_at(payload, "item")
            if item.get("type") == "function_call":
                number = self._calls[index_at(payload, "output_index")] = len(self._calls)
                call = ToolCallDelta(
                    number, text_at(item, "call_id"), text_at(item, "name"), text_at(item, "arguments")
                )
                yield self._chunk(tool_calls=(call,))
        elif kind == "response.function_call_arguments.delta":
            number = self._calls.get(index_at(payload, "output_index"), 0)
            yield self._chunk(tool_calls=(ToolCallDelta(number, arguments=text_at(payload, "delta")),))

    def end(self) -> Iterable[ChatChunk]:
        if self._end is None:
            raise ModelBadResponse("the stream ended in the middle of the answer", hint="try again")
        finish: Finish = "content_filter" if self._refused else _finish(self._end, calls=bool(self._calls))
        yield self._chunk(finish=finish, usage=_usage(mapping_at(self._end, "usage")))

    def _chunk(self, said: str = "", **more: Any) -> ChatChunk:
        return ChatChunk(said, id=text_at(self._head, "id"), model=text_at(self._head, "model"), **more)


def _failed(payload: Mapping[str, Any]) -> ModelError:
    return stream_error(payload) or ModelBadResponse("the vendor says that the answer failed, and not why")


def _finish(payload: Mapping[str, Any], *, calls: bool) -> Finish:
    if payload.get("status") == "incomplete":
        reason = mapping_at(payload, "incomplete_details").get("reason")
        return "content_filter" if reason == "content_filter" else "length"
    return "tool_calls" if calls else "stop"


def _usage(given: Json) -> Usage | None:
    if not given:
        return None
    read, made = mapping_at(given, "input_tokens_details"), mapping_at(given, "output_tokens_details")
    return Usage(
        input_tokens=count_at(given, "input_tokens"),
        output_tokens=count_at(given, "output_tokens"),
        cached_tokens=count_at(read, "cached_tokens"),
        cache_write_tokens=count_at(read, "cache_write_tokens"),
        reasoning_tokens=count_at(made, "reasoning_tokens"),
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
