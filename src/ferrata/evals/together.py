"""Calls that belong to one judge's answer, made at the same time as far as there is room.

The caller's own place is always there, so that calls end also where nobody has room for more: then they are made one after another.
Knows no judge, no run and no model.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Sequence

__all__ = ["Places", "hear_parts", "lend_places", "together"]

T = TypeVar("T")
# So many at a time where nobody says how many there may be, beside the caller's own.
_ALONE = 7


class Places:
    """Places for calls that somebody has to spare, as a run has below its number of calls at a time.

    Args:
        is_free: whether there is one, counted with those that are lent.
        on_free: called when one comes back.

    Attributes:
        lent: at the moment.
    """

    def __init__(self, is_free: Callable[[], bool], on_free: Callable[[], object]) -> None:
        self.lent = 0
        self._is_free = is_free
        self._on_free = on_free

    def take(self) -> bool:
        """Take one, if there is one; it is to be given back."""
        free = self._is_free()
        self.lent += free
        return free

    def give_back(self) -> None:
        """Give one back."""
        self.lent -= 1
        self._on_free()


_places: ContextVar[Places | None] = ContextVar("ferrata_places", default=None)
_parts: ContextVar[Callable[[float], object] | None] = ContextVar("ferrata_parts", default=None)


@contextmanager
def lend_places(places: Places) -> Generator[None]:
    """Let what is called together in this block, and in tasks started in it, take of these places."""
    token = _places.set(places)
    try:
        yield
    finally:
        _places.reset(token)


@contextmanager
def hear_parts(listener: Callable[[float], object]) -> Generator[None]:
    """Tell `listener` how many seconds each of the calls took that are made together in this block."""
    token = _parts.set(listener)
    try:
        yield
    finally:
        _parts.reset(token)


async def together(calls: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    """What the calls give, in their order.

    Raises:
        BaseException: of the first of them that fails; the others are given up.
    """
    if len(calls) < 2:
        return [await call() for call in calls]
    return await _Together(calls).results()


class _Together:
    def __init__(self, calls: Sequence[Callable[[], Awaitable[Any]]]) -> None:
        self._left = deque(enumerate(calls))
        self._found: list[Any] = [None] * len(calls)
        self._heard = _parts.get()
        self._places = _places.get() or _some_places()
        self._others: set[asyncio.Task[None]] = set()
        self._failed: BaseException | None = None

    async def results(self) -> list[Any]:
        try:
            for _ in range(2):  # whoever is about to leave a place leaves it now
                await asyncio.sleep(0)
            while self._left and self._failed is None:
                own = self._left.popleft()
                self._begin_others()
                await self._make(*own)
            while self._others and self._failed is None:
                await asyncio.wait(self._others, return_when=asyncio.FIRST_COMPLETED)
            if self._failed is not None:
                raise self._failed
            return self._found
        finally:
            self._left.clear()
            for task in self._others:
                task.cancel()
            if self._others:
                await asyncio.wait(self._others)

    def _begin_others(self) -> None:
        """Make calls in places that are free."""
        while self._left and self._places.take():
            task = asyncio.create_task(self._make(*self._left.popleft()))
            self._others.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._others.discard(task)
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None:
            self._failed = self._failed or error
        self._places.give_back()
        if self._failed is None:
            self._begin_others()

    async def _make(self, number: int, call: Callable[[], Awaitable[Any]]) -> None:
        began = time.perf_counter()
        self._found[number] = await call()
        if self._heard is not None:
            self._heard(time.perf_counter() - began)


def _some_places() -> Places:
    places = Places(lambda: places.lent < _ALONE, partial(int))
    return places
