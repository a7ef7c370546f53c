from __future__ import annotations

from typing import Any

import pytest

from ferrata.evals.metrics import (
    Text,
    exact_match,
    jaccard,
    token_overlap,
)

Pairs = list[tuple[str, str, dict[str, Any]]]


def test_f1_is_that_of_azure(pairs: Pairs) -> None:
    for response, expected, values in pairs:
        assert token_overlap(Text(response).answer, Text(expected).answer).f1 == pytest.approx(values["f1"], abs=1e-12)


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
