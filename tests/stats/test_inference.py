"""Every inference of the room: interval and p-values are each other's inversions."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrata.errors import UsageError
from ferrata.stats import infer_mean, infer_paired_rates, infer_rate, infer_unpaired_rates
from ferrata.stats.inference import Bounded, bisect, quantile, tail, two_sided
from ferrata.stats.intervals import WilsonRate, infer_scores
from ferrata.stats.types import Scores
from ferrata.stats.unpaired import unpaired_difference

COUNTS = st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
VALUES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=60).map(np.array)
SPREAD = st.lists(st.floats(0, 1).map(lambda x: round(x, 6)), min_size=3, max_size=40).map(np.array)


def of_cluster(values: np.ndarray) -> list[str]:
    return [str(i // 3) for i in range(len(values))]


@st.composite
def inferences(draw: st.DrawFn) -> Bounded:
    kind = draw(
        st.sampled_from(["rate", "paired", "unpaired", "mean", "spread", "clustered", "clustered rate", "welch"])
    )
    if kind == "rate":
        return infer_rate(*draw(COUNTS))
    if kind == "paired":
        n = draw(st.integers(1, 40))
        gained = draw(st.integers(0, n))
        return infer_paired_rates(gained, draw(st.integers(0, n - gained)), n)
    if kind == "unpaired":
        return infer_unpaired_rates(*draw(COUNTS), *draw(COUNTS))
    if kind == "mean":
        return infer_mean(draw(VALUES), low=0.0, high=1.0)
    if kind == "spread":
        return infer_mean(draw(SPREAD))
    values = draw(VALUES)
    if kind == "clustered":
        return infer_mean(values, low=0.0, high=1.0, clusters=of_cluster(values))
    if kind == "clustered rate":
        wins = (values > 0.5).astype(float)
        keys = [str(i) for i in range(len(wins))]
        return infer_scores(Scores("right", keys, wins, of_cluster(wins), "binary", 0.0, 1.0))
    return unpaired_difference(values, draw(SPREAD), scale="continuous", low=0.0, high=1.0)[0]


@given(inferences(), st.floats(-1.2, 1.2), st.sampled_from([0.8, 0.95, 0.99]))
@settings(max_examples=150, deadline=None)
def test_a_boundary_is_outside_of_the_interval_where_its_p_value_is_small(
    inference: Bounded, boundary: float, confidence: float
) -> None:
    low, high = inference.interval(confidence)
    error = (1 - confidence) / 2
    assert inference.low <= low <= high <= inference.high
    assert low - 1e-9 <= inference.estimate <= high + 1e-9
    guarded = isinstance(inference, WilsonRate)  # whose p-values may be larger than the interval says, never smaller
    if abs(boundary - low) > 1e-6:
        small = inference.p_greater(boundary) <= error
        assert small == (boundary < low) or (guarded and not small)
    if abs(boundary - high) > 1e-6:
        small = inference.p_less(boundary) <= error
        assert small == (boundary > high) or (guarded and not small)


@given(inferences(), *2 * (st.floats(-1, 1, width=32, allow_subnormal=False),))
@settings(max_examples=150, deadline=None)
def test_p_values_rise_and_fall_with_the_boundary(inference: Bounded, one: float, other: float) -> None:
    one, other = sorted((one, other))
    assert inference.p_greater(one) <= inference.p_greater(other) + 1e-9
    assert inference.p_less(one) >= inference.p_less(other) - 1e-9


@given(inferences())
@settings(max_examples=150, deadline=None)
def test_no_interval_has_no_width_and_more_confidence_is_wider(inference: Bounded) -> None:
    narrow, wide = inference.interval(0.9), inference.interval(0.99)
    assert wide.low <= narrow.low < narrow.high <= wide.high


def test_without_information_everything_within_the_bounds_is_plausible() -> None:
    nothing = Bounded(0.5, 1, "none", 0.0, inf)
    assert nothing.interval() == (0.0, inf)
    assert (nothing.p_greater(0.2), nothing.p_less(0.2), two_sided(nothing)) == (1.0, 1.0, 1.0)
    assert (nothing.p_greater(-0.1), nothing.p_less(-0.1)) == (0.0, 1.0)


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.1, float("nan")])
def test_a_confidence_is_between_0_and_1(confidence: float) -> None:
    with pytest.raises(UsageError, match="makes no sense"):
        infer_rate(3, 10).interval(confidence)


def test_tails_and_quantiles_are_those_of_scipy() -> None:
    from scipy import stats

    assert tail(1.7) == pytest.approx(stats.norm.sf(1.7))
    assert tail(1.7, 4.5) == pytest.approx(stats.t.sf(1.7, 4.5))
    assert quantile(0.975) == pytest.approx(1.959964, abs=1e-6)
    assert quantile(0.975, 9) == pytest.approx(2.262157, abs=1e-6)
    assert bisect(lambda x: x > 0.3, low=0.0, high=1.0) == pytest.approx(0.3)
