"""A limit on the time that one answer takes, all retries included. The wait for a turn, where a limit a minute is set here, does not count.

Knows nothing of what it waits for.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, cast

from ferrata.errors import ModelTimeout
from ferrata.telemetry import hear_waits

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ferrata.messages import ChatChunk, ChatRequest, ChatResponse
    from ferrata.providers.base import ChatModel

__all__ = ["Deadline", "put_off"]


def put_off(limit: asyncio.Timeout, seconds: float) -> None:
    """Let a time limit end so much later; one that has ended stays as it is."""
    when = limit.when()
    if when is not None:
        with suppress(RuntimeError):
            limit.reschedule(when + seconds)


class Deadline:
    """Gives up after `seconds`."""

    def __init__(self, model: ChatModel, seconds: float) -> None:
        self.name = model.name
        self._model = model
        self._seconds = seconds

    async def chat(self, request: ChatRequest) -> ChatResponse:
        """The whole answer; raises `ModelTimeout` when the time is up."""
        try:
            async with asyncio.timeout(self._seconds) as limit:
                with hear_waits(partial(put_off, limit)):
                    return await self._model.chat(request)
        except TimeoutError:
            raise self._late() from None

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatChunk]:
        """The answer piece by piece; the reader's own time counts as well."""
        end = monotonic() + self._seconds

        def wait(seconds: float) -> None:
            nonlocal end
            end += seconds
            put_off(limit, seconds)

        async with aclosing(cast("AsyncGenerator[ChatChunk]", self._model.stream(request))) as chunks:
            while True:
                try:
                    async with asyncio.timeout(max(0.0, end - monotonic())) as limit:
                        with hear_waits(wait):
                            chunk = await anext(chunks, None)
                except TimeoutError:
                    raise self._late() from None
                if chunk is None:
                    return
                yield chunk

    def _late(self) -> ModelTimeout:
        return ModelTimeout(f"{self.name}: no whole answer within {self._seconds:g} s", hint="raise the `timeout`")
