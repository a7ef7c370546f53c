"""Meters in memory, supplied by hand."""

from __future__ import annotations

import pytest

from ferrata.access import (
    NEEDS_LEASE,
    Allowance,
    BudgetExceeded,
    BudgetUnknown,
    Grant,
    Meter,
    Meters,
    OverLimit,
    RateLimited,
    Scope,
    atoms_of,
    rate_numbers,
)

NOON = 1_772_366_400.0  # 2026-03-01, 12:00 UTC
CALL = atoms_of(requests=1, tokens=50, usd=0.5)
SCOPES: list[Scope] = [
    ("key:key_1", (Allowance("requests", "minute", 10), Allowance("tokens", "minute", 100))),
    ("team:shop", (Allowance("usd", "day", 2),)),
]


def supplied(meters: Meters, *amounts: int, now: float = NOON) -> tuple[Meter, ...]:
    """The meters of a call, with so much of each leased, and nothing left in the store."""
    found = meters.of("call", lambda: SCOPES)
    for meter, amount in zip(found, amounts, strict=True):
        meter.roll(now)
        meter.receive(Grant(amount, amount, 0, 0))
    return found


def refusal(meters: Meters, found: tuple[Meter, ...], now: float = NOON) -> OverLimit:
    for meter in found:
        meter.dry_until = now + 1
    outcome = meters.admit(found, CALL, now)
    assert isinstance(outcome, OverLimit)
    return outcome


def test_what_was_not_leased_needs_a_lease() -> None:
    meters = Meters()
    found = meters.of("call", lambda: SCOPES)
    assert [(meter.scope, meter.unit, meter.limit) for meter in found] == [
        ("key:key_1", "requests", 10),
        ("key:key_1", "tokens", 100),
        ("team:shop", "usd", 2_000_000_000),
    ]
    assert meters.admit(found, CALL, NOON) is NEEDS_LEASE
    assert meters.admit((), CALL, NOON) is None


def test_a_call_reserves_and_puts_back_what_it_did_not_need() -> None:
    meters = Meters()
    found = supplied(meters, 10, 100, 2_000_000_000)
    assert meters.admit(found, CALL, NOON) is None
    assert [meter.free for meter in found] == [9, 50, 1_500_000_000]
    spent = meters.settle(found, CALL, atoms_of(requests=1, tokens=70, usd=0.25), NOON)
    assert spent == [
        ["key:key_1", "requests", "minute", int(NOON), 1],
        ["key:key_1", "tokens", "minute", int(NOON), 70],
        ["team:shop", "usd", "day", int(NOON) - 43_200, 0.25],
    ]
    assert [meter.free for meter in found] == [9, 30, 1_750_000_000]


def test_a_call_is_let_in_by_all_or_takes_nothing() -> None:
    meters = Meters()
    found = supplied(meters, 10, 49, 2_000_000_000)
    assert meters.admit(found, CALL, NOON) is NEEDS_LEASE
    assert [meter.free for meter in found] == [10, 49, 2_000_000_000]


def test_what_takes_nothing_is_not_in_the_span_and_needs_a_budget_all_the_same() -> None:
    meters = Meters()
    found = supplied(meters, 10, 100, 1)
    free = atoms_of(requests=1)
    assert meters.admit(found, free, NOON) is None
    assert meters.admit(found, free, NOON) is NEEDS_LEASE
    spent = meters.settle(found, free, free, NOON)
    assert spent == [["key:key_1", "requests", "minute", int(NOON), 1]]
    assert [meter.free for meter in found] == [9, 100, 1]


def test_a_window_ends_by_the_clock_and_old_calls_count_for_it() -> None:
    meters = Meters()
    found = supplied(meters, 10, 100, 2_000_000_000)
    assert meters.admit(found, CALL, NOON + 59) is None
    assert meters.admit(found, CALL, NOON + 60) is NEEDS_LEASE
    for meter in found[:2]:
        meter.receive(Grant(100, 100, 0, 0))
    assert meters.admit(found, CALL, NOON + 60) is None
    spent = meters.settle(found, CALL, atoms_of(requests=1, tokens=10, usd=0.5), NOON + 59)
    assert [line[3] for line in spent] == [int(NOON), int(NOON), int(NOON) - 43_200]
    assert [meter.free for meter in found] == [99, 50, 1_000_000_000]


def test_a_clock_that_goes_back_finds_no_lease() -> None:
    meters = Meters()
    found = supplied(meters, 10, 100, 2_000_000_000)
    assert meters.admit(found, CALL, NOON - 1) is NEEDS_LEASE
    assert meters.admit(found, CALL, NOON) is NEEDS_LEASE
    # What the store says was granted in this window was spent or forgotten, but for what it adds now.
    found[0].receive(Grant(2, 12, 0, 0))
    assert found[0].free == 2


def test_the_words_of_a_refusal() -> None:
    meters = Meters()
    error = refusal(meters, supplied(meters, 0, 100, 2_000_000_000), NOON + 15)
    assert isinstance(error, RateLimited)
    assert (error.code, error.status, error.retry_after) == ("rate_limit_exceeded", 429, 45)
    assert error.message == "key 'key_1' has used its 10 requests of this minute"
    assert error.hint == "try again in 45 s, when the next minute begins"
    error = refusal(meters, supplied(meters, 10, 49, 2_000_000_000))
    assert error.message == (
        "key 'key_1' has 49 tokens left of its 100 tokens of this minute, and this call may take 50 tokens"
    )
    assert error.numbers == {
        "x-ratelimit-limit-requests": "10",
        "x-ratelimit-remaining-requests": "10",
        "x-ratelimit-limit-tokens": "100",
        "x-ratelimit-remaining-tokens": "49",
    }
    # Of two, the one that lasts longest.
    error = refusal(meters, supplied(meters, 0, 0, 0))
    assert isinstance(error, BudgetExceeded)
    assert (error.code, error.status, error.retry_after, error.scope) == ("budget_exceeded", 429, 43_200, "team:shop")
    assert error.message == "team 'shop' has used its 2 USD of this day"


def test_a_call_larger_than_a_limit_is_refused_at_once() -> None:
    meters = Meters()
    found = meters.of("call", lambda: [("project", (Allowance("tokens", "minute", 10),))])
    outcome = meters.admit(found, CALL, NOON)
    assert isinstance(outcome, RateLimited)
    assert outcome.message == "this call may take 50 tokens, more than the 10 tokens of the project for a minute"
    assert outcome.hint == "ask for less, or raise the limit"


def test_without_the_store_a_twentieth_goes_on_trust() -> None:
    meters = Meters()
    found = meters.of("call", lambda: [("project", (Allowance("requests", "day", 100),))])
    (meter,) = found
    need = atoms_of()
    assert meters.admit(found, need, NOON) is NEEDS_LEASE
    meter.trust(NOON + 1)
    assert [meters.admit(found, need, NOON) for _ in range(5)] == [None] * 5
    outcome = meters.admit(found, need, NOON)
    assert isinstance(outcome, BudgetUnknown)
    assert (outcome.code, outcome.status) == ("budget_unknown", 503)
    assert "the project has used of this day" in outcome.message
    # The store is back: the five are owed.
    meter.receive(Grant(7, 7, 0, 0))
    assert [meters.admit(found, need, NOON) for _ in range(3)] == [None, None, NEEDS_LEASE]
    # What was used up stays so, whether the store is there or not.
    meter.trust(NOON + 1)
    assert isinstance(meters.admit(found, need, NOON), BudgetExceeded)


@pytest.mark.parametrize("limit", [1, 19])
def test_no_twentieth_of_a_small_limit_goes_on_trust(limit: int) -> None:
    meters = Meters()
    found = meters.of("call", lambda: [("project", (Allowance("requests", "day", limit),))])
    assert meters.admit(found, atoms_of(), NOON) is NEEDS_LEASE
    found[0].trust(NOON + 1)
    assert isinstance(meters.admit(found, atoms_of(), NOON), BudgetUnknown)


def test_a_lost_answer_of_the_store_is_told_by_the_next() -> None:
    meter = Meter("project", "requests", "day", 100)
    meter.roll(NOON)
    meter.receive(Grant(10, 10, 90, 0))
    meter.receive(Grant(5, 22, 78, 0))  # 7 were granted between, and nobody heard of it
    assert meter.free == 22
    for committed in (True, False):
        meter.free, meter.returning = 0, 22  # sent back, and no answer came
        meter.receive(Grant(1, 1 if committed else 23, 0, 0))
        assert meter.free == (1 if committed else 23)
        meter.receive(Grant(0, 22, 0, 0))


def test_the_smaller_of_two_limits_holds_and_limits_may_change() -> None:
    meters = Meters()
    scopes: list[Scope] = [("user:ann", (Allowance("requests", "day", 9), Allowance("requests", "day", 5)))]
    (meter,) = meters.of("call", lambda: scopes)
    assert meter.limit == 5
    assert meters.of("call", list) == (meter,)
    scopes[0] = ("user:ann", (Allowance("requests", "day", 50),))
    meters.forget()
    assert meters.of("call", lambda: scopes) == (meter,)
    assert (meter.limit, list(meters)) == (50, [meter])


def test_the_numbers_are_those_of_the_meter_with_least_left() -> None:
    meters = Meters()
    found = meters.of(
        "call", lambda: [("user:a", (Allowance("requests", "day", 9),)), ("team:b", (Allowance("requests", "day", 5),))]
    )
    assert rate_numbers(found) == {"x-ratelimit-limit-requests": "5", "x-ratelimit-remaining-requests": "5"}
    found[0].receive(Grant(1, 1, 0, 0))
    assert rate_numbers(found) == {"x-ratelimit-limit-requests": "9", "x-ratelimit-remaining-requests": "1"}
    assert rate_numbers(()) == {}
