from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrata.errors import UsageError
from ferrata.stats import BettingTest, ConfidenceSequence, TwoStreams

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Rows = Callable[[np.random.Generator, int], NDArray[np.float64]]

ROWS = 2000
RUNS = 300
# The most false alarms that 5 % can give in so many runs: four standard errors more.
MOST = 0.05 + 4 * (0.05 * 0.95 / RUNS) ** 0.5

NULLS: dict[str, tuple[float, Rows]] = {
    "points at the ends": (0.5, lambda rng, n: (rng.random(n) < 0.5) * 1.0),
    "rare": (0.02, lambda rng, n: (rng.random(n) < 0.02) * 1.0),
    "nearly all": (0.98, lambda rng, n: (rng.random(n) < 0.98) * 1.0),
    "skewed": (0.1, lambda rng, n: rng.beta(0.2, 1.8, n)),
    "spread that drifts": (0.5, lambda rng, n: 0.5 + (rng.random(n) - 0.5) * np.linspace(0.02, 1.0, n)),
    "never varies": (0.7, lambda rng, n: np.full(n, 0.7)),
}


@pytest.mark.parametrize("name", NULLS)
def test_looking_after_every_row_raises_no_more_false_alarms_than_promised(name: str) -> None:
    boundary, rows = NULLS[name]
    rng = np.random.default_rng(1)
    alarms = np.zeros(2)
    for _ in range(RUNS):
        test = BettingTest(boundary, low=0.0, high=1.0)
        test.add_many(rows(rng, ROWS))
        alarms += [test.p_greater <= 0.05, test.p_less <= 0.05]
    assert (alarms / RUNS <= MOST).all(), alarms / RUNS


def test_a_mean_on_the_right_side_of_a_boundary_raises_fewer_alarms_still() -> None:
    rng = np.random.default_rng(2)
    alarms = 0
    for _ in range(100):
        test = BettingTest(0.5, low=0.0, high=1.0)
        # Means that move, but stay at or below the boundary.
        test.add_many((rng.random(500) < np.where(np.arange(500) % 50 < 25, 0.5, 0.45)) * 1.0)
        alarms += test.p_greater <= 0.05
    assert alarms / 100 <= 0.05 + 4 * (0.05 * 0.95 / 100) ** 0.5


def test_rows_that_it_takes_to_decide() -> None:
    """Rates of 0.6 against 0.5: a t-test planned for a power of 0.8 takes 149 rows, and half of these tests fewer than 260."""
    rng = np.random.default_rng(3)
    needed: list[int] = []
    for _ in range(100):
        test = BettingTest(0.5, low=0.0, high=1.0)
        for value in (rng.random(1500) < 0.6) * 1.0:
            test.add(value)
            if test.p_greater <= 0.05:
                break
        needed.append(test.n)
    assert np.median(needed) < 260
    assert max(needed) < 1500


def test_one_row_after_another_is_the_same_as_all_at_once() -> None:
    values = np.random.default_rng(4).beta(2, 1, 300) * 4 + 1
    single, many = BettingTest(3.2, low=1.0, high=5.0), BettingTest(3.2, low=1.0, high=5.0)
    for value in values:
        single.add(value)
    many.add_many(values)
    assert single.n == many.n == 300
    assert (single.p_greater, single.p_less) == pytest.approx((many.p_greater, many.p_less), rel=1e-9)
    assert many.mean == pytest.approx(values.mean())


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=60), st.floats(0.05, 0.95))
def test_scale_and_direction_change_nothing(values: list[float], boundary: float) -> None:
    plain = BettingTest(boundary, low=0.0, high=1.0)
    plain.add_many(values)
    scaled = BettingTest(10 * boundary - 3, low=-3.0, high=7.0)
    scaled.add_many(np.clip(10 * np.array(values) - 3, -3, 7))
    turned = BettingTest(1 - boundary, low=0.0, high=1.0)
    turned.add_many(1 - np.array(values))
    assert plain.p_greater == pytest.approx(scaled.p_greater, rel=1e-6)
    assert plain.p_greater == pytest.approx(turned.p_less, rel=1e-6)
    assert 0.0 < plain.p_greater <= 1.0


def test_the_stake_is_that_of_a_bet_by_hand() -> None:
    """One row of 1 against 0.5: a bet of f pays 1 + f; the stake is the mean over the bets."""
    from ferrata.stats.sequential import BETS

    test = BettingTest(0.5, low=0.0, high=1.0)
    test.add(1.0)
    assert test.p_greater == pytest.approx(1.0 / (1.0 + BETS.mean()))
    assert test.p_less == 1.0


def test_a_sequence_holds_what_the_test_does_not_refute() -> None:
    values = (np.random.default_rng(5).random(400) < 0.7) * 1.0
    sequence = ConfidenceSequence(0.0, 1.0, 0.9)
    sequence.add_many(values)
    low, high = sequence.interval
    assert 0.55 < low < 0.7 < high < 0.85
    for boundary in (low, high, low + 0.001, high - 0.001):
        test = BettingTest(boundary, low=0.0, high=1.0)
        test.add_many(values)
        refuted = test.p_greater <= 0.05 or test.p_less <= 0.05
        assert refuted == (boundary in (low, high))


def test_a_sequence_is_right_at_all_moments_at_once() -> None:
    rng = np.random.default_rng(6)
    missed = 0
    for _ in range(60):
        sequence = ConfidenceSequence(0.0, 1.0, 0.8, steps=100)
        sequence.add_many(rng.beta(1, 3, 400))
        # It only shrinks, so the last is within all before.
        missed += not sequence.interval.low <= 0.25 <= sequence.interval.high
    assert missed / 60 <= 0.2 + 4 * (0.2 * 0.8 / 60) ** 0.5


def test_a_sequence_only_shrinks() -> None:
    sequence = ConfidenceSequence(1.0, 5.0, steps=200)
    assert sequence.interval == (1.0, 5.0)
    before = sequence.interval
    for value in np.random.default_rng(7).integers(1, 6, 300):
        sequence.add(float(value))
        assert before.low <= sequence.interval.low <= sequence.interval.high <= before.high
        before = sequence.interval
    assert sequence.notes == ()


def test_a_mean_that_moved_is_said_to_have_moved() -> None:
    sequence = ConfidenceSequence(0.0, 1.0)
    sequence.add_many([0.0] * 300 + [1.0] * 600)
    assert sequence.interval == (0.0, 1.0)
    assert "moved" in sequence.notes[0]


@pytest.mark.parametrize(
    ("share", "rates"), [(0.5, (0.9, 0.9)), (0.05, (0.97, 0.97)), (0.95, (0.3, 0.3)), (0.2, (0.5, 0.5))]
)
def test_two_streams_raise_no_more_false_alarms_than_promised(share: float, rates: tuple[float, float]) -> None:
    rng = np.random.default_rng(8)
    alarms = np.zeros(2)
    runs = 100
    for _ in range(runs):
        test = TwoStreams(low=0.0, high=1.0)
        for candidate, draw in zip(rng.random(600) < share, rng.random(600), strict=True):
            test.add("candidate" if candidate else "baseline", float(draw < rates[int(candidate)]))
        alarms += [test.p_greater <= 0.05, test.p_less <= 0.05]
    assert (alarms / runs <= 0.05 + 4 * (0.05 * 0.95 / runs) ** 0.5).all()


def test_a_small_share_of_traffic_finds_a_candidate_that_fails() -> None:
    rng = np.random.default_rng(9)
    seen: list[int] = []
    for _ in range(30):
        test = TwoStreams(low=0.0, high=1.0)
        while test.p_less > 0.05 and test.n < 10_000:
            candidate = bool(rng.random() < 0.1)
            test.add("candidate" if candidate else "baseline", float(rng.random() < (0.8 if candidate else 0.95)))
        assert test.difference is not None
        assert test.p_greater > 0.05
        seen.append(test.pairs.n)
    assert np.median(seen) < 150


@pytest.mark.parametrize(("low", "high"), [(0.0, float("inf")), (float("nan"), 1.0), (1.0, 1.0)])
def test_without_bounds_there_is_no_test(low: float, high: float) -> None:
    with pytest.raises(UsageError, match="bounds"):
        BettingTest(0.5, low=low, high=high)
    with pytest.raises(UsageError, match="bounds"):
        ConfidenceSequence(low, high)
    with pytest.raises(UsageError, match="bounds"):
        TwoStreams(low=low, high=high)


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan")])
def test_a_value_that_cannot_be_is_refused(value: float) -> None:
    for test in (BettingTest(0.5, low=0.0, high=1.0), ConfidenceSequence(0.0, 1.0)):
        with pytest.raises(UsageError, match="row 2"):
            test.add_many([0.5, value])
        assert test.n == 0
        assert test.mean is None
    with pytest.raises(UsageError, match="candidate"):
        TwoStreams(low=0.0, high=1.0).add("candidate", value)


def test_a_boundary_at_a_bound_is_refused() -> None:
    with pytest.raises(UsageError, match="not between"):
        BettingTest(1.0, low=0.0, high=1.0)
    with pytest.raises(UsageError, match="confidence"):
        ConfidenceSequence(0.0, 1.0, 1.0)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_rows_in_parts_are_the_same_as_one_by_one(share: float) -> None:
    rng = np.random.default_rng(3)
    arms, values = rng.random(1000) < share, rng.random(1000)
    alone, together = (TwoStreams(0.05, low=0.0, high=1.0) for _ in range(2))
    for candidate, value in zip(arms, values, strict=True):
        alone.add("candidate" if candidate else "baseline", float(value))
    for begin, end in ((0, 3), (3, 4), (4, 4), (4, 700), (700, 1000)):
        together.add_many(arms[begin:end], values[begin:end])
    assert together.pairs.n == alone.pairs.n
    for name in ("p_greater", "p_less", "difference"):
        assert getattr(together, name) == pytest.approx(getattr(alone, name))
    with pytest.raises(UsageError, match="row 2"):
        together.add_many([True, False], [0.5, 1.5])


def test_how_many_more_rows_are_needed_comes_true_about() -> None:
    rng = np.random.default_rng(4)
    ratios: list[float] = []
    for _ in range(40):
        test = BettingTest(0.5, low=0.0, high=1.0)
        assert test.more_rows("less", 0.05) is None
        test.add_many(rng.random(100) < 0.35)
        expected = test.more_rows("less", 0.001)
        if not expected:
            continue
        before = test.n
        while test.p_less > 0.001:
            test.add(float(rng.random() < 0.35))
        ratios.append((test.n - before) / expected)
        assert test.more_rows("less", 0.001) == 0
        assert test.more_rows("greater", 0.001) is None
    assert len(ratios) > 20
    assert 0.5 < np.median(ratios) < 2
