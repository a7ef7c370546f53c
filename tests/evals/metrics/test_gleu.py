from __future__ import annotations

from typing import Any

import pytest

from ferrata.evals.metrics import sentence_gleu


def test_gleu_is_that_of_nltk(pairs: list[tuple[str, str, dict[str, Any]]]) -> None:
    for response, expected, values in pairs:
        assert sentence_gleu(response.split(), [expected.split()]) == pytest.approx(values["gleu"], abs=1e-12)


def test_the_best_reference_counts(reference: dict[str, Any]) -> None:
    several = reference["several"]
    for (response, *expected), value in zip(several["triples"], several["gleu"], strict=True):
        assert sentence_gleu(response.split(), [one.split() for one in expected]) == pytest.approx(value, abs=1e-12)


def test_nothing_to_compare_scores_nothing() -> None:
    assert sentence_gleu([], [[]]) == 0.0
    assert sentence_gleu(["a"], []) == 0.0
