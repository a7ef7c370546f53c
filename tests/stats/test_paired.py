"""Pairs: Tango's interval and McNemar's test as published, their error rates summed over all outcomes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multinomial

from ferrata.errors import UsageError
from ferrata.stats import infer_paired_rates
from ferrata.stats.inference import two_sided
from ferrata.stats.paired import mcnemar, paired_difference


def test_airway_hyper_responsiveness_as_published() -> None:
    # Bentur et al. (2009), the table 1, 1, 7, 12; Fagerland, Lydersen & Laake, Statistics in Medicine 33 (2014) 2850-2875:
    # Tango's interval -0.517 to -0.026; and BMC Med Res Methodol 13:91 (2013): mid-p 0.039.
    assert infer_paired_rates(1, 7, 21).interval() == pytest.approx((-0.517, -0.026), abs=5e-4)
    assert mcnemar(1, 7).p_value == pytest.approx(0.0391, abs=1e-4)


def test_at_zero_the_score_is_mcnemars() -> None:
    # z = (40 - 20) / sqrt(60)
    assert infer_paired_rates(40, 20, 160).statistic(0.0) == pytest.approx(20 / 60**0.5)
    assert infer_paired_rates(40, 20, 160).interval() == pytest.approx((0.0309, 0.2181), abs=1e-4)


@pytest.mark.parametrize("n", [15, 40])
@pytest.mark.parametrize("discordance", [0.05, 0.2, 0.5])
def test_claims_about_paired_rates_are_false_as_seldom_as_they_say(n: int, discordance: float) -> None:
    outcomes = [(b, c) for b in range(n + 1) for c in range(n + 1 - b)]
    found = [infer_paired_rates(b, c, n) for b, c in outcomes]
    for difference in (-0.8 * discordance, 0.0, 0.5 * discordance):
        gained, lost = (discordance + difference) / 2, (discordance - difference) / 2
        chance = multinomial.pmf([[b, c, n - b - c] for b, c in outcomes], n, [gained, lost, 1 - gained - lost])
        outside = [one.p_greater(difference) <= 0.025 or one.p_less(difference) <= 0.025 for one in found]
        assert float(chance @ outside) < 0.075
        if difference == 0:
            tested = [mcnemar(b, c).p_value <= 0.05 for b, c in outcomes]
            assert float(chance @ tested) < 0.053


def test_nothing_changed_still_has_a_width() -> None:
    # z ** 2 / (n + z ** 2)
    assert infer_paired_rates(0, 0, 50).interval() == pytest.approx((-0.07135, 0.07135), abs=1e-5)
    assert mcnemar(0, 0).p_value == 1.0
    everything = infer_paired_rates(10, 0, 10).interval()
    assert everything.high == 1.0
    assert everything.low < 0.8


def test_counts_that_make_no_pairs() -> None:
    with pytest.raises(UsageError, match="make no sense"):
        infer_paired_rates(6, 5, 10)


def test_non_inferiority_is_the_same_score() -> None:
    # 40 of 40 unchanged: no worse than 10 points is z = 0.1 / sqrt(0.1 * 0.9 / 40) = 2.108.
    assert infer_paired_rates(0, 0, 40).statistic(-0.1) == pytest.approx(2.108, abs=1e-3)


def test_the_scale_chooses_inference_and_test() -> None:
    rng = np.random.default_rng(2)
    base = rng.integers(1, 6, 50).astype(float)
    moved = np.clip(base + rng.integers(-1, 2, 50), 1, 5)
    inference, tested = paired_difference(base, moved, scale="ordinal", low=1.0, high=5.0)
    assert (inference.low, inference.high) == (-4, 4)
    assert tested.test == "Wilcoxon signed-rank (Pratt), exact"
    inference, tested = paired_difference(base, moved + rng.normal(size=50), scale="continuous")
    assert tested.test == "paired t"
    assert tested.p_value == pytest.approx(two_sided(inference))
    few = base.copy()
    few[:6] += 1
    inference, tested = paired_difference(base, few, scale="continuous", low=0.0, high=9.0)
    assert (inference.method, tested.test, tested.p_value) == ("betting", "sign flips, exact", 2 / 64)
    wins = (base > 2).astype(float)
    inference, tested = paired_difference(wins, (moved > 2).astype(float), scale="binary")
    assert (inference.method, tested.test) == ("Tango", "McNemar mid-p")
    inference, tested = paired_difference(wins, (wins + 0.5) / 2, scale="binary")
    assert inference.low == -1


def test_equal_differences_are_equal_whatever_the_last_bit() -> None:
    base = np.arange(1, 31) / 10
    inference, tested = paired_difference(base, base + 0.1, scale="continuous", low=0.0, high=5.0)
    assert inference.method == "betting"
    assert tested.p_value < 1e-3


@pytest.mark.parametrize("alike", [0.0, 1.0])
def test_paired_rates_in_clusters_are_covered(alike: float) -> None:
    rng = np.random.default_rng(3)
    sizes = np.maximum(1, np.round(4 * np.exp(np.linspace(-1.5, 1.8, 20)))).astype(int)
    of = np.repeat(np.arange(20), sizes)
    names, runs, missed = [str(i) for i in of], 250, 0
    for _ in range(runs):
        own, shared = (rng.choice([-1.0, 0.0, 1.0], p=[0.3, 0.6, 0.1], size=k) for k in (len(of), 20))
        change = np.where(alike, shared[of], own)
        base = np.where(change < 0, 1.0, 0.0)
        inference, tested = paired_difference(base, base + change, scale="binary", clusters=names)
        assert tested.test == "Tango, clustered"
        missed += inference.p_greater(-0.2) <= 0.025 or inference.p_less(-0.2) <= 0.025
    assert missed / runs < 0.06 + 3 * (0.05 * 0.95 / runs) ** 0.5
