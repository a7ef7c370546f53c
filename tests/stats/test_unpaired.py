"""Two runs over different rows: Miettinen & Nurminen as published, Welch against scipy, error rates."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from ferrata.errors import UsageError
from ferrata.stats import infer_unpaired_rates
from ferrata.stats.inference import StudentT
from ferrata.stats.unpaired import unpaired_difference


@pytest.mark.parametrize(
    ("baseline", "candidate", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 6.
    [
        ((48, 80), (56, 70), 0.0528, 0.3382),
        ((3, 10), (9, 10), 0.1700, 0.8406),
        ((0, 20), (10, 10), 0.7156, 1.0),
        ((0, 10), (0, 10), -0.2879, 0.2879),
        ((0, 29), (5, 56), -0.0326, 0.1933),
    ],
)
def test_miettinen_nurminen_as_published(
    baseline: tuple[int, int], candidate: tuple[int, int], low: float, high: float
) -> None:
    assert infer_unpaired_rates(*baseline, *candidate).interval() == pytest.approx((low, high), abs=5.1e-5)
    assert infer_unpaired_rates(*candidate, *baseline).interval() == pytest.approx((-high, -low), abs=5.1e-5)


@pytest.mark.parametrize(("first", "second"), [(0.5, 0.5), (0.9, 0.8), (0.02, 0.1)])
def test_claims_about_two_rates_are_false_as_seldom_as_they_say(first: float, second: float) -> None:
    n, m = 25, 30
    errors = 0.0
    for x, p in enumerate(binom.pmf(np.arange(n + 1), n, first)):
        for y, q in enumerate(binom.pmf(np.arange(m + 1), m, second)):
            if p * q > 1e-9:
                found = infer_unpaired_rates(x, n, y, m)
                gap = second - first
                errors += p * q * (found.p_greater(gap) <= 0.025 or found.p_less(gap) <= 0.025)
    assert errors < 0.065


def test_welch_is_that_of_scipy() -> None:
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(4)
    one, other = rng.normal(size=30), rng.normal(0.3, 2, size=20)
    inference, tested = unpaired_difference(one, other, scale="continuous")
    expected = ttest_ind(other, one, equal_var=False)
    assert inference.interval() == pytest.approx(tuple(expected.confidence_interval()))
    assert tested == (pytest.approx(expected.pvalue), "Welch t")


def test_skewed_samples_widen_welch() -> None:
    rng = np.random.default_rng(5)
    one, other = rng.lognormal(0, 1, 40), rng.normal(2, 1, 60)
    inference, _ = unpaired_difference(one, other, scale="continuous")
    assert isinstance(inference, StudentT)
    assert inference.method == "Welch t, widened for skewness"
    # The baseline's long tail lies above its mean: the difference may be lower than t thinks.
    assert inference.skew < 0
    low, high = inference.interval()
    assert inference.estimate - low > high - inference.estimate


def test_welch_covers_skewed_samples() -> None:
    rng = np.random.default_rng(6)
    runs, missed = 800, 0
    for _ in range(runs):
        inference, _ = unpaired_difference(rng.exponential(size=40), rng.normal(1, 1, 80), scale="continuous")
        missed += inference.p_greater(0.0) <= 0.025 or inference.p_less(0.0) <= 0.025
    assert missed / runs < 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5


def test_ties_fall_back_to_two_intervals() -> None:
    rng = np.random.default_rng(7)
    same, spread = np.full(30, 5.0), rng.integers(1, 6, 40).astype(float)
    inference, tested = unpaired_difference(spread, same, scale="ordinal", low=1.0, high=5.0)
    assert inference.method == "two intervals"
    assert tested.test == "Brunner-Munzel"
    low, high = inference.interval()
    assert (inference.p_greater(low), inference.p_less(high)) == pytest.approx((0.025, 0.025), abs=1e-4)


def test_the_scale_and_clusters_choose_the_method() -> None:
    rng = np.random.default_rng(8)
    one, other = (rng.random(60) < 0.7).astype(float), (rng.random(60) < 0.8).astype(float)
    names = [str(i // 6) for i in range(60)]
    assert unpaired_difference(one, other, scale="binary")[1].test == "Miettinen-Nurminen"
    clustered, _ = unpaired_difference(one, other, scale="binary", clusters=(names, names))
    assert clustered.method == "Miettinen-Nurminen, clustered"
    free = unpaired_difference(one, other, scale="binary")[0].interval()
    assert clustered.interval().high - clustered.interval().low > free.high - free.low
    alone, _ = unpaired_difference(one, other, scale="binary", clusters=(["a"] * 60, names))
    assert alone.interval() == (-1.0, 1.0)


def test_counts_that_make_no_rates() -> None:
    with pytest.raises(UsageError, match="is no rate"):
        infer_unpaired_rates(1, 2, 3, 2)
