"""Refuses what the model is known not to be able to do, before a request is sent. What is unknown goes through.

Where the knowledge is from is not known here; the vendor's and the wire format's own limits are the wire formats' business.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from ferrata.errors import ModelRequestInvalid
from ferrata.messages import Image

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from ferrata.messages import ChatChunk, ChatRequest, ChatResponse
    from ferrata.providers.base import ChatModel, Profile

__all__ = ["CapabilityCheck"]

# Natural text has about four characters for each token. With eight, too long is certain, blanks not counted.
_MOST_CHARACTERS_PER_TOKEN = 8
_DEFAULT_TEMPERATURE = 1


class CapabilityCheck:
    """Asks `model` only what its profile does not rule out."""

    def __init__(self, model: ChatModel, profile: Profile) -> None:
        self.name = model.name
        self._model = model
        self._profile = profile

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """The whole answer; raises `ModelRequestInvalid` with the parameter that the model does not take."""
        self._check(request)
        return await self._model.chat(request)

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        """The answer piece by piece; raises as `chat` does."""
        self._check(request)
        async with aclosing(cast("AsyncGenerator[ChatChunk]", self._model.stream(request))) as chunks:
            async for chunk in chunks:
                yield chunk

    def _check(self, request: ChatRequest) -> None:
        for problem, hint in self._problems(request):
            raise ModelRequestInvalid(f"{self.name} {problem}", hint=f"{hint}, or choose another model")

    def _problems(self, request: ChatRequest) -> Iterator[tuple[str, str]]:
        """What is wrong, and the way out."""
        can = self._profile
        other = " (`ferrata models list --capability {}`)"
        if can.tools is False and request.tools:
            yield "calls no tools: 'tools'", "leave 'tools' out" + other.format("tools")
        if can.images is False and _has_image(request):
            yield "reads no images: 'image' in a message", "describe it in words" + other.format("images")
        if can.json_schema is False and request.output is not None and request.output.schema is not None:
            yield (
                "holds no answer to a JSON schema: 'json_schema' of the output",
                "ask for plain JSON and check the answer" + other.format("json_schema"),
            )
        if can.logprobs is False and request.top_logprobs is not None:
            yield "gives no log probabilities: 'top_logprobs'", "leave 'top_logprobs' out" + other.format("logprobs")
        if can.seed is False and request.seed is not None:
            yield "takes no 'seed'", "leave 'seed' out" + other.format("seed")
        if can.temperature is False and request.temperature not in (None, _DEFAULT_TEMPERATURE):
            yield f"takes no 'temperature' but {_DEFAULT_TEMPERATURE}, not {request.temperature:g}", "leave it out"
        if can.reasoning is False and request.reasoning_effort not in (None, "none"):
            yield "does not reason: 'reasoning_effort'", "leave 'reasoning_effort' out" + other.format("reasoning")
        if can.context is not None:
            yield from _too_long(request, can.context)


def _too_long(request: ChatRequest, context: int) -> Iterator[tuple[str, str]]:
    if request.max_tokens is not None and request.max_tokens > context:
        yield (
            f"has a context of {context:,} tokens, less than 'max_tokens' of {request.max_tokens:,}",
            "lower 'max_tokens'",
        )
    most = context * _MOST_CHARACTERS_PER_TOKEN
    if sum(len(message.text) for message in request.messages) <= most:
        return
    characters = sum(len(word) for message in request.messages for word in message.text.split())
    if characters > most:
        yield (
            f"has a context of {context:,} tokens, and the messages have {characters:,} characters",
            "shorten the messages",
        )


def _has_image(request: ChatRequest) -> bool:
    return any(
        isinstance(part, Image)
        for message in request.messages
        if not isinstance(message.content, str)
        for part in message.content
    )
