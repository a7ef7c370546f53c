"""Calls that are the same at the same time."""

from __future__ import annotations

import asyncio
import random

import pytest

from ferrata.errors import ModelTimeout
from ferrata.gateway import Flights


class Upstream:
    """Answers each call when it is told to, and counts."""

    def __init__(self) -> None:
        self.asked = 0
        self.left = 0
        self.answers: list[asyncio.Future[str]] = []

    async def ask(self) -> str:
        self.asked += 1
        answer = asyncio.get_running_loop().create_future()
        self.answers.append(answer)
        try:
            return await answer
        except asyncio.CancelledError:
            self.left += 1
            raise


async def turns(number: int = 5) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


def test_calls_that_are_the_same_ask_once() -> None:
    async def run() -> None:
        flights, up = Flights[str](), Upstream()
        tasks = [asyncio.create_task(flights.join(b"k", up.ask)) for _ in range(5)]
        other = asyncio.create_task(flights.join(b"other", up.ask))
        await turns()
        assert (up.asked, len(flights)) == (2, 2)
        up.answers[0].set_result("yes")
        up.answers[1].set_result("no")
        assert await asyncio.gather(*tasks) == [("yes", False), *[("yes", True)] * 4]
        assert await other == ("no", False)
        assert len(flights) == 0
        later = asyncio.create_task(flights.join(b"k", up.ask))
        await turns()
        up.answers[2].set_result("anew")
        assert await later == ("anew", False)

    asyncio.run(run())


def test_another_leads_where_the_leader_leaves() -> None:
    async def run() -> None:
        flights, up = Flights[str](), Upstream()
        tasks = [asyncio.create_task(flights.join(b"k", up.ask)) for _ in range(4)]
        await turns()
        tasks[0].cancel()
        await turns()
        assert (up.asked, up.left, tasks[0].cancelled()) == (2, 1, True)
        tasks[1].cancel()
        tasks[2].cancel()  # the one that would lead next leaves at the same moment
        await turns()
        assert (up.asked, up.left) == (3, 2)
        up.answers[2].set_result("yes")
        assert await tasks[3] == ("yes", False)
        assert len(flights) == 0

    asyncio.run(run())


def test_a_follower_that_leaves_takes_nobody_with_it() -> None:
    async def run() -> None:
        flights, up = Flights[str](), Upstream()
        tasks = [asyncio.create_task(flights.join(b"k", up.ask)) for _ in range(3)]
        await turns()
        tasks[1].cancel()
        await turns()
        up.answers[0].set_result("yes")
        assert await tasks[0] == ("yes", False)
        assert await tasks[2] == ("yes", True)
        assert tasks[1].cancelled()
        assert (up.asked, up.left) == (1, 0)

    asyncio.run(run())


@pytest.mark.parametrize("followed", [False, True])
def test_followers_fail_with_the_leaders_error_and_nothing_is_asked_again(followed: bool) -> None:
    async def run() -> None:
        flights, up = Flights[str](), Upstream()
        tasks = [asyncio.create_task(flights.join(b"k", up.ask)) for _ in range(3 if followed else 1)]
        await turns()
        error = ModelTimeout("no answer in time")
        up.answers[0].set_exception(error)
        assert await asyncio.gather(*tasks, return_exceptions=True) == [error] * len(tasks)
        assert (up.asked, len(flights)) == (1, 0)

    asyncio.run(run())


def test_an_error_that_nobody_waits_for_any_longer_is_not_reported_as_lost() -> None:
    async def run() -> list[str]:
        said: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context["message"]))
        flights, up = Flights[str](), Upstream()
        tasks = [asyncio.create_task(flights.join(b"k", up.ask)) for _ in range(2)]
        await turns()
        tasks[1].cancel()
        await turns()
        up.answers[0].set_exception(ModelTimeout("late"))
        with pytest.raises(ModelTimeout):
            await tasks[0]
        del tasks
        await turns()
        return said

    assert asyncio.run(run()) == []


@pytest.mark.parametrize("seed", range(20))
def test_whoever_leaves_whenever_all_others_get_an_answer(seed: int) -> None:
    """Calls of a few keys come and leave at random; each that stays gets the answer of a call that began after it came or was shared."""

    async def run() -> None:
        draw = random.Random(seed)
        flights = Flights[tuple[bytes, int]]()
        running: dict[bytes, int] = {}
        asked = 0

        async def ask(key: bytes) -> tuple[bytes, int]:
            nonlocal asked
            asked += 1
            number = asked
            running[key] = running.get(key, 0) + 1
            assert running[key] == 1, "two ask the same at the same time"
            try:
                for _ in range(draw.randrange(6)):
                    await asyncio.sleep(0)
                if draw.random() < 0.2:
                    raise ModelTimeout("late")
                return key, number
            finally:
                running[key] -= 1

        calls: list[tuple[bytes, bool, asyncio.Task[object]]] = []
        for _ in range(200):
            key = draw.choice([b"a", b"b", b"c"])
            task = asyncio.create_task(flights.join(key, lambda key=key: ask(key)))
            leaves = draw.random() < 0.4
            calls.append((key, leaves, task))
            if leaves:
                for _ in range(draw.randrange(3)):
                    await asyncio.sleep(0)
                task.cancel()
            elif draw.random() < 0.5:
                await asyncio.sleep(0)
        done = await asyncio.wait_for(asyncio.gather(*(task for *_, task in calls), return_exceptions=True), 10)
        for (key, leaves, _), got in zip(calls, done, strict=True):
            if isinstance(got, asyncio.CancelledError):
                assert leaves
            elif not isinstance(got, ModelTimeout):
                assert got[0][0] == key  # pyright: ignore[reportIndexIssue]
        assert (len(flights), asked < len(calls)) == (0, True)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())
