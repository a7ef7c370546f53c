from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ferrata.gateway import RetryBudget
from ferrata.gateway.retrying import pause


def test_ten_are_free_and_then_one_for_five_calls() -> None:
    budget = RetryBudget()
    assert [budget.take(0.0) for _ in range(12)] == [True] * 10 + [False] * 2
    budget.calls += 5
    assert [budget.take(0.0) for _ in range(2)] == [True, False]
    assert (budget.taken, budget.refused) == (11, 3)


def test_endpoints_with_few_calls_get_one_every_ten_seconds() -> None:
    budget = RetryBudget()
    while budget.take(0.0):
        pass
    assert not budget.take(9.0)
    assert budget.take(10.5)
    assert not budget.take(11.0)


def test_asking_takes_nothing() -> None:
    budget = RetryBudget()
    assert all(budget.has(0.0) for _ in range(50))
    assert budget.taken == 0


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.floats(0, 20)), max_size=60))
def test_within_any_time_they_are_a_share_and_a_constant(steps: list[tuple[int, int, float]]) -> None:
    budget = RetryBudget()
    now = 0.0
    history = [(0, 0, 0.0)]
    for calls, wanted, seconds in steps:
        now += seconds
        budget.calls += calls
        for _ in range(wanted):
            budget.take(now)
        history.append((budget.calls, budget.taken, now))
    for place, (calls, taken, at) in enumerate(history):
        for later_calls, later_taken, later_at in history[place:]:
            bound = 0.2 * (later_calls - calls) + 10 + 0.1 * (later_at - at)
            assert later_taken - taken <= bound + 1e-6


def test_pauses_double_up_to_five_seconds_after_what_was_asked_for() -> None:
    assert [pause(n, None, 1.0) for n in range(1, 8)] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert pause(3, None, 0.0) == 0.0
    assert pause(1, 7.0, 0.5) == 7.1
