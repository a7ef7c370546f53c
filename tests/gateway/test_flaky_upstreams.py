"""Simulations: what clients and vendors see of routes that fail. Poisson arrivals, seeded; the bounds are stated beside them."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from virtual_time import run

from ferrata.catalog import EndpointSettings
from ferrata.errors import ModelError, ModelUnavailable
from ferrata.gateway import AttemptPolicy, DeadlineWatch, Limits, Picker, Route, build_routes, run_attempts

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Seen:
    """What came of a simulation: calls, those answered, attempts by route."""

    calls: int
    answered: int
    attempts: Counter[str]

    @property
    def success(self) -> float:
        return self.answered / self.calls

    @property
    def load(self) -> float:
        return self.attempts.total() / self.calls


def simulate(
    declared: dict[str, Any], failing: dict[str, float], *, calls: int = 4000, rate: float = 50.0, seed: int = 1
) -> Seen:
    """Calls at a rate a second; each route's attempts take about 0.2 s and fail with the given probability."""
    random = Random(seed)
    seen = Seen(calls, 0, Counter())

    async def attempt(route: Route, limits: Limits) -> str:
        seen.attempts[route.name] += 1
        await asyncio.sleep(random.expovariate(5.0))
        if random.random() < failing.get(route.name, 0.0):
            raise ModelUnavailable("down")
        return "hello"

    async def main(clock: Callable[[], float]) -> None:
        settings = EndpointSettings.model_validate(declared)
        picker = Picker("chat", build_routes(settings), balance=settings.balance, random=random.random, clock=clock)
        policy = AttemptPolicy.of("chat", settings, DeadlineWatch(clock=clock))
        policy.clock, policy.random = clock, random.random

        async def call() -> None:
            try:
                await run_attempts(policy, picker.order(), attempt, deadline=clock() + 60.0, log=[])
                seen.answered += 1
            except ModelError:
                pass

        async with asyncio.TaskGroup() as group:
            for _ in range(calls):
                group.create_task(call())
                await asyncio.sleep(random.expovariate(rate))

    run(main)
    return seen


TWO = [{"name": "a", "model": "v/a"}, {"name": "b", "model": "v/b"}]
CLOSED = {"failures": 1_000_000, "share": 1.0}


def test_where_half_of_one_routes_calls_fail_clients_hardly_notice() -> None:
    seen = simulate({"routes": TWO}, {"a": 0.5})
    assert seen.success == 1.0
    # Its breaker keeps most calls away from it: far less than its half, and less in all than 10 % more attempts.
    assert seen.attempts["a"] / seen.calls < 0.15
    assert seen.load < 1.10


def test_without_breakers_retries_alone_do_it_at_a_price() -> None:
    seen = simulate({"routes": TWO, "breaker": CLOSED}, {"a": 0.5})
    assert seen.success == 1.0
    # Half of half fails; what is retried there is a fifth of the calls at most, and the rest goes on to the other.
    assert 1.25 < seen.load < 1.25 + 0.25


def test_a_single_route_that_fails_half_of_the_time_is_not_hammered() -> None:
    seen = simulate({"routes": TWO[:1], "breaker": CLOSED, "retries": 5}, {"a": 0.5})
    # A fifth more attempts make a fifth of a half more answers.
    assert abs(seen.success - 0.6) < 0.03
    assert seen.load < 1.2 + 30 / seen.calls


def test_a_dead_vendor_sees_next_to_nothing() -> None:
    seen = simulate({"routes": TWO[:1], "retries": 10}, {"a": 1.0})
    assert seen.answered == 0
    # 80 s: a trial each 10 s, what was on its way when the breaker opened, and their retries.
    assert seen.attempts["a"] < 60


def test_a_dead_vendor_without_a_breaker_sees_a_fifth_more() -> None:
    seen = simulate({"routes": TWO[:1], "breaker": CLOSED, "retries": 10}, {"a": 1.0})
    # The reserve of 10, and 0.1 for each of 80 s, twice as much for calls that are still on their way at the end.
    assert seen.load <= 1.2 + (10 + 2 * 8) / seen.calls


def test_a_fallback_carries_all_that_a_dead_route_does_not() -> None:
    seen = simulate({"routes": TWO[:1], "fallbacks": TWO[1:]}, {"a": 1.0})
    assert seen.success == 1.0
    assert seen.attempts["b"] == seen.calls
    assert seen.attempts["a"] < 60


def test_by_latency_a_flaky_route_loses_its_calls() -> None:
    seen = simulate({"routes": TWO, "balance": "latency", "breaker": CLOSED}, {"a": 0.5})
    assert seen.success == 1.0
    assert seen.attempts["a"] / seen.calls < 0.15
