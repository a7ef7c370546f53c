from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from acting import Stage
from virtual_time import run

from ferrata.errors import ModelRequestInvalid, ModelUnavailable
from ferrata.gateway import probe_routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.gateway import Route

DOWN = ModelUnavailable("down")


class Probe:
    """Outcomes of probes by route, one after the other: seconds and an error or None; the last one again and again."""

    def __init__(
        self, clock: Callable[[], float], outcomes: dict[str, list[tuple[float, BaseException | None]]]
    ) -> None:
        self.clock = clock
        self.outcomes = outcomes
        self.asked = list[tuple[str, float]]()

    async def __call__(self, route: Route) -> None:
        self.asked.append((route.name, self.clock()))
        given = self.outcomes[route.name]
        seconds, error = given.pop(0) if len(given) > 1 else given[0]
        await asyncio.sleep(seconds)
        if error is not None:
            raise error


def broken(clock: Callable[[], float], *names: str) -> Stage:
    stage = Stage(clock, {name: [(0.0, "hello")] for name in ("a", "b")}, breaker={"failures": 1, "seconds": 1})
    for name in names:
        route = stage.by_name[name]
        route.failed(route.begin(clock()), clock(), 0.0)
    return stage


async def probing(stage: Stage, probe: Probe, seconds: float) -> None:
    task = asyncio.create_task(probe_routes(stage.routes.all(), 5.0, probe, limit=3.0, clock=stage.clock))
    await asyncio.sleep(seconds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_only_routes_that_rest_are_probed_until_they_answer() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = broken(clock, "a")
        probe = Probe(clock, {"a": [(0.0, DOWN), (1.0, DOWN), (1.0, None)]})
        await probing(stage, probe, 30.0)
        assert probe.asked == [("a", 5.0), ("a", 10.0), ("a", 16.0)]
        assert [route.breaker.state for route in stage.routes.all()] == ["closed", "closed"]
        assert [route.breaker.held for route in stage.routes.all()] == [0, 0]

    run(main)


def test_calls_do_not_try_while_probes_do() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = broken(clock, "a")
        probe = Probe(clock, {"a": [(0.0, DOWN)]})
        task = asyncio.create_task(probing(stage, probe, 30.0))
        for _ in range(12):
            await asyncio.sleep(2.0)
            assert (await stage.call()).route.name == "b"
        await task
        # Nobody watches any more: a call tries.
        await asyncio.sleep(1.0)
        assert (await stage.call()).route.name == "a"

    run(main)


def test_a_probe_that_hangs_is_a_failed_one_and_keeps_nobody_waiting() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = broken(clock, "a", "b")
        probe = Probe(clock, {"a": [(1000.0, None)], "b": [(0.0, None)]})
        task = asyncio.create_task(probing(stage, probe, 9.0))
        await asyncio.sleep(5.5)
        assert [route.breaker.state for route in stage.routes.all()] == ["half-open", "closed"]
        await task
        assert stage.by_name["a"].breaker.state == "open"

    run(main)


def test_a_vendor_that_refuses_the_probe_as_wrong_is_there() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = broken(clock, "a")
        await probing(stage, Probe(clock, {"a": [(0.0, ModelRequestInvalid("no such path"))]}), 6.0)
        assert stage.by_name["a"].breaker.state == "closed"

    run(main)


def test_a_broken_probe_is_told_of_and_leaves_the_route_to_calls() -> None:
    async def main(clock: Callable[[], float]) -> None:
        told = list[dict[str, Any]]()
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
        stage = broken(clock, "a", "b")
        probe = Probe(clock, {"a": [(0.0, ValueError("a bug"))], "b": [(0.0, DOWN)]})
        task = asyncio.create_task(probing(stage, probe, 21.0))
        await asyncio.sleep(7.0)
        assert [context["message"] for context in told] == ["the probe of the route 'a' failed by its own fault"]
        assert (await stage.call()).route.name == "a"
        await task
        assert [name for name, _ in probe.asked] == ["a", "b", "b", "b", "b"]
        assert [route.breaker.held for route in stage.routes.all()] == [0, 0]

    run(main)


def test_stopping_in_a_probe_leaves_the_trial_to_the_next_call() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = broken(clock, "a")
        await probing(stage, Probe(clock, {"a": [(2.0, None)]}), 6.0)
        assert stage.by_name["a"].breaker.state == "open"
        assert (await stage.call()).route.name == "a"

    run(main)
