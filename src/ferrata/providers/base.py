"""The seams of the room: what a chat model, an embedding model and a wire format are.

Knows no vendor, no HTTP library and no wire format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ferrata.errors import ModelRequestInvalid
from ferrata.messages import OWN_PARAMETERS, Image

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from ferrata.messages import ChatChunk, ChatRequest, ChatResponse, Embeddings, Usage

__all__ = [
    "ChatModel",
    "ChatWire",
    "Dialect",
    "EmbeddingModel",
    "Json",
    "Price",
    "Profile",
    "StreamReader",
    "check_features",
    "features_of",
]

Json = dict[str, Any]


class ChatModel(Protocol):
    """Answers a conversation. Every vendor, wrapper, local model and fake is one."""

    @property
    def name(self) -> str:
        """Vendor and model, as `openai/gpt-4o-mini-2024-07-18`."""
        ...

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """The whole answer.

        Raises:
            ModelError: there is none; its kind says why.
        """
        ...

    def stream(self, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        """The answer piece by piece; closing the iterator ends the request at the vendor's.

        Raises:
            ModelError: while it is read; pieces may have come before.
        """
        ...


class EmbeddingModel(Protocol):
    """Turns texts into vectors."""

    @property
    def name(self) -> str:
        """Vendor and model, as `openai/text-embedding-3-small`."""
        ...

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """One vector for each text, in their order.

        Raises:
            ModelError: there are none.
        """
        ...


class Price(Protocol):
    """What tokens of one model cost, in one version of the price list."""

    @property
    def version(self) -> str:
        """Which list, and of when."""
        ...

    def cost(self, usage: Usage) -> float | None:
        """US dollars for `usage`; None where the list cannot say."""
        ...


class Profile(Protocol):
    """What is known of a model's abilities: yes, no, or None where nobody says."""

    @property
    def tools(self) -> bool | None:
        """It calls functions."""
        ...

    @property
    def images(self) -> bool | None:
        """It reads them."""
        ...

    @property
    def json_schema(self) -> bool | None:
        """Its answer is held to a JSON schema."""
        ...

    @property
    def logprobs(self) -> bool | None:
        """Log probabilities of tokens can be had."""
        ...

    @property
    def seed(self) -> bool | None:
        """A seed is taken."""
        ...

    @property
    def temperature(self) -> bool | None:
        """A temperature other than 1 is taken."""
        ...

    @property
    def reasoning(self) -> bool | None:
        """It thinks before it answers."""
        ...

    @property
    def context(self) -> int | None:
        """Tokens that fit, in and out together."""
        ...


@dataclass(frozen=True)
class Dialect:
    """How one vendor's rendering of a wire format differs from its inventor's.

    Attributes:
        vendor: for messages.
        max_tokens: the name of that parameter in OpenAI's chat/completions.
        seed: the name of that parameter in it.
        system_role: what it calls system messages.
        stream_usage: asks for the usage of a stream by `stream_options`; where False, the vendor sends it unasked or not at all.
        refuses: features of a request that the vendor does not know, by the names of `features_of`.
    """

    vendor: str = "the vendor"
    max_tokens: str = "max_tokens"
    seed: str = "seed"
    system_role: str = "system"
    stream_usage: bool = True
    refuses: frozenset[str] = frozenset()


class StreamReader(Protocol):
    """Reads the events of one streamed answer."""

    def read(self, event: str, data: str) -> Iterable[ChatChunk]:
        """The pieces in one server-sent event.

        Raises:
            ModelError: the event is one of failure, or cannot be read.
        """
        ...

    def end(self) -> Iterable[ChatChunk]:
        """The last pieces, at the end of the stream.

        Raises:
            ModelBadResponse: the stream ended in the middle of the answer.
        """
        ...


class ChatWire(Protocol):
    """The client's side of a wire format: pure functions between our words and a vendor's JSON."""

    @property
    def name(self) -> str:
        """As it is called in settings: `openai-chat`, `openai-responses`, `anthropic-messages`."""
        ...

    @property
    def path(self) -> str:
        """Where requests go, after the vendor's URL."""
        ...

    def body(self, request: ChatRequest, model: str, dialect: Dialect, *, stream: bool) -> Json:
        """The JSON of a request.

        Raises:
            ModelRequestInvalid: the wire format or the vendor has no word for something in the request.
        """
        ...

    def response(self, payload: Mapping[str, Any]) -> ChatResponse:
        """The answer in the JSON of a response.

        Raises:
            ModelBadResponse: it has another shape.
        """
        ...

    def reader(self) -> StreamReader:
        """A fresh reader, for one stream."""
        ...


def features_of(request: ChatRequest) -> set[str]:
    """What a request asks for beyond text, by name; the names are those that a dialect refuses by."""
    plain = ("tools", "tool_choice", "max_tokens", "temperature", "top_p", "stop", "seed", "frequency_penalty")
    plain += ("presence_penalty", "reasoning_effort", "user")
    found = {name for name in plain if getattr(request, name) not in (None, ())}
    if request.top_logprobs is not None:
        found.add("logprobs")
    if request.output is not None:
        found.add("json_object" if request.output.schema is None else "json_schema")
    for message in request.messages:
        if message.name is not None:
            found.add("name")
        if not isinstance(message.content, str):
            images = [part for part in message.content if isinstance(part, Image)]
            found |= {"images"} if images else set()
            found |= {"image_detail"} if any(image.detail for image in images) else set()
    return found


def check_features(request: ChatRequest, refused: frozenset[str], who: str) -> None:
    """Refuse what cannot be said, so that nothing is dropped in silence.

    Raises:
        ModelRequestInvalid: the request asks for something in `refused`, has no message, or a further parameter that stands
            in the place of what the request itself says.
    """
    if request.extra and (own := sorted(OWN_PARAMETERS & request.extra.keys())):
        names = " and ".join(repr(name) for name in own)
        raise ModelRequestInvalid(
            f"{names} cannot be a further parameter: the request itself says it", hint="leave it out of `extra`"
        )
    if not request.messages:
        raise ModelRequestInvalid("a request without a message", hint="give at least one message")
    if refused and (asked := sorted(features_of(request) & refused)):
        names = " and ".join(repr(name) for name in asked)
        raise ModelRequestInvalid(
            f"{who} knows no {names}", hint="leave it out, or choose another model or wire format"
        )
