"""Adjusted p-values."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.errors import UsageError
from ferrata.stats import holm, shaffer
from ferrata.stats.multiple import true_counts


def test_holm_by_hand() -> None:
    # 4 * 0.005, 3 * 0.01, 2 * 0.03, and no less than the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.7, 0.9]) == [1.0, 1.0]


def test_numbers_of_equal_pairs_as_published() -> None:
    # Shaffer (1986), table 1; Garcia & Herrera, JMLR 9 (2008) 2677-2694, section 3.1.
    assert sorted(true_counts(4)) == [0, 1, 2, 3, 6]
    assert sorted(true_counts(5)) == [0, 1, 2, 3, 4, 6, 10]


@pytest.mark.parametrize("candidates", [2, 3, 4, 5])
def test_numbers_of_equal_pairs_by_enumeration(candidates: int) -> None:
    counts = {
        sum(a == b for a, b in combinations(groups, 2)) for groups in product(range(candidates), repeat=candidates)
    }
    assert true_counts(candidates) == counts


def test_shaffers_factors_for_five() -> None:
    # alpha / 10, four times / 6, twice / 4, / 3, / 2, / 1: Garcia & Herrera, table of the static procedure.
    p_values = [0.001 * 1.0001**i for i in range(10)]
    found = shaffer(p_values, candidates=5)
    assert found[0] == pytest.approx(0.01)
    # Its factors only fall, so that adjusted p-values stay at the first one where p-values hardly differ.
    spread = [10.0 ** -(12 - i) for i in range(10)]
    assert np.array(shaffer(spread, candidates=5)) / spread == pytest.approx([10, 6, 6, 6, 6, 4, 4, 3, 2, 1])


@given(st.lists(st.floats(0, 1), min_size=6, max_size=6), st.permutations(range(6)))
def test_shaffer_is_between_none_and_holm_in_any_order(p_values: list[float], order: list[int]) -> None:
    found = shaffer(p_values, candidates=4)
    assert all(p <= s <= h for p, s, h in zip(p_values, found, holm(p_values), strict=True))
    assert shaffer([p_values[i] for i in order], candidates=4) == [found[i] for i in order]


@pytest.mark.parametrize("means", [[0, 0, 0], [0, 0, 4], [0, 0, 0, 0], [0, 0, 4, 4]])
def test_one_wrong_rejection_or_more_is_as_seldom_as_said(means: list[float]) -> None:
    from scipy.special import ndtr

    rng = np.random.default_rng(9)
    runs, wrong = 3000, 0
    pairs = list(combinations(range(len(means)), 2))
    for scores in rng.normal(size=(runs, len(means))) + means:
        p_values = [2 * ndtr(-abs(scores[a] - scores[b]) / 2**0.5) for a, b in pairs]
        adjusted = shaffer(p_values, candidates=len(means))
        wrong += any(p <= 0.05 for p, (a, b) in zip(adjusted, pairs, strict=True) if means[a] == means[b])
    assert wrong / runs < 0.05 + 3 * (0.05 * 0.95 / runs) ** 0.5


def test_p_values_that_cannot_be() -> None:
    with pytest.raises(UsageError, match="not those of all pairs of 3"):
        shaffer([0.1, 0.2], candidates=3)
    with pytest.raises(UsageError, match="is no p-value"):
        holm([0.1, float("nan")])
