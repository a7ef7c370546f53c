"""Means: published t intervals, error rates by simulation, ties."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrata.errors import UsageError
from ferrata.stats import infer_mean
from ferrata.stats.means import skewness

# Student (1908), extra hours of sleep of ten patients with two drugs; R's data set `sleep`.
SLEEP_1 = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
SLEEP_2 = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])


def test_students_sleep_as_published() -> None:
    # R: t.test(extra ~ group, paired = TRUE): p = 0.002833, interval -2.4598858 to -0.7001142.
    found = infer_mean(np.round(SLEEP_1 - SLEEP_2, 12))
    assert found.method == "t"
    assert found.interval() == pytest.approx((-2.4598858, -0.7001142), abs=1e-6)
    assert 2 * found.p_less(0.0) == pytest.approx(0.002833, abs=1e-6)


def missed(draw: object, truth: float, *, runs: int, **bounds: float) -> tuple[float, float]:
    """Shares of samples whose interval lies below, and above, the truth."""
    found = [infer_mean(draw(), **bounds) for _ in range(runs)]  # type: ignore[operator]
    return (
        float(np.mean([one.p_less(truth) <= 0.025 for one in found])),
        float(np.mean([one.p_greater(truth) <= 0.025 for one in found])),
    )


@pytest.mark.parametrize(
    ("name", "n", "most"),
    [
        # `most` is the larger one-sided error that is known, in per cent, where 2.5 are meant (StudentT's table).
        ("normal", 10, 2.6),
        ("normal", 40, 2.6),
        ("uniform", 20, 2.6),
        ("t(3)", 50, 2.6),
        ("exponential", 30, 4.0),
        ("exponential", 200, 2.8),
        ("log-normal", 50, 5.4),
        ("likert", 60, 3.0),
    ],
)
def test_means_are_covered(name: str, n: int, most: float) -> None:
    rng = np.random.default_rng(11)
    draws = {
        "normal": (lambda: rng.normal(size=n), 0.0),
        "uniform": (lambda: rng.random(n), 0.5),
        "t(3)": (lambda: rng.standard_t(3, n), 0.0),
        "exponential": (lambda: rng.exponential(size=n), 1.0),
        "log-normal": (lambda: rng.lognormal(0, 1, n), float(np.exp(0.5))),
        "likert": (lambda: rng.choice(np.arange(1.0, 6.0), p=[0.05, 0.05, 0.2, 0.4, 0.3], size=n), 3.85),
    }
    draw, truth = draws[name]
    runs = 1500
    errors = missed(draw, truth, runs=runs)
    assert max(errors) < most / 100 + 3 * (0.03 / runs) ** 0.5


@pytest.mark.parametrize(
    ("values", "chances"),
    [([1.0, 5.0], [0.02, 0.98]), ([4.0, 5.0], [0.05, 0.95]), ([1.0, 4.0, 5.0], [0.05, 0.1, 0.85]), ([5.0], [1.0])],
)
@pytest.mark.parametrize("n", [15, 50])
def test_scores_that_are_nearly_all_the_same_are_covered(values: list[float], chances: list[float], n: int) -> None:
    """Student's t misses the truth of the first in a third of samples of 50: those in which no 1 was seen."""
    rng = np.random.default_rng(3)
    truth = float(np.dot(values, chances))
    errors = missed(lambda: rng.choice(values, p=chances, size=n), truth, runs=400, low=1.0, high=5.0)
    assert sum(errors) < 0.05


@pytest.mark.parametrize("off", [3, 6, 12])
def test_without_a_scale_ties_widen_the_interval(off: int) -> None:
    """200 rows of which a few cost something: t misses 11 % on one side with 3 of them, here below 2.5."""
    rng = np.random.default_rng(4)
    n, runs = 200, 800
    errors = missed(lambda: rng.exponential(size=n) * (rng.random(n) < off / n), off / n, runs=runs)
    assert max(errors) < 0.025 + 3 * (0.025 / runs) ** 0.5


def test_all_the_same_is_not_certainty() -> None:
    bounded = infer_mean(np.ones(40), low=0.0, high=1.0)
    # Exact, for a rate: 0.025 ** (1 / 40) = 0.912; bets pay for not knowing the shape.
    assert 0.8 < bounded.interval().low < 0.912
    assert bounded.interval().high == 1.0
    assert bounded.notes == ("All 40 values are the same; how far others could lie is not seen.",)
    free = infer_mean(np.full(40, 3.0))
    assert free.interval() == (-inf, inf)
    assert "or a known scale" in free.notes[-1]


def test_one_row_says_nearly_nothing() -> None:
    assert infer_mean(np.array([0.5]), low=0.0, high=1.0).interval() == pytest.approx((0.0, 1.0), abs=0.02)
    assert infer_mean(np.array([0.5])).interval() == (-inf, inf)


def test_few_rows_are_named() -> None:
    assert "With only 5 rows" in infer_mean(np.array([1.0, 2.0, 3.5, 4.0, 5.0])).notes[0]


def test_an_interval_stays_within_the_scale() -> None:
    values = np.array([1.0, 0.9, 1.0, 0.95, 0.3])
    assert infer_mean(values).interval().high > 1
    assert infer_mean(values, low=0.0, high=1.0).interval().high == 1.0


MANY = st.lists(st.integers(-40, 40).map(lambda x: x / 8), min_size=2, max_size=50).map(np.array)


@given(MANY, st.integers(-20, 20), st.sampled_from([0.25, 2.0, 8.0]), st.randoms())
@settings(max_examples=100, deadline=None)
def test_shift_scale_mirror_and_order(values: np.ndarray, shift: int, scale: float, random: object) -> None:
    low, high = infer_mean(values, low=-5.0, high=5.0).interval()
    moved = infer_mean(values * scale + shift, low=-5 * scale + shift, high=5 * scale + shift).interval()
    assert moved == pytest.approx((low * scale + shift, high * scale + shift), abs=1e-6)
    assert infer_mean(-values, low=-5.0, high=5.0).interval() == pytest.approx((-high, -low), abs=1e-6)
    other = values.copy()
    random.shuffle(other)  # type: ignore[attr-defined]
    assert infer_mean(other, low=-5.0, high=5.0).interval() == pytest.approx((low, high), abs=1e-9)


def test_skewness_is_that_of_scipy() -> None:
    from scipy.stats import skew

    assert skewness(SLEEP_1) == pytest.approx(skew(SLEEP_1))
    assert skewness(np.ones(4)) == 0.0


@pytest.mark.parametrize(
    ("values", "says"),
    [([], "no value"), ([1, np.nan], "value 2 is nan"), ([0, 7], "value 2 is 7.0, outside of 0.0 to 5.0")],
)
def test_bad_values_are_named(values: list[float], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        infer_mean(np.array(values, dtype=float), low=0.0, high=5.0)
