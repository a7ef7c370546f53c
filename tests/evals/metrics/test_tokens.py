from __future__ import annotations

import pytest

from ferrata.evals.metrics import PrecisionRecall, Text, Tokens
from ferrata.evals.metrics.tokens import count_shared, precision_recall


def test_a_text_makes_its_tokens_once() -> None:
    text = Text("The ferry leaves.")
    assert text.words is text.words
    assert text.plain.counts(2) is text.plain.counts(2)
    assert text.plain.counts(2) == {("the", "ferry"): 1, ("ferry", "leaves"): 1}
    assert text.answer.items == ["ferry", "leaves"]
    assert text.words_13a.items == ["The", "ferry", "leaves", "."]
    assert text.stems.items == ["the", "ferri", "leav"]


def test_counts_and_totals_agree() -> None:
    tokens = Tokens(["a", "b", "a"])
    assert Tokens.of(tokens) is tokens
    assert [tokens.counts(order).total() for order in range(1, 6)] == [3, 2, 1, 0, 0]
    assert [tokens.total(order) for order in range(1, 6)] == [3, 2, 1, 0, 0]


def test_shared_tokens_count_as_often_as_the_rarer() -> None:
    assert count_shared(Tokens("aab").counts(1), Tokens("abb").counts(1)) == 2


def test_precision_and_recall() -> None:
    assert precision_recall(1, 2, 4) == PrecisionRecall(0.5, 0.25, pytest.approx(1 / 3))
    assert precision_recall(0, 0, 4) == (0.0, 0.0, 0.0)
