"""OpenAI's older `/completions`, the client's side: a prompt in, text out. Prompt Flow's `completion` nodes speak it.

No wire of a conversation: a request has one message, whose text is the prompt, so it is not among `client_wires`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrata.errors import ModelBadResponse
from ferrata.messages import ChatChunk, ChatResponse, Finish, Message
from ferrata.providers.base import check_features
from ferrata.providers.failures import stream_error
from ferrata.providers.wires.access import bad, event_of, items_at, mapping_at, text_at
from ferrata.providers.wires.chat import read_usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ferrata.messages import ChatRequest, Usage
    from ferrata.providers.base import Dialect, Json

__all__ = ["TextCompletions"]

_PLAIN = ("temperature", "top_p", "frequency_penalty", "presence_penalty", "max_tokens", "seed", "user")
_UNKNOWN = frozenset(
    {"tools", "tool_choice", "images", "json_object", "json_schema", "reasoning_effort", "name", "logprobs"}
)
_FINISHES: dict[str, Finish] = {"length": "length", "content_filter": "content_filter"}


class TextCompletions:
    """The wire format `openai-completions`."""

    name = "openai-completions"
    path = "/completions"

    def body(self, request: ChatRequest, model: str, dialect: Dialect, *, stream: bool) -> Json:
        """The JSON of a request; the prompt is the text of its messages.

        Raises:
            ModelRequestInvalid: the request asks for something that only a conversation has.
        """
        check_features(request, dialect.refuses | _UNKNOWN, f"{dialect.vendor} (by /completions)")
        body: Json = {"model": model, "prompt": "\n".join(message.text for message in request.messages)}
        for name in _PLAIN:
            if (value := getattr(request, name)) is not None:
                body[name] = value
        if request.stop:
            body["stop"] = list(request.stop)
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
        if not choices or not isinstance(choices[0].get("text"), str):
            raise bad("no `choices` with a `text`")
        return ChatResponse(
            id=text_at(payload, "id"),
            model=text_at(payload, "model"),
            message=Message("assistant", choices[0]["text"]),
            finish=_finish(text_at(choices[0], "finish_reason")),
            usage=read_usage(mapping_at(payload, "usage")),
        )

    def reader(self) -> _Reader:
        """A fresh reader, for one stream."""
        return _Reader()


class _Reader:
    """Holds the end back until the usage is there, which comes in an event of its own."""

    def __init__(self) -> None:
        self._finish: Finish | None = None
        self._usage: Usage | None = None
        self._id = ""
        self._model = ""

    def read(self, event: str, data: str) -> Iterable[ChatChunk]:
        if data == "[DONE]":
            return
        payload = event_of(data)
        if error := stream_error(payload):
            raise error
        self._id = text_at(payload, "id") or self._id
        self._model = text_at(payload, "model") or self._model
        self._usage = read_usage(mapping_at(payload, "usage")) or self._usage
        for choice in items_at(payload, "choices")[:1]:
            if reason := text_at(choice, "finish_reason"):
                self._finish = _finish(reason)
            if said := text_at(choice, "text"):
                yield ChatChunk(said, id=self._id, model=self._model)

    def end(self) -> Iterable[ChatChunk]:
        if self._finish is None:
            raise ModelBadResponse("the stream ended in the middle of the answer", hint="try again")
        yield ChatChunk(finish=self._finish, usage=self._usage, id=self._id, model=self._model)


def _finish(reason: str) -> Finish:
    return _FINISHES.get(reason.lower(), "stop")
