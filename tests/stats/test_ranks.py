"""Rank tests against scipy, and against all sign patterns."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrata.stats.ranks import brunner_munzel, mid_ranks, sign_flips, signed_ranks

SMALL = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=9).map(np.array)


@given(SMALL)
@settings(max_examples=60, deadline=None)
def test_exact_p_values_are_shares_of_all_sign_patterns(differences: np.ndarray) -> None:
    ranks = mid_ranks(np.abs(differences)) * (differences != 0)
    signs = np.array(list(product((-1, 1), repeat=len(differences))))
    for weights, found in ((ranks, signed_ranks(differences)), (np.abs(differences), sign_flips(differences))):
        sums = np.abs(signs @ weights)
        seen = abs(float(np.sign(differences) @ weights))
        assert found is not None
        assert found.p_value == pytest.approx(np.mean(sums >= seen - 1e-9))


def test_wilcoxon_as_published() -> None:
    # Hollander & Wolfe (1973), p. 29: depression scale factor before and after; R's help of wilcox.test: V = 40, one-sided 0.01953.
    before = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30])
    after = np.array([0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])
    assert signed_ranks(after - before).p_value == pytest.approx(2 * 0.01953, abs=1e-5)


def test_many_pairs_are_as_in_scipy() -> None:
    from scipy.stats import wilcoxon

    differences = (
        np.random.default_rng(1)
        .choice(np.arange(-3, 4), p=[0.1, 0.12, 0.13, 0.25, 0.15, 0.15, 0.1], size=400)
        .astype(float)
    )
    found = signed_ranks(differences)
    assert found.test == "Wilcoxon signed-rank (Pratt)"
    assert found.p_value == pytest.approx(
        wilcoxon(differences, zero_method="pratt", correction=True, method="asymptotic").pvalue, rel=1e-3
    )
    exact, rough = signed_ranks(differences[:200]), wilcoxon(differences[:200], zero_method="pratt", correction=True)
    assert exact.test.endswith("exact")
    assert exact.p_value == pytest.approx(rough.pvalue, rel=0.05)


def test_signed_ranks_hold_their_error_with_zeros_and_ties() -> None:
    rng = np.random.default_rng(1)
    runs = 1500
    for chances in ([0.1, 0.2, 0.4, 0.2, 0.1], [0.02, 0.05, 0.86, 0.05, 0.02]):
        seen = [signed_ranks(rng.choice(np.arange(-2.0, 3.0), p=chances, size=40)).p_value <= 0.05 for _ in range(runs)]
        assert np.mean(seen) < 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5


def test_brunner_munzel_as_published() -> None:
    # Brunner & Munzel (2000): pain scores after two treatments; R's lawstat: statistic 3.1375, df 17.683, p 0.005786.
    first = np.array([1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 1, 1], dtype=float)
    second = np.array([3, 3, 4, 3, 1, 2, 3, 1, 1, 5, 4], dtype=float)
    assert brunner_munzel(first, second).p_value == pytest.approx(0.005786, abs=1e-6)
    assert brunner_munzel(second, first) == pytest.approx(brunner_munzel(first, second))


def test_samples_that_do_not_overlap() -> None:
    # 2 of the C(8, 4) = 70 orders.
    assert brunner_munzel(np.arange(4.0), np.arange(4.0) + 9).p_value == pytest.approx(2 / 70)
    assert brunner_munzel(np.ones(4), np.ones(5)).p_value == 1.0


def test_many_flips_are_not_tried() -> None:
    assert sign_flips(np.ones(21)) is None
    found = sign_flips(np.r_[np.ones(20), np.zeros(50)])
    assert found is not None
    assert found.p_value == pytest.approx(2 / 2**20)
