from __future__ import annotations

import math
from typing import Any

import pytest

from ferrata.errors import UsageError
from ferrata.evals.metrics import Text, bleu_of_counts, bleu_text, corpus_bleu, count_bleu, sentence_bleu

SMOOTHINGS = ("none", "exp", "floor", "add-k")


def test_sentences_as_nltk(pairs: list[tuple[str, str, dict[str, Any]]]) -> None:
    for response, expected, values in pairs:
        assert sentence_bleu(response.split(), [expected.split()]) == pytest.approx(values["bleu_nltk"], abs=1e-9)


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_sentences_as_sacrebleu(pairs: list[tuple[str, str, dict[str, Any]]], smoothing: Any) -> None:
    for response, expected, values in pairs:
        found = bleu_text(Text(response), [Text(expected)], smoothing=smoothing)
        assert found == pytest.approx(values["bleu"][smoothing], abs=1e-9)


def test_several_references(reference: dict[str, Any]) -> None:
    several = reference["several"]
    for (response, *expected), nltk, sacre in zip(
        several["triples"], several["bleu_nltk"], several["bleu"], strict=True
    ):
        assert sentence_bleu(response.split(), [one.split() for one in expected]) == pytest.approx(nltk, abs=1e-9)
        assert bleu_text(Text(response), [Text(one) for one in expected]) == pytest.approx(sacre, abs=1e-9)


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_a_corpus_as_sacrebleu(reference: dict[str, Any], smoothing: Any) -> None:
    several = reference["several"]
    rows = [
        count_bleu(Text(response).words_13a, [Text(one).words_13a for one in expected])
        for response, *expected in several["triples"]
    ]
    assert corpus_bleu(rows, smoothing=smoothing) == pytest.approx(several["corpus_bleu"][smoothing], abs=1e-9)


def test_an_empty_corpus_scores_nothing() -> None:
    assert corpus_bleu([]) == 0.0


def test_without_smoothing_a_missing_order_makes_nothing() -> None:
    assert sentence_bleu("a b c d".split(), ["a x c y".split()], smoothing="none") == 0.0
    assert sentence_bleu("a b".split(), ["a b".split()], weights=(0.5, 0.5), smoothing="none") == 1.0


def test_a_short_text_pays_for_its_brevity() -> None:
    counts = count_bleu("a b c d".split(), ["a b c d e f g h".split()])
    assert bleu_of_counts(counts) == pytest.approx(100 * math.exp(-1))


def test_a_reference_is_needed() -> None:
    with pytest.raises(UsageError, match="at least one reference"):
        sentence_bleu(["a"], [])
