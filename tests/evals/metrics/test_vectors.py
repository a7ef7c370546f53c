from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.errors import UsageError
from ferrata.evals.metrics import cosine_similarity, dot_product, euclidean_distance, manhattan_distance

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3)


def test_vectors() -> None:
    assert dot_product([1, 2, 3], [4, -5, 6]) == 12
    assert cosine_similarity([1, 0], [1, 1]) == pytest.approx(math.sqrt(0.5))
    assert cosine_similarity([1, 2], [-2, -4]) == pytest.approx(-1)
    assert cosine_similarity([0, 0], [1, 1]) == 0.0
    assert cosine_similarity([1e200, 1e200], [1e200, 1e200]) == pytest.approx(1)
    assert euclidean_distance([0, 0], [3, 4]) == 5
    assert manhattan_distance([0, 0], [3, -4]) == 7


@given(NUMBERS, NUMBERS)
def test_cosine_stays_in_range_and_is_symmetric(one: list[float], other: list[float]) -> None:
    found = cosine_similarity(one, other)
    assert -1.0 <= found <= 1.0
    assert found == pytest.approx(cosine_similarity(other, one), abs=1e-12)


@pytest.mark.parametrize("measure", [dot_product, cosine_similarity, euclidean_distance, manhattan_distance])
def test_lengths_must_agree(measure: object) -> None:
    assert callable(measure)
    with pytest.raises(UsageError, match="vectors of 2 and 3 numbers"):
        measure([1, 2], [1, 2, 3])
