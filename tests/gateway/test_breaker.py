from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.catalog import BreakerSettings
from ferrata.errors import (
    FerrataError,
    ModelBadResponse,
    ModelBusy,
    ModelDenied,
    ModelError,
    ModelOverQuota,
    ModelRefused,
    ModelRequestInvalid,
    ModelTimeout,
    ModelUnavailable,
)
from ferrata.gateway import Breaker
from ferrata.gateway.breaker import is_client_fault, is_route_fault


def opened(now: float = 0.0, *, failures: int = 3, seconds: float = 10.0) -> Breaker:
    breaker = Breaker(BreakerSettings(failures=failures, seconds=seconds))
    for _ in range(failures):
        breaker.failed(breaker.enter(now), now)
    return breaker


def test_failures_one_after_the_other_open_it() -> None:
    breaker = Breaker(BreakerSettings(failures=3))
    for outcome in "ffsff":
        epoch = breaker.enter(0.0)
        breaker.succeeded(epoch) if outcome == "s" else breaker.failed(epoch, 0.0)
        assert breaker.state == "closed"
    breaker.failed(breaker.enter(0.0), 0.0)
    assert breaker.state == "open"
    assert breaker.enter(9.9) == 0
    assert breaker.wait(4.0) == 6.0


def test_a_share_of_the_last_20_opens_it() -> None:
    breaker = Breaker(BreakerSettings(failures=100, share=0.5))
    for number in range(20):
        assert breaker.state == "closed", number
        epoch = breaker.enter(0.0)
        breaker.succeeded(epoch) if number % 2 == 0 else breaker.failed(epoch, 0.0)
    assert breaker.state == "open"


def test_old_outcomes_leave_the_last_20() -> None:
    breaker = Breaker(BreakerSettings(failures=100, share=0.5))
    for number in range(200):
        epoch = breaker.enter(0.0)
        # 9 failures, then 11 answers, again and again: never 10 of 20.
        breaker.failed(epoch, 0.0) if number % 20 < 9 else breaker.succeeded(epoch)
        assert breaker.state == "closed", number


def test_one_call_tries_after_a_while() -> None:
    breaker = opened()
    trial = breaker.enter(10.0)
    assert trial
    assert breaker.state == "half-open"
    assert breaker.enter(11.0) == 0
    breaker.succeeded(trial)
    assert breaker.state == "closed"
    assert breaker.wait(11.0) == 0.0
    # What happened before is forgotten.
    for _ in range(2):
        breaker.failed(breaker.enter(12.0), 12.0)
        assert breaker.state == "closed"


def test_a_failed_trial_opens_it_again() -> None:
    breaker = opened()
    breaker.failed(breaker.enter(10.0), 12.0)
    assert breaker.state == "open"
    assert breaker.enter(21.9) == 0
    assert breaker.enter(22.0)
    assert breaker.opened == 2


def test_a_trial_that_shows_nothing_leaves_it_to_the_next() -> None:
    breaker = opened()
    breaker.released(breaker.enter(10.0), 11.0)
    assert breaker.state == "open"
    assert breaker.wait(11.0) == 0.0
    assert breaker.enter(11.0)


def test_late_outcomes_of_earlier_calls_decide_nothing() -> None:
    breaker = Breaker(BreakerSettings(failures=1))
    early, other = breaker.enter(0.0), breaker.enter(0.0)
    breaker.failed(other, 0.0)
    breaker.succeeded(early)
    assert breaker.state == "open"
    trial = breaker.enter(10.0)
    breaker.failed(early, 10.0)
    assert breaker.state == "half-open"
    breaker.succeeded(early)
    breaker.released(early, 10.0)
    assert breaker.state == "half-open"
    breaker.succeeded(trial)
    assert breaker.state == "closed"


def test_calls_do_not_try_while_probes_do() -> None:
    breaker = opened()
    breaker.held += 1
    assert breaker.enter(100.0) == 0
    assert breaker.wait(100.0) == 1.0
    probe = breaker.try_out()
    assert probe
    assert breaker.try_out() == 0
    breaker.succeeded(probe)
    assert breaker.enter(100.0)


@given(st.lists(st.tuples(st.sampled_from("esfrt"), st.floats(0, 5)), max_size=200))
def test_at_most_one_tries_and_time_alone_lets_it(steps: list[tuple[str, float]]) -> None:
    breaker = Breaker(BreakerSettings(failures=2, seconds=3.0))
    now, under_way = 0.0, list[int]()
    trials = list[int]()
    for step, seconds in steps:
        now += seconds
        if step == "e":
            before = breaker.state
            epoch = breaker.enter(now)
            assert bool(epoch) == (before == "closed" or (before == "open" and now >= breaker.until))
            if epoch:
                under_way.append(epoch)
                if before == "open":
                    trials.append(epoch)
        elif under_way:
            epoch = under_way.pop(0)
            before = breaker.state
            if step == "s":
                breaker.succeeded(epoch)
            elif step == "f":
                breaker.failed(epoch, now)
            else:
                breaker.released(epoch, now)
            # Only the trial's own outcome ends half-open.
            if before == "half-open" and breaker.state != "half-open":
                assert epoch == trials[-1]
    assert len(set(trials)) == len(trials)


@pytest.mark.parametrize(
    ("kind", "client", "route"),
    [
        (ModelTimeout, False, True),
        (ModelUnavailable, False, True),
        (ModelBadResponse, False, True),
        (ModelBusy, False, True),
        (ModelDenied, False, True),
        (ModelOverQuota, False, True),
        (ModelRequestInvalid, True, False),
        (ModelRefused, True, False),
        (ModelError, False, False),
        (FerrataError, False, False),
    ],
)
def test_whose_fault_it_is(kind: type[FerrataError], *, client: bool, route: bool) -> None:
    assert (is_client_fault(kind("x")), is_route_fault(kind("x"))) == (client, route)
