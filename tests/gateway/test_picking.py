from __future__ import annotations

import math
import subprocess
import sys
from collections import Counter
from itertools import count
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from ferrata.catalog import EndpointSettings, RouteSettings
from ferrata.gateway import Picker, Routes, build_routes

if TYPE_CHECKING:
    from collections.abc import Callable

WEIGHTS = st.lists(st.floats(0.1, 10), min_size=2, max_size=5)


def routes_of(weights: list[float], fallbacks: int = 0) -> Routes:
    return build_routes(
        EndpointSettings(
            routes=[RouteSettings(name=f"r{n}", model="a/b", weight=w) for n, w in enumerate(weights)],
            fallbacks=[RouteSettings(name=f"f{n}", model="a/b") for n in range(fallbacks)],
        )
    )


def picker(
    weights: list[float],
    balance: str = "weights",
    *,
    seed: int = 0,
    clock: Callable[[], float] = lambda: 0.0,
    fallbacks: int = 0,
) -> tuple[Picker, Routes]:
    routes = routes_of(weights, fallbacks)
    return Picker("chat", routes, balance=balance, random=Random(seed).random, clock=clock), routes  # type: ignore[arg-type]


def names(chosen: Picker, sticky: bytes | None = None) -> list[str]:
    return [route.name for route in chosen.order(sticky)]


def first(chosen: Picker, sticky: bytes | None = None) -> str:
    return next(chosen.order(sticky)).name


def fits(counts: Counter[str], weights: list[float]) -> float:
    total = sum(counts.values())
    expected = [weight / sum(weights) * total for weight in weights]
    return chisquare([counts[f"r{n}"] for n in range(len(weights))], expected).pvalue


# With p < 1e-6 a true share is refused once in a million examples; 3,000 draws show a share that is wrong by 6 points nearly always.
@settings(max_examples=20)
@given(WEIGHTS, st.integers(0, 2**32))
def test_shares_follow_the_weights(weights: list[float], seed: int) -> None:
    chosen, _ = picker(weights, seed=seed)
    assert fits(Counter(first(chosen) for _ in range(3000)), weights) > 1e-6


@settings(max_examples=20)
@given(WEIGHTS, st.integers(0, 2**32))
def test_shares_of_sticky_values_follow_the_weights(weights: list[float], seed: int) -> None:
    chosen, _ = picker(weights)
    assert fits(Counter(first(chosen, b"user %d %d" % (seed, n)) for n in range(3000)), weights) > 1e-6


def test_the_check_of_shares_sees_a_wrong_share() -> None:
    chosen, _ = picker([0.5, 0.5])
    counts = Counter(first(chosen) for _ in range(3000))
    assert fits(counts, [0.44, 0.56]) < 1e-6


def test_what_comes_second_is_drawn_by_weight_too() -> None:
    chosen, _ = picker([1, 1, 3])
    seconds = Counter(order[1] for order in (names(chosen) for _ in range(6000)) if order[0] == "r0")
    assert (
        chisquare([seconds["r1"], seconds["r2"]], [sum(seconds.values()) / 4, sum(seconds.values()) * 3 / 4]).pvalue
        > 1e-6
    )


@settings(max_examples=50)
@given(WEIGHTS, st.data())
def test_an_order_has_every_route_once(weights: list[float], data: st.DataObject) -> None:
    balance = data.draw(st.sampled_from(["weights", "latency", "cost"]))
    sticky = data.draw(st.sampled_from([None, b"", b"someone"]))
    chosen, routes = picker([*weights, 0.0], balance, fallbacks=2, seed=data.draw(st.integers(0, 99)))
    for route in data.draw(st.lists(st.sampled_from(routes.routes), max_size=9)):
        route.answered(route.begin(-100.0), data.draw(st.floats(0, 3)))
        route.spent(data.draw(st.floats(0, 1)))
    order = names(chosen, sticky)
    assert sorted(order[:-2]) == [f"r{n}" for n in range(len(weights))]
    assert order[-2:] == ["f0", "f1"]


@settings(max_examples=30)
@given(WEIGHTS, st.integers(0, 4), st.floats(1.05, 3), st.integers(0, 2**32))
def test_a_change_of_a_weight_moves_only_what_it_gains(
    weights: list[float], place: int, factor: float, seed: int
) -> None:
    place %= len(weights)
    heavier = [w * factor if n == place else w for n, w in enumerate(weights)]
    before, after = picker(weights)[0], picker(heavier)[0]
    values = [b"%d %d" % (seed, n) for n in range(1500)]
    moved = [(old, new) for v in values if (old := first(before, v)) != (new := first(after, v))]
    assert {new for _, new in moved} <= {f"r{place}"}
    gained = heavier[place] / sum(heavier) - weights[place] / sum(weights)
    # Five standard deviations of a binomial count, and one for its discreteness.
    assert abs(len(moved) - gained * 1500) <= 5 * math.sqrt(1500 * gained * (1 - gained)) + 1


def test_a_route_less_moves_only_its_own_values() -> None:
    before = picker([1, 2, 3])[0]
    after = Picker("chat", Routes(routes_of([1, 2, 3]).routes[:2], ()))
    for number in range(500):
        value = b"%d" % number
        order = names(before, value)
        assert names(after, value) == [name for name in order if name != "r2"]


def test_endpoints_spread_values_differently() -> None:
    routes = routes_of([1, 1])
    one, other = Picker("one", routes), Picker("other", routes)
    differing = sum(first(one, b"%d" % n) != first(other, b"%d" % n) for n in range(400))
    assert 140 < differing < 260


def test_a_value_keeps_to_its_route_in_every_process() -> None:
    code = (
        "from ferrata.catalog import EndpointSettings, RouteSettings\n"
        "from ferrata.gateway import Picker, build_routes\n"
        "settings = EndpointSettings(routes=[RouteSettings(name=f'r{n}', model='a/b', weight=n + 1) for n in range(3)])\n"
        "chosen = Picker('chat', build_routes(settings))\n"
        "print(''.join(next(chosen.order(b'user %d' % n)).name for n in range(12)))"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()
    chosen, _ = picker([1, 2, 3])
    assert said == "".join(first(chosen, b"user %d" % n) for n in range(12))
    # The routes are part of what clients rely on: a later version keeps them.
    assert said == "r1r2r2r2r2r0r0r2r1r0r0r2"


def test_a_sticky_value_goes_before_latency() -> None:
    chosen, routes = picker([1, 1], "latency")
    for route, seconds in zip(routes.routes, (0.1, 9.0), strict=True):
        route.answered(route.begin(0.0), seconds)
    assert {first(chosen, b"%d" % n) for n in range(20)} == {"r0", "r1"}
    assert {first(chosen) for n in range(20)} == {"r0"}


def test_one_route_needs_no_draw() -> None:
    def never() -> float:
        raise AssertionError("drawn")

    chosen = Picker("chat", routes_of([1, 0], 1), random=never, clock=never, balance="latency")
    assert names(chosen) == names(chosen, b"x") == ["r0", "f0"]


def test_the_highest_draw_is_the_last_route_with_a_weight() -> None:
    chosen = Picker("chat", routes_of([0.1, 0.2, 0.3]), random=lambda: 1.0 - 2**-53)
    assert names(chosen) == ["r2", "r1", "r0"]


def test_latency_tries_each_once_and_keeps_to_the_quickest() -> None:
    now = count()
    chosen, routes = picker([1, 1, 1], "latency", clock=lambda: float(next(now)) / 1000)
    taken = Counter[str]()
    for _ in range(600):
        route = next(chosen.order())
        route.answered(route.begin(next(now) / 1000), {"r0": 0.3, "r1": 0.1, "r2": 0.2}[route.name])
        taken[route.name] += 1
    # The slowest of three is never the better of two; the quickest is in two of three pairs.
    assert taken["r0"] == 1
    assert taken["r1"] / 600 == pytest.approx(2 / 3, abs=0.1)
    assert [route.latency for route in routes.routes] == pytest.approx([0.3, 0.1, 0.2])


def test_latency_tries_again_what_was_left_for_long() -> None:
    now = [0.0]
    chosen, routes = picker([1, 1], "latency", clock=lambda: now[0])
    slow, quick = routes.routes
    slow.answered(slow.begin(0.0), 2.0)
    quick.answered(quick.begin(0.0), 1.0)
    tried = list[float]()
    for _ in range(1000):
        now[0] += 1.0
        route = next(chosen.order())
        route.answered(route.begin(now[0]), 2.0 if route is slow else 1.0)
        if route is slow:
            tried.append(now[0])
    gaps = [b - a for a, b in zip(tried, tried[1:], strict=False)]
    assert set(gaps) == {30.0}


def test_few_calls_are_not_all_spent_on_trying() -> None:
    now = [0.0]
    chosen, routes = picker([1, 1], "latency", clock=lambda: now[0])
    for route, seconds in zip(routes.routes, (2.0, 1.0), strict=True):
        route.answered(route.begin(0.0), seconds)
    taken = Counter[str]()
    for _ in range(400):
        now[0] += 60.0
        route = next(chosen.order())
        route.answered(route.begin(now[0]), 2.0 if route.name == "r0" else 1.0)
        taken[route.name] += 1
    assert taken["r0"] <= 20


def test_nobody_else_tries_while_one_does() -> None:
    chosen, routes = picker([1, 1, 1], "latency")
    for name in ("r0", "r1", "r2"):
        route = next(chosen.order())
        assert route.name == name
        route.begin(0.0)
    # Nobody has answered yet: any of them.
    assert {first(chosen) for _ in range(50)} == {"r0", "r1", "r2"}
    assert [route.calls for route in routes.routes] == [1, 1, 1]


def test_quick_failures_do_not_look_like_quick_answers() -> None:
    chosen, routes = picker([1, 1], "latency")
    flaky, sound = routes.routes
    sound.answered(sound.begin(0.0), 1.0)
    flaky.answered(flaky.begin(0.0), 0.9)
    assert first(chosen) == "r0"
    for _ in range(3):
        flaky.failed(flaky.begin(0.0), 0.0, 0.01)
    assert first(chosen) == "r1"


def test_cost_takes_the_cheapest() -> None:
    chosen, routes = picker([1, 1, 1, 1], "cost", fallbacks=1)
    for route, price in zip(routes.routes, (0.3, 0.1, None, 0.2), strict=True):
        route.price = price
    # The one without a price is tried once.
    assert names(chosen) == ["r2", "r1", "r3", "r0", "f0"]
    routes.routes[2].answered(routes.routes[2].begin(0.0), 1.0)
    assert names(chosen) == ["r1", "r3", "r0", "r2", "f0"]
    routes.routes[2].spent(0.05)
    assert first(chosen) == "r2"
    routes.routes[2].spent(1.05)
    assert routes.routes[2].cost == pytest.approx(0.25)
    assert names(chosen) == ["r1", "r3", "r2", "r0", "f0"]


def test_the_same_cost_is_shared_by_weight() -> None:
    chosen, routes = picker([1, 3], "cost")
    for route in routes.routes:
        route.price = 0.1
    assert fits(Counter(first(chosen) for _ in range(3000)), [1, 3]) > 1e-6
