"""A model of the project's in the place of a connection: whom a flow asks is then decided in one place for all of the project.

Knows nothing of where models are declared, and nothing of Prompt Flow's connections.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, cast

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from ferrata.flows.contracts.connections import Connection
    from ferrata.messages import ChatChunk, ChatRequest, ChatResponse
    from ferrata.providers import ChatModel, Price

__all__ = ["ModelConnection"]


@dataclass(frozen=True)
class ModelConnection:
    """A chat model under the name by which a flow asks for it.

    Attributes:
        name: as the flow says it.
        vendor: whose model it is.
        model: the vendor's name for it.
        chat: the model, with its limits, retries and parameters.
        price: what its tokens cost; None where it is not known.
        reach: the connection to its service, of one of some classes; None where nobody knows.
    """

    name: str
    vendor: str
    model: str
    chat: ChatModel
    price: Price | None = None
    reach: Callable[[Sequence[str]], Connection] | None = None

    def as_one_of(self, kinds: Sequence[str]) -> Connection | Self:
        """The connection to the model's service for code that makes its own client; itself where there is no way to one.

        Args:
            kinds: names of the classes that the code takes.

        Raises:
            FlowError: the vendor has no such thing, or there is no key.
        """
        return self if self.reach is None else self.reach(kinds)

    def in_openais_words(self) -> ChatModel:
        """The model for requests that say messages and parameters in OpenAI's words, all of them among the further parameters."""
        return _Converted(self.chat, self.model)


class _Converted:
    """Reads each request as a server of OpenAI's wire format does, and asks `model` that."""

    def __init__(self, model: ChatModel, wanted: str) -> None:
        self.name = model.name
        self._model = model
        self._wanted = wanted

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """The whole answer."""
        return await self._model.chat(self._read(request))

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        """The answer piece by piece."""
        chunks = cast("AsyncGenerator[ChatChunk]", self._model.stream(self._read(request)))
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk

    def _read(self, request: ChatRequest) -> ChatRequest:
        """The request in our own words.

        Raises:
            ModelRequestInvalid: a message or a parameter has another shape.
        """
        from ferrata.providers import ChatCompletionsServer

        given = {name: value for name, value in request.extra.items() if value is not None}
        return ChatCompletionsServer().asked({**given, "model": self._wanted}).request
