from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.evals.metrics import normalize_text, tokenize_13a, tokenize_answer, tokenize_plain


def test_13a_cuts_as_sacrebleu_does(reference: dict[str, Any]) -> None:
    rows = reference["tokens"]
    assert len(rows) > 150
    assert [tokenize_13a(row["text"]) for row in rows] == [row["13a"] for row in rows]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Pay $1,000.50, please.", ["Pay", "$", "1,000.50", ",", "please", "."]),
        ("a.,5", ["a", ".", ",5"]),
        ("1.,5", ["1", ".", ",", "5"]),
        ("3-4 x-y --5", ["3", "-", "4", "x-y", "--5"]),
        (",,-3.5-a", [",", ",", "-3.5", "-", "a"]),
        ("hyphen-\nated &quot;x&quot;", ["hyphenated", '"', "x", '"']),
        ("", []),
    ],
)
def test_13a_corners(text: str, tokens: list[str]) -> None:
    assert tokenize_13a(text) == tokens


def test_plain_tokens_are_ascii_letters_and_digits() -> None:
    assert tokenize_plain("Zoë's 3.5 FERRIES, 東京") == ["zo", "s", "3", "5", "ferries"]
    assert tokenize_plain("Running the ferries", stems=True) == ["run", "the", "ferri"]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The ferry, a boat!", ["ferry", "boat"]),
        ("“the” An-other", ["“", "”", "another"]),
        ("the\x01a x", ["\x01", "x"]),
        ("the an A", []),
    ],
)
def test_answers_lose_articles_and_punctuation(text: str, tokens: list[str]) -> None:
    assert tokenize_answer(text) == tokens


def test_normalizing() -> None:
    text = "  Straße,\n  GROSS! "
    assert normalize_text(text) == "strasse, gross!"
    assert normalize_text(text, punctuation=True) == "strasse gross"
    assert normalize_text(text, case=False, space=False) == text


@given(st.text(alphabet=st.sampled_from("ab12.,-'\" (\n&é"), max_size=30))
def test_13a_loses_no_sign(text: str) -> None:
    joined = text.rstrip().replace("-\n", "")
    assert "".join(tokenize_13a(text)) == "".join(joined.split())
