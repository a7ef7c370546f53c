from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrata.errors import UsageError
from ferrata.stats import Interval, prediction_powered, prediction_powered_difference

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]


def verdicts(rng: np.random.Generator, truth: Values, se: float, sp: float) -> Values:
    return (rng.random(truth.shape) < np.where(truth == 1, se, 1 - sp)) * 1.0


def share_held(intervals: list[Interval], truth: float) -> float:
    return float(np.mean([low <= truth <= high for low, high in intervals]))


def test_the_formulas_of_the_paper() -> None:
    """PPI++ (Angelopoulos, Duchi & Zrnic 2023, section 6.1, example 6.1) over the rows and the two added ones, written out."""
    rng = np.random.default_rng(1)
    truth = (rng.random(2040) < 0.7) * 1.0
    judge = verdicts(rng, truth, 0.9, 0.8)
    few, labels, many = judge[:40], truth[:40], judge[40:]
    found = prediction_powered(many, few, labels, low=0, high=1)
    f, y = np.append(few, [0, 1]), np.append(labels, [1, 0])
    trust = np.cov(f, y)[0, 1] / (f.var(ddof=1) + 42 / 2000 * many.var(ddof=1))
    assert found.trust == pytest.approx(trust)
    assert found.estimate == pytest.approx(trust * many.mean() + (y - trust * f).mean())
    variance = trust**2 * many.var(ddof=1) / 2000 + (y - trust * f).var(ddof=1) / 42
    assert found.error == pytest.approx(variance**0.5)
    assert (found.n, found.labelled, found.notes) == (2000, 40, ())


@pytest.mark.parametrize(("labels", "rows"), [(20, 500), (30, 200), (50, 1000), (100, 2000)])
@pytest.mark.parametrize(
    ("rate", "se", "sp"), [(0.5, 0.9, 0.8), (0.5, 1.0, 0.9), (0.8, 0.97, 0.95), (0.95, 0.9, 0.8), (0.95, 1.0, 0.9)]
)
def test_intervals_hold_the_truth_with_few_labels(labels: int, rows: int, rate: float, se: float, sp: float) -> None:
    rng, runs = np.random.default_rng(2), 250
    truth = (rng.random((runs, labels + rows)) < rate) * 1.0
    judge = verdicts(rng, truth, se, sp)
    found = [
        prediction_powered(f[labels:], f[:labels], y[:labels], low=0, high=1).interval()
        for f, y in zip(judge, truth, strict=True)
    ]
    assert share_held(found, rate) >= 0.95 - 3 * (0.95 * 0.05 / runs) ** 0.5


@pytest.mark.parametrize(
    "errors", [(0.01, 0.15, 0.6, 0.2, 0.04), (0.0, 0.02, 0.95, 0.02, 0.01), (0.05, 0.0, 0.95, 0.0, 0.0)]
)
@pytest.mark.parametrize("labels", [20, 50])
def test_intervals_hold_the_truth_on_a_scale_of_five(errors: tuple[float, ...], labels: int) -> None:
    rng, runs = np.random.default_rng(3), 250
    shares = [0.02, 0.03, 0.1, 0.35, 0.5]
    truth = rng.choice(5, p=shares, size=(runs, labels + 500)) + 1.0
    judge = np.clip(truth + rng.choice(5, p=errors, size=truth.shape) - 2, 1, 5)
    found = [
        prediction_powered(f[labels:], f[:labels], y[:labels], low=1, high=5).interval()
        for f, y in zip(judge, truth, strict=True)
    ]
    # Where one row in twenty gets two points less, 91 % hold.
    assert share_held(found, float(np.dot(shares, range(1, 6)))) >= 0.92 - 3 * (0.95 * 0.05 / runs) ** 0.5


@pytest.mark.parametrize("gross", [0.0, 0.05])
def test_intervals_hold_the_truth_on_a_continuous_scale(gross: float) -> None:
    rng, runs, labels = np.random.default_rng(4), 250, 30
    truth = rng.beta(2, 5, (runs, labels + 500))
    judge = np.where(rng.random(truth.shape) < gross, 1.0, np.clip(truth + 0.05 * rng.normal(size=truth.shape), 0, 1))
    found = [
        prediction_powered(f[labels:], f[:labels], y[:labels], low=0, high=1).interval()
        for f, y in zip(judge, truth, strict=True)
    ]
    assert share_held(found, 2 / 7) >= 0.94 - 3 * (0.95 * 0.05 / runs) ** 0.5


def test_a_good_judge_saves_labels() -> None:
    rng = np.random.default_rng(5)
    truth = (rng.random(2050) < 0.6) * 1.0
    judge = verdicts(rng, truth, 0.97, 0.95)
    found = prediction_powered(judge[50:], judge[:50], truth[:50], low=0, high=1)
    low, high = found.interval()
    alone = 2 * 1.96 * (0.6 * 0.4 / 50) ** 0.5
    assert high - low < 0.7 * alone
    useless = prediction_powered((rng.random(2000) < 0.5) * 1.0, [0.0, 1.0] * 25, truth[:50], low=0, high=1)
    assert useless.trust < 0.3


@pytest.mark.parametrize("size", [1, 5])
def test_rows_of_one_conversation_count_together(size: int) -> None:
    rng, runs, groups = np.random.default_rng(6), 200, 200
    labelled = 40 * size
    found: list[Interval] = []
    for _ in range(runs):
        names = [f"c{group}" for group in range(groups) for _ in range(size)]
        truth = (rng.random(groups * size) < np.repeat(rng.beta(2, 1, groups), size)) * 1.0
        judge = verdicts(rng, truth, 0.9, 0.85)
        found.append(
            prediction_powered(
                judge[labelled:], judge[:labelled], truth[:labelled], low=0, high=1,
                clusters=names[labelled:], labelled_clusters=names[:labelled],
            ).interval()
        )  # fmt: skip
    assert share_held(found, 2 / 3) >= 0.94 - 3 * (0.95 * 0.05 / runs) ** 0.5


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 5), min_size=2, max_size=60),
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=5, max_size=30),
    st.sampled_from([0.8, 0.95]),
)
def test_interval_and_p_values_say_the_same(many: list[int], pairs: list[tuple[int, int]], confidence: float) -> None:
    few, labels = [a for a, _ in pairs], [b for _, b in pairs]
    error = (1 - confidence) / 2
    mean = prediction_powered(many, few, labels, low=1, high=5)
    apart = prediction_powered_difference(many, many[::-1], few, labels, low=1, high=5, paired=False)
    for found, least, most in ((mean, 1.0, 5.0), (apart, -4.0, 4.0)):
        low, high = found.interval(confidence)
        assert least <= low < high <= most
        assert low <= found.estimate <= high
        if low > least:
            assert found.p_greater(low) == pytest.approx(error, abs=1e-6)
        if high < most:
            assert found.p_less(high) == pytest.approx(error, abs=1e-6)
        rising = [found.p_greater(boundary) for boundary in np.linspace(least, most, 30)]
        assert all(a <= b + 1e-9 for a, b in zip(rising, rising[1:], strict=False))
        falling = [found.p_less(boundary) for boundary in np.linspace(least, most, 30)]
        assert all(a + 1e-9 >= b for a, b in zip(falling, falling[1:], strict=False))
    turned = prediction_powered([6 - x for x in many], [6 - x for x in few], [6 - x for x in labels], low=1, high=5)
    assert turned.estimate == pytest.approx(6 - mean.estimate)
    assert turned.error == pytest.approx(mean.error)


def test_a_judge_that_was_never_seen_to_err_may_err() -> None:
    found = prediction_powered([1.0] * 500, [1.0] * 20, [1.0] * 20, low=0, high=1)
    low, high = found.interval()
    assert low < 0.92
    assert high == 1.0
    assert "agree on all labelled rows" in found.notes[0]
    assert "3 labelled rows" in prediction_powered([1, 0], [1, 0, 1], [1, 0, 1], low=0, high=1).notes[0]


@pytest.mark.parametrize(("se", "sp"), [(0.95, 0.9), (0.9, 0.7), (1.0, 0.8)])
@pytest.mark.parametrize(("before", "after"), [(0.8, 0.8), (0.6, 0.8), (0.9, 0.5)])
def test_differences_hold_the_truth_where_the_judge_confuses_alike(
    se: float, sp: float, before: float, after: float
) -> None:
    """The judge's own interval holds 2 to 96 % here: it shows (se + sp - 1) of the difference."""
    rng, runs = np.random.default_rng(7), 120
    found: list[Interval] = []
    for _ in range(runs):
        first, second, labels = ((rng.random(n) < p) * 1.0 for n, p in ((500, before), (500, after), (80, before)))
        judged = [verdicts(rng, truth, se, sp) for truth in (first, second, labels)]
        found.append(prediction_powered_difference(*judged, labels, low=0, high=1, paired=False).interval())
    assert share_held(found, after - before) >= 0.95 - 3 * (0.95 * 0.05 / runs) ** 0.5


def test_paired_runs_are_compared_row_by_row() -> None:
    rng = np.random.default_rng(8)
    baseline = rng.choice([0.0, 1.0], 400)
    candidate = np.where(rng.random(400) < 0.05, 1.0, baseline)
    labels = baseline[:100]
    judge = verdicts(rng, labels, 0.98, 0.98)
    paired = prediction_powered_difference(baseline, candidate, judge, labels, low=0, high=1)
    apart = prediction_powered_difference(baseline, candidate, judge, labels, low=0, high=1, paired=False)
    assert paired.error < apart.error / 2
    assert paired.n == 400
    assert paired.p_greater(0.0) < 0.05 < apart.p_greater(0.0)
    assert "prefers a run" in paired.notes[0]


def test_labels_that_say_nothing_of_the_judge_leave_everything_possible() -> None:
    found = prediction_powered_difference([0, 1, 1] * 20, [1, 1, 1] * 20, [1.0] * 20, [1.0] * 20, low=0, high=1)
    assert found.interval() == (-1.0, 1.0)
    assert "any difference is possible" in found.notes[1]


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UsageError, match="row 2 is nan"):
        prediction_powered([1, float("nan")], [1, 1, 1], [1, 1, 1], low=0, high=1)
    with pytest.raises(UsageError, match="outside of 0 to 1"):
        prediction_powered([1, 2], [1, 1, 1], [1, 1, 1], low=0, high=1)
    with pytest.raises(UsageError, match="at least 3"):
        prediction_powered([1, 0], [1, 1], [1, 1], low=0, high=1)
    with pytest.raises(UsageError, match="4 scores of the judge for 3 labels"):
        prediction_powered([1, 0], [1, 1, 0, 1], [1, 1, 0], low=0, high=1)
    with pytest.raises(UsageError, match="one kind"):
        prediction_powered([1, 0], [1, 1, 0], [1, 1, 0], low=0, high=1, clusters=["a", "b"])
    with pytest.raises(UsageError, match="2 and 3 scores"):
        prediction_powered_difference([1, 0], [1, 0, 1], [1] * 5, [1, 1, 1, 1, 0], low=0, high=1)
