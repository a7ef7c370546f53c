"""Refuses to spend more than a budget, before the money is spent.

Knows prices only by what they say.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from ferrata.errors import ModelOverQuota, UsageError
from ferrata.messages import Usage
from ferrata.providers.wrappers.limit import estimate_tokens

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ferrata.messages import ChatChunk, ChatRequest, ChatResponse
    from ferrata.providers.base import ChatModel, Price

__all__ = ["Budget"]


class Budget:
    """Counts what a model costs. A request whose likely cost is more than what is left is refused.

    Args:
        model: is asked.
        price: of its tokens.
        dollars: what may be spent in all.

    Attributes:
        spent: US dollars so far.

    Raises:
        UsageError: there is no price to count with.
    """

    def __init__(self, model: ChatModel, price: Price | None, dollars: float) -> None:
        if price is None or price.cost(Usage(1000, 1000)) is None:
            raise UsageError(
                f"{model.name!r} has a budget and no known price", hint="declare its price, or take the budget away"
            )
        self.name = model.name
        self.spent = 0.0
        self._model = model
        self._price = price
        self._dollars = dollars
        self._reserved = 0.0

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """The whole answer; raises `ModelOverQuota` where the money would not do."""
        expected = self._reserve(request)
        usage: Usage | None = None
        try:
            response = await self._model.chat(request)
            usage = response.usage
        finally:
            self._settle(expected, usage)
        return response

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        """The answer piece by piece; raises as `chat` does. What was given up half-way counts as what was expected."""
        expected = self._reserve(request)
        usage: Usage | None = None
        begun = ended = False
        try:
            async with aclosing(cast("AsyncGenerator[ChatChunk]", self._model.stream(request))) as chunks:
                async for chunk in chunks:
                    begun, ended, usage = True, ended or chunk.finish is not None, chunk.usage or usage
                    yield chunk
        finally:
            self._settle(expected, usage, guess=begun and not ended)

    def _reserve(self, request: ChatRequest) -> float:
        expected = self._price.cost(Usage(*estimate_tokens(request))) or 0.0
        if self.spent + self._reserved + expected > self._dollars:
            raise ModelOverQuota(
                f"the budget of {self._dollars:g} USD for {self.name!r} does not do: {self.spent:.6g} USD are spent, and "
                f"this request may cost {expected:.6g} USD",
                hint="raise its `budget`, lower `max_tokens`, or choose a cheaper model",
            )
        self._reserved += expected
        return expected

    def _settle(self, expected: float, usage: Usage | None, *, guess: bool = False) -> None:
        self._reserved -= expected
        cost = self._price.cost(usage) if usage is not None else None
        self.spent += cost if cost is not None else expected if guess else 0.0
