from __future__ import annotations

from typing import Any

import pytest

from ferrata.errors import UsageError
from ferrata.evals.metrics import corpus_chrf, count_chrf, sentence_chrf

NAMES = [("chrf", 0), ("chrf++", 2)]


@pytest.mark.parametrize(("name", "words"), NAMES)
def test_chrf_is_that_of_sacrebleu(pairs: list[tuple[str, str, dict[str, Any]]], name: str, words: int) -> None:
    for response, expected, values in pairs:
        assert sentence_chrf(response, [expected], words=words) == pytest.approx(values[name], abs=1e-9)


@pytest.mark.parametrize(("name", "words"), NAMES)
def test_a_corpus_with_two_references(reference: dict[str, Any], name: str, words: int) -> None:
    several = reference["several"]
    rows = [count_chrf(response, expected, words=words) for response, *expected in several["triples"]]
    assert corpus_chrf(rows) == pytest.approx(several[f"corpus_{name}"], abs=1e-9)


def test_the_best_of_two_references(reference: dict[str, Any]) -> None:
    several = reference["several"]
    for (response, *expected), value in zip(several["triples"], several["chrf"], strict=True):
        assert sentence_chrf(response, expected, words=2) == pytest.approx(value, abs=1e-9)


def test_case_may_be_ignored() -> None:
    assert sentence_chrf("GENOA", ["genoa"]) == 0.0
    assert sentence_chrf("GENOA", ["genoa"], lowercase=True) == pytest.approx(100.0)


def test_nothing_to_compare() -> None:
    assert corpus_chrf([]) == 0.0
    with pytest.raises(UsageError, match="at least one reference"):
        sentence_chrf("a", [])
