"""Calls that are the same at the same time ask once: the first one leads, the others take what it gets.

For whole answers, not for streams. The leader asks within its own task, so that a call without followers costs next to nothing. If it is
cancelled, because its client left, the first of its followers to run leads in its place and asks anew. If it fails, its followers fail
with the same error: they asked the same thing, and to ask again at once, each for itself, would hit a model that is in trouble already.

For one event loop. Knows neither requests nor what an answer is; it must not be changed by those who share it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Coalesced", "Flights"]

T = TypeVar("T")


class Coalesced(NamedTuple, Generic[T]):
    """What a call got; `shared` if another one asked for it."""

    answer: T
    shared: bool


class _Flight(Generic[T]):
    """A call on its way; `landed` is there if somebody follows it."""

    __slots__ = ("landed",)

    def __init__(self) -> None:
        # What came of it: an answer or an error; None: nothing, and another is to lead.
        self.landed: asyncio.Future[_Landed[T] | None] | None = None


class _Landed(NamedTuple, Generic[T]):
    answer: T | None
    error: Exception | None


class Flights(Generic[T]):
    """Calls on their way, by the key of what they ask (see `answer_key`)."""

    __slots__ = ("_flights",)

    def __init__(self) -> None:
        self._flights: dict[bytes, _Flight[T]] = {}

    def __len__(self) -> int:
        return len(self._flights)

    async def join(self, key: bytes, ask: Callable[[], Awaitable[T]]) -> Coalesced[T]:
        """Ask, or take the answer that another call with the key is about to get.

        A follower's own deadline is the caller's to keep, by cancelling.

        Raises:
            Exception: whatever `ask` raises; the same object in the leader and in all that follow it.
        """
        while (flight := self._flights.get(key)) is not None:
            if flight.landed is None:
                flight.landed = asyncio.get_running_loop().create_future()
            # Shielded: a follower that leaves must not take the others' future with it.
            landed = await asyncio.shield(flight.landed)
            if landed is None:
                continue
            if landed.error is not None:
                raise landed.error
            return Coalesced(landed.answer, shared=True)  # pyright: ignore[reportReturnType]
        return Coalesced(await self._lead(key, ask), shared=False)

    async def _lead(self, key: bytes, ask: Callable[[], Awaitable[T]]) -> T:
        flight = self._flights[key] = _Flight[T]()
        landed: _Landed[T] | None = None
        try:
            answer = await ask()
            landed = _Landed(answer, None)
        except Exception as error:
            landed = _Landed(None, error)
            raise
        finally:
            # Before anybody wakes, so that who comes from now on asks anew.
            del self._flights[key]
            if flight.landed is not None:
                flight.landed.set_result(landed)
        return answer
