from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from virtual_time import run

from ferrata.gateway import DeadlineWatch, Watched

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_task_is_cancelled_once_when_its_time_is_up() -> None:
    async def main(clock: Callable[[], float]) -> None:
        watch = DeadlineWatch(clock=clock)
        watched = Watched(0.3)
        watch.begin(watched)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(10)
        assert clock() == pytest.approx(0.3, abs=0.051)
        # Cleaning up has the time that it needs.
        await asyncio.sleep(5)
        assert watched.late
        assert watch.end(watched)
        assert not watch.end(watched)
        assert watched.task.cancelling() == 0
        assert len(watch) == 0

    run(main)


def test_who_ends_in_time_is_left_in_peace() -> None:
    async def main(clock: Callable[[], float]) -> None:
        watch = DeadlineWatch(clock=clock)
        watched = Watched(0.3)
        watch.begin(watched)
        await asyncio.sleep(0.2)
        assert not watch.end(watched)
        await asyncio.sleep(10)
        # Later ones are watched again, although the timer had stopped.
        other = Watched(clock() + 0.3)
        watch.begin(other)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(10)
        assert watch.end(other)

    run(main)


def test_a_deadline_may_be_moved() -> None:
    async def main(clock: Callable[[], float]) -> None:
        watch = DeadlineWatch(clock=clock)
        watched = Watched(0.3)
        watch.begin(watched)
        watched.deadline = 2.0
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(10)
        assert clock() == pytest.approx(2.0, abs=0.051)
        assert watch.end(watched)

    run(main)


def test_deadlines_within_deadlines() -> None:
    async def main(clock: Callable[[], float]) -> None:
        watch = DeadlineWatch(clock=clock)
        outer, inner = Watched(5.0), Watched(1.0)
        watch.begin(outer)
        watch.begin(inner)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(10)
        assert watch.end(inner)
        assert not watch.end(outer)

    run(main)


def test_no_deadline_without_a_task() -> None:
    loop = asyncio.new_event_loop()
    failed = list[BaseException]()

    def outside() -> None:
        try:
            Watched(1.0)
        except RuntimeError as error:
            failed.append(error)

    loop.call_soon(outside)
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    assert [str(error) for error in failed] == ["a deadline needs a running task"]
