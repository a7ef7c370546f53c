from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrata.errors import UsageError
from ferrata.stats import CorrectedRate, rogan_gladen


def corrected(positives: int, n: int, tp: int, positive: int, tn: int, negative: int) -> CorrectedRate:
    return rogan_gladen(
        positives, n, true_positives=tp, positives_labelled=positive, true_negatives=tn, negatives_labelled=negative
    )


@pytest.mark.parametrize(
    ("counts", "low", "high", "places"),
    [
        ((4060, 11284, 178, 179, 358, 359), 0.349, 0.372, 3),
        ((51, 2971, 32, 33, 20, 20), 0.0, 0.053, 3),
        ((712, 11862, 8, 10, 12, 12), 0.0, 0.147, 3),
        # Published as 0.58 to 0.87; the formula gives 0.585.
        ((259, 509, 84, 127, 96, 109), 0.585, 0.866, 3),
        ((51, 509, 23, 41, 187, 195), 0.037, 0.195, 3),
    ],
)
def test_intervals_of_lang_and_reiczigel(counts: tuple[int, ...], low: float, high: float, places: int) -> None:
    """The examples of Lang & Reiczigel 2014, as R's asht::prevSeSp cites them."""
    found = corrected(*counts).interval()
    assert (round(found.low, places), round(found.high, places)) == (low, high)


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.5, 0.8, 0.95])
@pytest.mark.parametrize(
    ("se", "sp", "n", "positive", "negative"),
    [(0.9, 0.9, 200, 20, 20), (0.98, 0.95, 1000, 50, 15), (0.8, 0.7, 1000, 100, 100), (0.9, 0.9, 2000, 50, 50)],
)
def test_intervals_hold_the_truth(rate: float, *, se: float, sp: float, n: int, positive: int, negative: int) -> None:
    rng, runs = np.random.default_rng(1), 250
    seen = rng.binomial(n, rate * se + (1 - rate) * (1 - sp), runs)
    hits, rejected = rng.binomial(positive, se, runs), rng.binomial(negative, sp, runs)
    held = [
        low <= rate <= high
        for low, high in (
            corrected(int(x), n, int(a), positive, int(b), negative).interval()
            for x, a, b in zip(seen, hits, rejected, strict=True)
            if a / positive + b / negative > 1
        )
    ]
    assert np.mean(held) >= 0.945 - 3 * (0.95 * 0.05 / runs) ** 0.5


def test_the_delta_method_would_not_do() -> None:
    """Why Lang & Reiczigel: with 15 labelled negatives, none of them wrong, the delta method is sure of too much."""
    rng, runs = np.random.default_rng(2), 4000
    se, sp, rate = 0.98, 0.95, 0.1
    seen = rng.binomial(1000, rate * se + (1 - rate) * (1 - sp), runs) / 1000
    a, b = rng.binomial(50, se, runs) / 50, rng.binomial(15, sp, runs) / 15
    found = (seen + b - 1) / (a + b - 1)
    error = np.sqrt(seen * (1 - seen) / 1000 + found**2 * a * (1 - a) / 50 + (1 - found) ** 2 * b * (1 - b) / 15) / (
        a + b - 1
    )
    assert np.mean(np.abs(found - rate) <= 1.96 * error) < 0.6


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 500), st.floats(0, 1), st.integers(5, 80), st.floats(0.6, 1), st.integers(5, 80), st.floats(0.6, 1),
    st.sampled_from([0.8, 0.9, 0.95, 0.99]),
)  # fmt: skip
def test_interval_and_p_values_say_the_same(
    n: int, share: float, positive: int, se: float, negative: int, sp: float, confidence: float
) -> None:
    found = corrected(round(share * n), n, round(se * positive), positive, round(sp * negative), negative)
    low, high = found.interval(confidence)
    error = (1 - confidence) / 2
    assert 0.0 <= low <= found.estimate <= high <= 1.0
    assert low < high
    boundaries = np.linspace(0.0, 1.0, 21)
    for boundary in boundaries:
        if boundary < low - 1e-6:
            assert found.p_greater(boundary) <= error + 1e-6
        elif boundary > low + 1e-6 and low > 0:
            assert found.p_greater(boundary) >= error - 1e-6 or boundary <= found.estimate
        if boundary > high + 1e-6:
            assert found.p_less(boundary) <= error + 1e-6
    rising = [found.p_greater(boundary) for boundary in boundaries]
    falling = [found.p_less(boundary) for boundary in boundaries]
    assert all(a <= b + 1e-9 for a, b in zip(rising, rising[1:], strict=False))
    assert all(a + 1e-9 >= b for a, b in zip(falling, falling[1:], strict=False))


def test_what_the_judge_would_say_of_nothing_is_cut_and_said() -> None:
    found = corrected(1, 100, 45, 50, 40, 50)
    assert found.estimate == 0.0
    assert found.interval().low == 0.0
    assert found.interval().high > 0.0
    assert "cut to 0" in found.notes[0]
    assert "cut to 1" in corrected(99, 100, 40, 50, 45, 50).notes[0]


def test_few_labels_and_weak_judges_are_said() -> None:
    assert "Fewer than 30" in corrected(50, 100, 9, 10, 45, 50).notes[0]
    assert "weak" in corrected(50, 100, 35, 50, 35, 50).notes[0]
    assert corrected(50, 100, 45, 50, 45, 50).notes == ()


def test_a_judge_no_better_than_chance_is_refused() -> None:
    with pytest.raises(UsageError, match="no better than chance: sensitivity 0.50, specificity 0.40"):
        corrected(50, 100, 10, 20, 8, 20)
    with pytest.raises(UsageError, match="0 of 0"):
        corrected(50, 100, 10, 20, 0, 0)
    with pytest.raises(UsageError, match="101 of 100"):
        corrected(101, 100, 10, 20, 18, 20)
