"""Tells a sink of every call: what was asked, what came, how long it took, what it cost.

A sink that fails costs its record, not the answer.
"""

from __future__ import annotations

import logging
from contextlib import aclosing
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, cast

from ferrata.providers.assembly import Assembly

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from datetime import datetime

    from ferrata.clock import Clock
    from ferrata.messages import ChatChunk, ChatRequest, ChatResponse
    from ferrata.providers.base import ChatModel, Price

__all__ = ["Call", "Recording"]


@dataclass(frozen=True)
class Call:
    """One call of a model. It holds what was said, but no key.

    Attributes:
        model: vendor and model.
        at: when it began.
        seconds: how long it took, retries and waits included.
        request: what was asked.
        response: the answer; None where there was none.
        error: why there was none; `CancelledError` and `GeneratorExit` where the caller gave up.
        streamed: it was asked for in pieces.
        cost: US dollars; None where the price or the usage is not known.
        price_version: the price list that the cost is from.
    """

    model: str
    at: datetime
    seconds: float
    request: ChatRequest
    response: ChatResponse | None
    error: BaseException | None
    streamed: bool
    cost: float | None
    price_version: str | None


class Recording:
    """Tells `sink` of every call of `model`."""

    def __init__(
        self, model: ChatModel, sink: Callable[[Call], object], *, clock: Clock, price: Price | None = None
    ) -> None:
        self.name = model.name
        self._model = model
        self._sink = sink
        self._clock = clock
        self._price = price

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """The whole answer."""
        at, start = self._clock.now(), monotonic()
        try:
            response = await self._model.chat(request)
        except BaseException as error:
            self._tell(at, start, request, None, error, streamed=False)
            raise
        self._tell(at, start, request, response, None, streamed=False)
        return response

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        """The answer piece by piece; it is recorded at its end."""
        at, start = self._clock.now(), monotonic()
        whole, first = Assembly(), None
        try:
            async with aclosing(cast("AsyncGenerator[ChatChunk]", self._model.stream(request))) as chunks:
                async for chunk in chunks:
                    first = monotonic() - start if first is None else first
                    whole.add(chunk)
                    yield chunk
            response = whole.response(latency=monotonic() - start, first_token=first)
        except BaseException as error:
            self._tell(at, start, request, None, error, streamed=True)
            raise
        self._tell(at, start, request, response, None, streamed=True)

    def _tell(
        self,
        at: datetime,
        start: float,
        request: ChatRequest,
        response: ChatResponse | None,
        error: BaseException | None,
        *,
        streamed: bool,
    ) -> None:
        cost, version = None, None
        if self._price is not None and response is not None and response.usage is not None:
            cost = 0.0 if response.cached else self._price.cost(response.usage)
            version = self._price.version
        call = Call(self.name, at, monotonic() - start, request, response, error, streamed, cost, version)
        try:
            self._sink(call)
        except Exception:
            logging.getLogger("ferrata").warning("a call of %s was not recorded", self.name, exc_info=True)
