from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.evals.metrics import (
    edit_distance,
    edit_similarity,
    partial_similarity,
    similarity,
    sorted_similarity,
    token_set_similarity,
)

Pairs = list[tuple[str, str, dict[str, Any]]]
TEXT = st.text(alphabet="ab c", max_size=12)


def test_similarities_are_those_of_rapidfuzz(pairs: Pairs) -> None:
    for response, expected, values in pairs:
        assert similarity(response, expected) == pytest.approx(values["ratio"], abs=1e-12)
        assert sorted_similarity(response, expected) == pytest.approx(values["sorted"], abs=1e-12)
        assert token_set_similarity(response, expected) == pytest.approx(values["set"], abs=1e-12)
        assert edit_distance(response, expected) == values["edits"]
        assert edit_similarity(response, expected) == pytest.approx(values["edit_similarity"], abs=1e-12)
        if values["partial"] is not None:
            assert partial_similarity(response, expected) == pytest.approx(values["partial"], abs=1e-12)


def test_a_cut_off_makes_less_similar_texts_zero() -> None:
    assert similarity("ferry", "ferries", at_least=0.6) == similarity("ferry", "ferries")
    assert similarity("ferry", "ferries", at_least=0.9) == 0.0
    assert similarity("f", "ferries", at_least=0.5) == 0.0


@given(TEXT, TEXT)
def test_similarity_is_symmetric_and_one_only_for_equal_texts(one: str, other: str) -> None:
    assert similarity(one, other) == similarity(other, one)
    assert (similarity(one, other) == 1.0) == (one == other)
    assert edit_distance(one, other) == edit_distance(other, one)


def test_long_texts() -> None:
    assert similarity("ab" * 5_000, "ba" * 5_000) == pytest.approx(0.9999)
    assert edit_distance("ab" * 3_000, "ba" * 3_000) == 2


@pytest.mark.parametrize("compare", [similarity, partial_similarity, sorted_similarity, edit_similarity])
def test_texts_of_nothing(compare: Any) -> None:
    assert (compare("", ""), compare("", "ferry"), compare("\ud800x", "\ud800x")) == (1.0, 0.0, 1.0)
    assert (token_set_similarity("", ""), token_set_similarity("", "ferry")) == (0.0, 0.0)


def test_white_space_is_no_word() -> None:
    assert (sorted_similarity("", "\xa0 "), token_set_similarity("\xa0", " \xa0")) == (1.0, 0.0)
    assert (sorted_similarity("b\ta", "a b "), token_set_similarity("a\u2003b", "b a c")) == (1.0, 1.0)


def test_distances_beyond_a_limit_are_not_told_apart() -> None:
    assert edit_distance("kitten", "sitting") == 3
    assert edit_distance("kitten", "sitting", most=3) == 3
    assert edit_distance("kitten", "sitting", most=1) == 2
    assert edit_distance("a" * 1_000, "b" * 1_000, most=0) == 1
