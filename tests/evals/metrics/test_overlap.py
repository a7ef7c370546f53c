from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.evals.metrics import (
    Text,
    edit_distance,
    edit_similarity,
    exact_match,
    jaccard,
    partial_similarity,
    similarity,
    sorted_similarity,
    token_overlap,
    token_set_similarity,
)

Pairs = list[tuple[str, str, dict[str, Any]]]
TEXT = st.text(alphabet="ab c", max_size=12)


def test_f1_is_that_of_azure(pairs: Pairs) -> None:
    for response, expected, values in pairs:
        assert token_overlap(Text(response).answer, Text(expected).answer).f1 == pytest.approx(values["f1"], abs=1e-12)


def test_similarities_are_those_of_rapidfuzz(pairs: Pairs) -> None:
    for response, expected, values in pairs:
        assert similarity(response, expected) == pytest.approx(values["ratio"], abs=1e-12)
        assert sorted_similarity(response, expected) == pytest.approx(values["sorted"], abs=1e-12)
        assert token_set_similarity(response, expected) == pytest.approx(values["set"], abs=1e-12)
        assert edit_distance(response, expected) == values["edits"]
        assert edit_similarity(response, expected) == pytest.approx(values["edit_similarity"], abs=1e-12)
        if values["partial"] is not None:
            assert partial_similarity(response, expected) == pytest.approx(values["partial"], abs=1e-12)


@pytest.mark.parametrize(
    ("response", "options", "same"),
    [
        ("Genoa", {}, True),
        ("genoa", {}, False),
        ("genoa", {"case": True}, True),
        (" Genoa\n", {}, False),
        (" Genoa\n", {"space": True}, True),
        ("Genoa.", {"punctuation": True}, True),
        ("Ge noa", {"space": True}, False),
    ],
)
def test_exact_match(response: str, options: dict[str, bool], *, same: bool) -> None:
    assert exact_match(response, "Genoa", **options) is same


def test_jaccard() -> None:
    assert jaccard(["a", "b", "b"], ["b", "c"]) == pytest.approx(1 / 3)
    assert jaccard([], []) == 1.0
    assert jaccard([], ["a"]) == 0.0


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
