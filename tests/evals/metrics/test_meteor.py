from __future__ import annotations

from typing import Any

import pytest

from ferrata.evals.metrics import sentence_meteor


def test_meteor_is_that_of_nltk_without_wordnet(pairs: list[tuple[str, str, dict[str, Any]]]) -> None:
    for response, expected, values in pairs:
        assert sentence_meteor(response.split(), [expected.split()]) == pytest.approx(values["meteor"], abs=1e-12)


def test_the_best_reference_counts(reference: dict[str, Any]) -> None:
    several = reference["several"]
    for (response, *expected), value in zip(several["triples"], several["meteor"], strict=True):
        assert sentence_meteor(response.split(), [one.split() for one in expected]) == pytest.approx(value, abs=1e-12)


def test_stems_and_synonyms_match() -> None:
    given, wanted = ["fast", "ferries"], ["quick", "ferry"]
    assert sentence_meteor(given, [["quick", "boat"]]) == 0.0
    assert sentence_meteor(given, [wanted]) == pytest.approx(0.25)
    found = sentence_meteor(given, [wanted], synonyms=lambda word: ["quick"] if word == "fast" else [])
    assert found == pytest.approx(1 - 0.5 / 8)


def test_nothing_to_compare() -> None:
    assert sentence_meteor([], [["a"]]) == 0.0
    assert sentence_meteor(["a"], [[]]) == 0.0
    assert sentence_meteor(["a"], []) == 0.0


def test_broken_order_costs() -> None:
    assert sentence_meteor("a b c d".split(), ["a b c d".split()]) > sentence_meteor(
        "d c b a".split(), ["a b c d".split()]
    )
