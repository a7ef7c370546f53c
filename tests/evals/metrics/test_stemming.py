from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.evals.metrics import stem


def test_stems_are_those_of_nltk(reference: dict[str, Any]) -> None:
    stems = reference["stems"]
    assert len(stems) > 500
    assert {word: stem(word) for word in stems} == stems


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("caresses", "caress"),
        ("ponies", "poni"),
        ("ties", "tie"),
        ("agreed", "agre"),
        ("hopping", "hop"),
        ("falling", "fall"),
        ("filing", "file"),
        ("happy", "happi"),
        ("enjoy", "enjoy"),
        ("relational", "relat"),
        ("dying", "die"),
        ("archaeology", "archaeolog"),
        ("as", "as"),
        ("yyyy", "yyyi"),
        ("", ""),
    ],
)
def test_words_of_the_rules(word: str, expected: str) -> None:
    assert stem(word) == expected


@given(st.text(alphabet="aeiouybcdlst1", max_size=20))
def test_a_stem_is_never_longer_than_its_word_by_more_than_a_letter(word: str) -> None:
    assert len(stem(word)) <= len(word) + 1


def test_a_long_word_takes_no_long_time() -> None:
    assert stem("y" * 100_000).startswith("yyy")
