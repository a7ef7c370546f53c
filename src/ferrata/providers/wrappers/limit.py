"""Keeps the number of requests and of tokens in a minute below a limit, by waiting.

Tokens are reserved by an estimate and corrected when the answer says how many they were.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from time import monotonic
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from ferrata.messages import ChatChunk, ChatRequest, ChatResponse, Usage
    from ferrata.providers.base import ChatModel

__all__ = ["Bucket", "Limit", "estimate_tokens"]

_CHARACTERS_PER_TOKEN = 4
_UNKNOWN_OUTPUT = 256


class Bucket:
    """Holds at most a minute's worth and fills steadily; who takes more than there is waits his turn.

    Args:
        per_minute: how much comes in a minute.
        now: seconds that only grow.
    """

    def __init__(self, per_minute: float, now: Callable[[], float] = monotonic) -> None:
        self._rate = per_minute / 60
        self._most = per_minute
        self._level = per_minute
        self._now = now
        self._at = now()

    def take(self, amount: float) -> float:
        """Take an amount; seconds to wait until it is there."""
        at = self._now()
        self._level = min(self._most, self._level + (at - self._at) * self._rate)
        self._at = at
        # More than the bucket holds would never be there; it may have all of it.
        self._level -= min(amount, self._most)
        return max(0.0, -self._level / self._rate)

    def correct(self, amount: float) -> None:
        """Give back what was not used, or (negative) take what was used more."""
        self._level += amount


class Limit:
    """Waits before a request where a limit asks for it.

    Args:
        model: is asked.
        requests: a minute; no limit if None.
        tokens: a minute, input and output; no limit if None.
        sleep: waits.
        now: seconds that only grow.
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        requests: float | None = None,
        tokens: float | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self.name = model.name
        self._model = model
        self._requests = Bucket(requests, now) if requests else None
        self._tokens = Bucket(tokens, now) if tokens else None
        self._sleep = sleep

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """The whole answer."""
        reserved = await self._reserve(request)
        response = await self._model.chat(request)
        self._settle(reserved, response.usage)
        return response

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        """The answer piece by piece."""
        reserved = await self._reserve(request)
        async with aclosing(cast("AsyncGenerator[ChatChunk]", self._model.stream(request))) as chunks:
            async for chunk in chunks:
                if chunk.finish is not None:
                    self._settle(reserved, chunk.usage)
                yield chunk

    async def _reserve(self, request: ChatRequest) -> float:
        wait = self._requests.take(1) if self._requests else 0.0
        reserved = 0.0
        if self._tokens:
            reserved = sum(estimate_tokens(request))
            wait = max(wait, self._tokens.take(reserved))
        if wait > 0:
            await self._sleep(wait)
        return reserved

    def _settle(self, reserved: float, usage: Usage | None) -> None:
        if self._tokens and usage is not None:
            self._tokens.correct(reserved - usage.input_tokens - usage.output_tokens)


def estimate_tokens(request: ChatRequest) -> tuple[int, int]:
    """About how many tokens go in (four characters each), and how many may come out at most (256 where nobody says)."""
    characters = sum(len(message.text) for message in request.messages)
    made = request.max_tokens if request.max_tokens is not None else _UNKNOWN_OUTPUT
    return characters // _CHARACTERS_PER_TOKEN + 4 * len(request.messages), made
