"""Histograms: quantiles within the stated error, whatever the values, and merging loses nothing."""

from __future__ import annotations

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.monitor import RELATIVE_ERROR, Histogram

VALUES = st.lists(st.floats(min_value=1e-9, max_value=1e15) | st.just(0.0) | st.integers(0, 10**6), min_size=1)
SHARES = st.floats(min_value=0, max_value=1)


def of(values: list[float]) -> Histogram:
    found = Histogram()
    for value in values:
        found.add(value)
    return found


def test_the_stated_error_is_two_percent() -> None:
    assert 0.019 < RELATIVE_ERROR <= 0.02


@given(VALUES, SHARES)
def test_a_quantile_is_near_the_value_of_its_rank(values: list[float], share: float) -> None:
    exact = sorted(values)[max(1, ceil(share * len(values))) - 1]
    found = of(values).quantile(share)
    assert found == pytest.approx(exact, rel=RELATIVE_ERROR + 1e-9, abs=0)


@given(VALUES, VALUES)
def test_merging_is_counting_together(some: list[float], others: list[float]) -> None:
    merged, together = of(some), of([*some, *others])
    merged.merge(of(others))
    assert merged.total == pytest.approx(together.total)
    merged.total = together.total
    assert merged.to_bytes() == together.to_bytes()
    assert merged.count == len(some) + len(others)


@given(VALUES)
def test_bytes_hold_all_of_it(values: list[float]) -> None:
    found = of(values)
    again = Histogram.from_bytes(found.to_bytes())
    assert again.to_bytes() == found.to_bytes()
    assert (again.count, again.total, again.least, again.most) == (found.count, found.total, min(values), max(values))


def test_an_empty_one_is_empty() -> None:
    assert Histogram().to_bytes() == b""
    again = Histogram.from_bytes(b"")
    assert (again.count, again.quantile(0.5)) == (0, None)
    again.merge(of([3.0]))
    assert again.quantile(0.5) == 3.0


def test_values_out_of_range_stay_in_order() -> None:
    found = of([1e-30, 1.0, 1e30])
    assert (found.quantile(0.0), found.quantile(1.0)) == (pytest.approx(1e-9, rel=0.03), pytest.approx(1e15, rel=0.04))
    assert of([-5.0]).quantile(0.5) == 0.0


@pytest.mark.parametrize("data", [b"x", b"\x02" + b"0" * 30, Histogram().to_bytes() + b"\x01", b"\x01" + b"0" * 24])
def test_what_is_no_histogram_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="histogram"):
        Histogram.from_bytes(data)


def test_a_minute_of_latencies_is_small() -> None:
    found = of([0.2 + i / 1000 for i in range(6000)])
    assert len(found.to_bytes()) < 300
