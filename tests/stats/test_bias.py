from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrata.errors import UsageError
from ferrata.stats import Bias, length_bias, position_bias, self_preference


def share_held(found: list[Bias], truth: float) -> float:
    return float(np.mean([bias.interval.low <= truth <= bias.interval.high for bias in found]))


def least(runs: int) -> float:
    return 0.95 - 3 * (0.95 * 0.05 / runs) ** 0.5


@pytest.mark.parametrize(("rows", "slope"), [(15, 0.0), (40, 0.3), (200, 0.0)])
def test_intervals_of_the_slope_by_length_hold_the_truth(rows: int, slope: float) -> None:
    """Lengths are skewed, and errors spread the more, the longer the response is."""
    rng, runs, found = np.random.default_rng(1), 300, list[Bias]()
    for _ in range(runs):
        lengths = np.exp(rng.normal(5, 1, rows))
        human = rng.integers(1, 6, rows)
        error = slope * np.log2(lengths) + rng.normal(size=rows) * (0.3 + 0.2 * np.log2(lengths) / 7)
        found.append(length_bias(human + error, human, lengths))
    assert share_held(found, slope) >= least(runs)
    alarms = np.mean([(bias.p_value or 0.0) < 0.05 for bias in found])
    assert alarms > 0.9 if slope else alarms <= 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5


def test_intervals_of_the_slope_hold_the_truth_over_clusters_of_unequal_size() -> None:
    rng, runs, found, naive = np.random.default_rng(2), 300, list[Bias](), list[Bias]()
    for _ in range(runs):
        sizes = rng.integers(1, 8, 30)
        group = np.repeat(np.arange(30), sizes)
        lengths = np.exp(rng.normal(5, 1, 30)[group] + rng.normal(0, 0.2, len(group)))
        error = rng.normal(size=30)[group] + 0.3 * rng.normal(size=len(group))
        zeros = np.zeros(len(group))
        found.append(length_bias(error, zeros, lengths, clusters=[str(g) for g in group]))
        naive.append(length_bias(error, zeros, lengths))
    assert share_held(found, 0.0) >= least(runs)
    assert share_held(naive, 0.0) < 0.8


def test_the_slope_is_that_of_least_squares_per_doubling() -> None:
    rng = np.random.default_rng(3)
    lengths, error = rng.integers(20, 900, 50), rng.normal(size=50)
    found = length_bias(error + 3, np.full(50, 3.0), lengths)
    assert found.estimate == pytest.approx(np.polyfit(np.log2(lengths), error, 1)[0])
    doubled = length_bias(error + 3, np.full(50, 3.0), lengths * 7)
    assert doubled.estimate == pytest.approx(found.estimate)
    assert doubled.interval == pytest.approx(found.interval)
    assert found.unit == "score per doubling of the response's length"


def test_errors_that_are_all_alike_leave_an_interval() -> None:
    found = length_bias([3.0] * 10, [3.0] * 10, range(10, 110, 10))
    assert found.estimate == pytest.approx(0.0)
    assert found.interval.low < -0.1 < 0.1 < found.interval.high
    assert "All errors are the same" in found.notes[1]


def test_position_bias_of_the_published_interval() -> None:
    """Bonett & Price 2012: p12 = (f12 + 1) / (n + 2), p21 likewise, and z * sqrt((p12 + p21 - (p12 - p21)^2) / (n + 2))."""
    forward = [1.0] * 12 + [0.0] * 3 + [1.0] * 20 + [0.0] * 15
    swapped = [0.0] * 12 + [1.0] * 3 + [1.0] * 20 + [0.0] * 15
    found = position_bias(forward, swapped)
    first, second = 13 / 52, 4 / 52
    half = 1.959964 * ((first + second - (first - second) ** 2) / 52) ** 0.5
    assert found.first.estimate == pytest.approx((12 - 3) / 50 / 2)
    assert found.first.interval == pytest.approx(((first - second - half) / 2, (first - second + half) / 2))
    assert found.flips.estimate == pytest.approx(0.3)
    assert found.flips.p_value is None


@pytest.mark.parametrize(
    ("pairs", "first", "second"), [(20, 0.05, 0.05), (30, 0.2, 0.02), (100, 0.01, 0.01), (60, 0.6, 0.3)]
)
def test_intervals_of_position_bias_hold_the_truth(pairs: int, first: float, second: float) -> None:
    rng, runs = np.random.default_rng(4), 1000
    found: list[Bias] = []
    flips: list[Bias] = []
    for draw in rng.random((runs, pairs)):
        forward = np.where(draw < first, 1.0, np.where(draw < first + second, 0.0, 1.0))
        swapped = np.where(draw < first, 0.0, 1.0)
        both = position_bias(forward, swapped)
        found.append(both.first)
        flips.append(both.flips)
    assert share_held(found, (first - second) / 2) >= least(runs)
    # Wilson's interval is right on average over rates, not at each.
    assert share_held(flips, first + second) >= 0.92 - 3 * (0.95 * 0.05 / runs) ** 0.5
    for bias in found[:50]:
        assert (bias.p_value is not None and bias.p_value < 0.05) == (not bias.interval.low <= 0 <= bias.interval.high)


def test_a_judge_that_never_flips_may() -> None:
    found = position_bias([1.0, 0.0] * 10, [1.0, 0.0] * 10)
    assert found.flips.interval.high > 0.1
    assert found.first.interval.low < -0.05
    assert found.first.interval.high > 0.05
    assert found.first.p_value == 1.0
    assert position_bias([0.5], [0.5]).first.notes == ("Only 1 pairs.",)


@pytest.mark.parametrize(("own", "others", "gap"), [(10, 60, 0.0), (40, 40, 0.5), (8, 8, 0.0)])
def test_intervals_of_self_preference_hold_the_truth(own: int, others: int, gap: float) -> None:
    rng, runs = np.random.default_rng(5), 400
    family = np.r_[np.ones(own, bool), np.zeros(others, bool)]
    found: list[Bias] = []
    for _ in range(runs):
        human = rng.integers(1, 6, own + others)
        error = np.where(family, gap + rng.normal(0, 1.0, own + others), rng.normal(0, 0.4, own + others))
        found.append(self_preference(human + error, human, family))
    assert share_held(found, gap) >= least(runs)


def test_self_preference_is_welchs_test_without_clusters() -> None:
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(6)
    error, family = rng.normal(size=40), np.arange(40) % 3 == 0
    found = self_preference(error, np.zeros(40), family)
    expected = ttest_ind(error[family], error[~family], equal_var=False)
    assert found.p_value == pytest.approx(expected.pvalue)
    low, high = expected.confidence_interval(0.95)
    assert found.interval == pytest.approx((low, high))


def test_intervals_of_self_preference_hold_the_truth_over_clusters() -> None:
    """Each question is answered by both families, and is as hard for the judge on both."""
    rng, runs, found = np.random.default_rng(7), 300, list[Bias]()
    names = [str(question) for question in range(25) for _ in range(4)]
    family = np.tile([True, False, True, False], 25)
    for _ in range(runs):
        error = np.repeat(rng.normal(size=25), 4) + 0.5 * rng.normal(size=100)
        found.append(self_preference(error, np.zeros(100), family, clusters=names))
    held = share_held(found, 0.0)
    assert held >= least(runs)
    # The questions cancel, so the interval is not as wide as if they did not.
    assert np.mean([bias.interval.high - bias.interval.low for bias in found]) < 0.6


def test_one_side_without_errors_is_no_side_without_doubt() -> None:
    found = self_preference([1.0] * 12, [1.0] * 12, [True] * 6 + [False] * 6)
    assert found.estimate == 0.0
    assert found.interval.low < -0.3
    assert found.interval.high > 0.3
    assert "either way" in found.notes[-1]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 500)), min_size=8, max_size=40))
def test_order_of_rows_and_direction_change_nothing(rows: list[tuple[int, int, int]]) -> None:
    judge, human, lengths = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    lengths = lengths + np.arange(len(rows))  # never all the same
    own = np.arange(len(rows)) % 2 == 0
    back = np.arange(len(rows))[::-1]
    if np.ptp(np.log2(lengths)) > 1e-6:
        found, again = length_bias(judge, human, lengths), length_bias(judge[back], human[back], lengths[back])
        assert found.interval == pytest.approx(again.interval, abs=1e-9)
        assert found.interval.low < found.interval.high
    found, turned = self_preference(judge, human, own), self_preference(judge, human, ~own)
    assert found.estimate == pytest.approx(-turned.estimate)
    assert found.interval == pytest.approx((-turned.interval.high, -turned.interval.low))


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError, match="same length"):
        length_bias([1, 2, 3, 4, 5], [1] * 5, [10] * 5)
    with pytest.raises(UsageError, match="positive length"):
        length_bias([1, 2, 3, 4, 5], [1] * 5, [10, 20, 0, 5, 5])
    with pytest.raises(UsageError, match="4 clusters"):
        length_bias([1, 2, 3, 4, 5], [1] * 5, [10, 20, 4, 5, 5], clusters=["a", "b", "c", "d", "d"])
    with pytest.raises(UsageError, match="2 of the judge's own family"):
        self_preference([1] * 8, [1] * 8, [True] * 2 + [False] * 6)
    with pytest.raises(UsageError, match="outside of 0 to 1"):
        position_bias([2], [1])
    with pytest.raises(UsageError, match="row 1 is nan"):
        self_preference([float("nan")] * 8, [1] * 8, [True] * 4 + [False] * 4)
