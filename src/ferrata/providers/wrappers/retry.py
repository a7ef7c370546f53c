"""Asks again what failed for a passing reason, after a random wait or the one that the vendor asked for.

The wait is uniform between 0 and a bound that doubles ("full jitter": Brooker, Exponential backoff and jitter, AWS, 2015).
"""

from __future__ import annotations

import asyncio
import random
from contextlib import aclosing
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, cast

from ferrata.errors import ModelBusy, ModelError
from ferrata.telemetry import tell_busy

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from ferrata.messages import ChatChunk, ChatRequest, ChatResponse
    from ferrata.providers.base import ChatModel

__all__ = ["Retry"]


class Retry:
    """Retries what is retryable, and a stream only before its first piece.

    Args:
        model: is asked.
        retries: at most so many more times.
        base: seconds, the bound of the first wait.
        cap: seconds, the longest wait; a vendor that asks for more is not waited for.
        sleep: waits.
        uniform: a number between two others, by chance.
    """

    def __init__(
        self,
        model: ChatModel,
        retries: int = 2,
        *,
        base: float = 0.5,
        cap: float = 60.0,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.name = model.name
        self._model = model
        self._retries = retries
        self._base = base
        self._cap = cap
        self._sleep = sleep
        self._uniform = uniform

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """The whole answer; its latency counts from the first try. Raises the last try's error."""
        start = monotonic()
        for attempt in range(self._retries + 1):
            try:
                response = await self._model.chat(request)
            except ModelError as error:
                await self._wait_or_raise(error, attempt)
            else:
                return response if attempt == 0 else replace(response, latency=monotonic() - start)
        raise AssertionError("the last try returns or raises")

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        """The answer piece by piece; raises the last try's error, or that of a stream that has begun."""
        for attempt in range(self._retries + 1):
            begun = False
            try:
                async with aclosing(cast("AsyncGenerator[ChatChunk]", self._model.stream(request))) as chunks:
                    async for chunk in chunks:
                        begun = True
                        yield chunk
            except ModelError as error:
                if begun:
                    raise
                await self._wait_or_raise(error, attempt)
            else:
                return

    async def _wait_or_raise(self, error: ModelError, attempt: int) -> None:
        asked = error.retry_after
        if not error.retryable or attempt == self._retries or (asked is not None and asked > self._cap):
            raise error
        if isinstance(error, ModelBusy):
            tell_busy(asked)
        bound = min(self._cap, self._base * 2**attempt)
        # What the vendor asks for is the least; the jitter after it keeps many from coming back at once.
        await self._sleep((asked or 0.0) + self._uniform(0.0, bound))
