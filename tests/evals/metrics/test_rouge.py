from __future__ import annotations

from typing import Any

import pytest

from ferrata.evals.metrics import PrecisionRecall, Text, best_rouge, rouge_l, rouge_l_sum, rouge_n

Pairs = list[tuple[str, str, dict[str, Any]]]


def scored(name: str, response: Text, expected: Text, *, stems: bool) -> PrecisionRecall:
    if name == "rougeLsum":
        return rouge_l_sum(response.text, expected.text, stems=stems)
    given, wanted = (response.stems, expected.stems) if stems else (response.plain, expected.plain)
    return rouge_l(given, wanted) if name == "rougeL" else rouge_n(given, wanted, int(name[5:]))


@pytest.mark.parametrize("stems", [False, True])
def test_scores_are_those_of_rouge_score(pairs: Pairs, *, stems: bool) -> None:
    compared = 0
    for response, expected, values in pairs:
        one, other = Text(response), Text(expected)
        for name, value in values["rouge_stems" if stems else "rouge"].items():
            assert scored(name, one, other, stems=stems) == pytest.approx(value, abs=1e-12), (name, response, expected)
            compared += 1
    assert compared >= 3 * len(pairs) > 300


def test_the_reference_with_the_best_f1_counts(reference: dict[str, Any]) -> None:
    several = reference["several"]
    for (response, *expected), value in zip(several["triples"], several["rouge"], strict=True):
        given, wanted = Text(response).plain, [Text(one).plain for one in expected]
        assert best_rouge(rouge_l, given, wanted) == pytest.approx(value["rougeL"], abs=1e-12)
        assert best_rouge(lambda a, b: rouge_n(a, b, 2), given, wanted) == pytest.approx(value["rouge2"], abs=1e-12)


def test_no_reference_scores_nothing() -> None:
    assert best_rouge(rouge_l, ["a"], []) == (0.0, 0.0, 0.0)


def test_long_texts() -> None:
    words = [str(i % 977) for i in range(20_000)]
    assert rouge_l(words, words[1:]) == pytest.approx((19_999 / 20_000, 1.0, 2 * 19_999 / 39_999))
