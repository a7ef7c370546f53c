"""The number of calls at a time against servers of a hidden capacity, in time that only the test moves."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import pytest

from ferrata.evals.runner.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Callable


class Seen(NamedTuple):
    """What came of so many calls: answers a second, refusals, the limit over the last three quarters of them."""

    rate: float
    refused: int
    limits: list[int]

    @property
    def median(self) -> int:
        return sorted(self.limits)[len(self.limits) // 2]


@dataclass
class Server:
    """Answers in a second each; more than `capacity` at a time it refuses, or else all take so many times as long.

    Args:
        capacity: at a time, by the time of day.
        refuses: what is too many; else it becomes slower.
        spread: of the seconds (lognormal, sigma); 0: all the same.
        seconds: of a call, by its number.
    """

    capacity: Callable[[float], int]
    refuses: bool = True
    spread: float = 0.0
    seconds: Callable[[int], float] = lambda _: 1.0
    random: random.Random = field(default_factory=lambda: random.Random(1))

    def call(self, number: int, flying: int, now: float) -> float | None:
        """Seconds that the call takes; None where it is refused."""
        capacity = self.capacity(now)
        if self.refuses and flying >= capacity:
            return None
        seconds = self.seconds(number) * (1.0 if self.refuses else max(1.0, (flying + 1) / capacity))
        return seconds * self.random.lognormvariate(-(self.spread**2) / 2, self.spread) if self.spread else seconds


def simulate(server: Server, calls: int, *, most: int = 256, fixed: bool = False) -> Seen:
    now, number, done = [0.0], 0, 0
    pace = Pace(most, fixed=fixed, now=lambda: now[0])
    flying: list[tuple[float, int, float | None]] = []
    limits: list[int] = []
    while done < calls:
        while len(flying) < pace.limit and not pace.pause:
            seconds = server.call(number, len(flying), now[0])
            heapq.heappush(flying, (now[0] + (0.02 if seconds is None else seconds), number, seconds))
            number += 1
        if len(flying) < pace.limit and (not flying or flying[0][0] > now[0] + pace.pause):
            now[0] += pace.pause + 1e-9
            continue
        now[0], _, seconds = heapq.heappop(flying)
        if seconds is None:
            pace.refuse()
        else:
            done += 1
            pace.answered(seconds)
        limits.append(pace.limit)
    return Seen(done / now[0], pace.refused, limits[len(limits) // 4 :])


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("capacity", [1, 2, 5, 10, 40, 100])
def test_it_settles_at_what_is_not_refused(capacity: int, spread: float) -> None:
    seen = simulate(Server(lambda _: capacity, spread=spread), capacity * 200)
    assert abs(seen.median - capacity) <= max(1, capacity // 10)
    assert max(seen.limits) <= capacity + 1
    assert seen.rate >= 0.8 * capacity
    assert seen.refused <= 0.2 * capacity * 200


@pytest.mark.parametrize("capacity", [10, 20, 40, 100])
def test_it_settles_near_what_makes_answers_slower(capacity: int) -> None:
    seen = simulate(Server(lambda _: capacity, refuses=False), capacity * 200)
    assert capacity <= seen.median <= 2 * capacity
    assert capacity * 0.8 <= min(seen.limits)
    assert max(seen.limits) <= 2.5 * capacity
    assert seen.rate >= 0.95 * capacity


@pytest.mark.parametrize("capacity", [4, 10, 40, 100])
@pytest.mark.parametrize("spread", [0.5, 1.0])
def test_answers_of_very_different_length_leave_it_near(capacity: int, spread: float) -> None:
    seen = simulate(Server(lambda _: capacity, refuses=False, spread=spread), capacity * 200)
    assert seen.rate >= 0.9 * capacity
    assert min(seen.limits) >= capacity * 0.8


def test_one_that_is_slower_from_now_on_costs_one_step_back() -> None:
    seen = simulate(Server(lambda _: 1000, spread=0.5, seconds=lambda n: 1.0 if n < 3000 else 5.0), 20000)
    assert seen.median > 200


def test_quick_answers_of_a_cache_do_not_make_the_others_slow() -> None:
    first = simulate(Server(lambda _: 1000, spread=0.5, seconds=lambda n: 0.0001 if n < 300 else 1.0), 10000)
    assert first.median == 256
    every_other = simulate(Server(lambda _: 1000, spread=0.5, seconds=lambda n: 0.0001 if n % 2 else 1.0), 10000)
    assert every_other.median > 128


def test_it_follows_a_capacity_that_shrinks_and_grows() -> None:
    seen = simulate(Server(lambda now: 40 if not 60 <= now < 120 else 10), 5000)
    assert min(seen.limits) <= 11
    assert seen.limits[-1] >= 34


def test_kinds_of_calls_are_compared_with_their_own() -> None:
    pace = Pace(64, now=lambda: 0.0)
    for _ in range(40):
        for _ in range(32):
            pace.answered(2.0, "target")
        for _ in range(32):
            pace.answered(0.1, "judge")
    assert pace.limit == 64


def test_fixed_is_lessened_by_refusals_alone() -> None:
    assert set(simulate(Server(lambda _: 10, refuses=False), 2000, most=64, fixed=True).limits) == {64}
    assert simulate(Server(lambda _: 40), 8000, most=64, fixed=True).median <= 41


def test_refusals_without_an_answer_between_make_longer_and_longer_pauses() -> None:
    now = [0.0]
    pace = Pace(64, now=lambda: now[0])
    pauses: list[float] = []
    for _ in range(12):
        for _ in range(8):
            pace.refuse()
        pauses.append(round(pace.pause, 3))
        now[0] += max(pace.pause, 1.0) + 0.001
    assert pauses[:4] == [0.5, 1.0, 2.0, 4.0]
    assert pauses[-1] == 30.0
    assert pace.refused_for() == pytest.approx(now[0])
    assert pace.limit == 1
    pace.answered(1.0)
    assert pace.refused_for() == 0
    pace.refuse(7.0)
    assert pace.pause == pytest.approx(7.0)
