"""Intervals from sums: the same as scipy's, without it."""

from __future__ import annotations

import math

import pytest
from scipy import special

from ferrata.stats import mean_interval, rate_interval


@pytest.mark.parametrize("n", [2, 3, 5, 10, 31, 100, 1_001, 1_000_000])
@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.95, 0.999])
def test_students_interval_is_scipys(n: int, confidence: float) -> None:
    found = mean_interval(n, 3.0, 2.0, confidence)
    assert found is not None
    half = float(special.stdtrit(n - 1, (1 + confidence) / 2)) * 2.0 / math.sqrt(n)
    assert found.low == pytest.approx(3.0 - half, abs=1e-9)
    assert found.high == pytest.approx(3.0 + half, abs=1e-9)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # Newcombe (1998), Statistics in Medicine 17:857-872, table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilsons_interval_is_the_published_one(successes: int, n: int, low: float, high: float) -> None:
    found = rate_interval(n, successes / n)
    assert found is not None
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_what_does_not_vary_has_no_interval_by_student() -> None:
    assert mean_interval(10, 1.0, 0.0) is None
    assert mean_interval(1, 1.0, 1.0) is None
    assert rate_interval(0, 0.0) is None
