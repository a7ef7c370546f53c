"""Calls of one judge that are made at the same time, as far as there is room."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.evals.together import Places, hear_parts, lend_places, together

if TYPE_CHECKING:
    from collections.abc import Coroutine


class Calls:
    """Counts how many are made at a time."""

    def __init__(self) -> None:
        self.flying = self.most = 0
        self.begun: list[int] = []

    async def __call__(self, number: int) -> int:
        self.begun.append(number)
        self.flying += 1
        self.most = max(self.most, self.flying)
        try:
            await asyncio.sleep(0.002 * (5 - number))
            if number == 7:
                raise ValueError("seven")
            return 10 * number
        finally:
            self.flying -= 1


def made(calls: Calls, numbers: list[int], free: int | None) -> tuple[Any, int]:
    """What came of it, and how many places are still lent."""
    places = Places(lambda: places.lent < (free or 0), lambda: None)

    async def main() -> Any:
        work: Coroutine[Any, Any, Any] = together([partial(calls, n) for n in numbers])
        if free is None:
            return await work
        with lend_places(places):
            return await work

    try:
        return asyncio.run(main()), places.lent
    except ValueError as error:
        return error, places.lent


@pytest.mark.parametrize(("free", "most"), [(0, 1), (1, 2), (3, 4), (100, 5), (None, 5)])
def test_results_come_in_order_and_no_more_calls_are_made_than_there_is_room_for(free: int | None, most: int) -> None:
    calls = Calls()
    assert made(calls, [0, 1, 2, 3, 4], free) == ([0, 10, 20, 30, 40], 0)
    assert calls.most == most
    assert sorted(calls.begun) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("free", [0, 2, 100])
def test_one_that_fails_ends_them_all_and_gives_every_place_back(free: int) -> None:
    calls = Calls()
    error, lent = made(calls, [0, 7, 1, 2, 3], free)
    assert (str(error), lent, calls.flying) == ("seven", 0, 0)


def test_given_up_it_gives_every_place_back() -> None:
    calls = Calls()
    places = Places(lambda: places.lent < 2, lambda: None)

    async def main() -> None:
        with lend_places(places):
            task = asyncio.create_task(together([partial(calls, n) for n in range(5)]))
        await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())
    assert (places.lent, calls.flying) == (0, 0)


def test_the_time_of_each_is_told() -> None:
    heard: list[float] = []

    async def main() -> None:
        with hear_parts(heard.append):
            await together([partial(Calls(), n) for n in range(4)])
            await together([partial(Calls(), 4)])  # alone it is no part of anything

    asyncio.run(main())
    assert len(heard) == 4
    assert min(heard) > 0.003
