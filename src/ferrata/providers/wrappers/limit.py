"""Keeps the number of requests and of tokens in any minute below a limit, by waiting.

Tokens are reserved by an estimate and corrected when the answer says how many they were. Who waits says so, that the wait is not taken
for the model's time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import aclosing
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, cast

from ferrata.telemetry import tell_wait

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from ferrata.messages import ChatChunk, ChatRequest, ChatResponse, Usage
    from ferrata.providers.base import ChatModel

__all__ = ["Limit", "Minute", "estimate_tokens"]

_CHARACTERS_PER_TOKEN = 4
_UNKNOWN_OUTPUT = 256
_MINUTE = 60.0


@dataclass(slots=True)
class _Taken:
    """An amount, and when its turn is; it counts for a minute from then."""

    at: float
    amount: float
    counts: bool = True


class Minute:
    """Lets so much through in any 60 seconds, wherever they begin; who wants more waits his turn.

    Args:
        most: how much.
        now: seconds that only grow.
    """

    def __init__(self, most: float, now: Callable[[], float] = monotonic) -> None:
        self._most = most
        self._now = now
        self._counting: deque[_Taken] = deque()
        self._sum = 0.0
        self._last = float("-inf")

    def take(self, amount: float, wait: float = 0.0) -> tuple[float, _Taken]:
        """Take an amount, to be used after `wait` seconds or later: seconds until it may be, and what `correct` needs."""
        now = self._now()
        at = max(now + wait, self._last)
        # More than a minute's worth would never have its turn; it may have a whole minute.
        amount = min(amount, self._most)
        counting = self._counting
        while counting and (counting[0].at + _MINUTE <= at or self._sum + amount > self._most):
            gone = counting.popleft()
            gone.counts = False
            self._sum -= gone.amount
            at = max(at, gone.at + _MINUTE)
        taken = _Taken(at, amount)
        counting.append(taken)
        self._sum += amount
        self._last = at
        return at - now, taken

    def put_off(self, taken: _Taken, wait: float) -> None:
        """Let what was taken last have its turn so many seconds from now."""
        taken.at = self._last = max(self._last, self._now() + wait)

    def correct(self, taken: _Taken, amount: float) -> None:
        """Say how much was really used; what is not of the last minute any more changes nothing."""
        if taken.counts:
            self._sum += amount - taken.amount
            taken.amount = amount


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
        self._requests = Minute(requests, now) if requests else None
        self._tokens = Minute(tokens, now) if tokens else None
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

    async def _reserve(self, request: ChatRequest) -> _Taken | None:
        wait, reserved = 0.0, None
        if self._tokens:
            wait, reserved = self._tokens.take(sum(estimate_tokens(request)))
        if self._requests:
            wait, _ = self._requests.take(1, wait)
            if self._tokens and reserved:
                self._tokens.put_off(reserved, wait)
        if wait > 0:
            tell_wait(wait)
            await self._sleep(wait)
        return reserved

    def _settle(self, reserved: _Taken | None, usage: Usage | None) -> None:
        if self._tokens and reserved is not None and usage is not None:
            self._tokens.correct(reserved, usage.input_tokens + usage.output_tokens)


def estimate_tokens(request: ChatRequest) -> tuple[int, int]:
    """About how many tokens go in (four characters each), and how many may come out at most (256 where nobody says)."""
    characters = sum(len(message.text) for message in request.messages)
    made = request.max_tokens if request.max_tokens is not None else _UNKNOWN_OUTPUT
    return characters // _CHARACTERS_PER_TOKEN + 4 * len(request.messages), made
