from __future__ import annotations

import math
from typing import Any

import pytest

from ferrata.errors import UsageError
from ferrata.evals.metrics import (
    average_precision,
    fidelity,
    ndcg,
    precision_at,
    rank,
    recall_at,
    reciprocal_rank,
    score_retrieval,
    xdcg,
)


def test_scores_are_those_of_azure(reference: dict[str, Any]) -> None:
    names = {
        "ndcg@3": "ndcg",
        "xdcg@3": "xdcg",
        "fidelity": "fidelity",
        "top1_relevance": "top1_relevance",
        "top3_max_relevance": "top_relevance",
        "holes": "holes",
        "holes_ratio": "holes_ratio",
        "total_retrieved_documents": "retrieved",
        "total_ground_truth_documents": "labelled",
    }
    assert sum(row["azure"]["ndcg@3"] > 0 for row in reference["retrieval"]) > 20
    for row in reference["retrieval"]:
        found = score_retrieval(row["labels"], rank(row["scores"]))
        for name, ours in names.items():
            assert getattr(found, ours) == pytest.approx(row["azure"][name], abs=1e-12), (name, row)


def test_ndcg_and_average_precision_are_those_of_scikit_learn(reference: dict[str, Any]) -> None:
    for row in reference["retrieval"]:
        order = rank(dict(enumerate(row["predicted"])))
        gains = row["gains"]
        for k, value in row["ndcg"].items():
            assert ndcg([gains[i] for i in order], gains, k=int(k), linear=True) == pytest.approx(value, abs=1e-12)
        if row["average_precision"] is not None:
            relevant = {i for i, gain in enumerate(gains) if gain > 2}
            assert average_precision(order, relevant) == pytest.approx(row["average_precision"], abs=1e-12)


def test_ranks() -> None:
    assert rank({"a": 1, "b": 3, "c": 3}) == ["b", "c", "a"]
    assert precision_at(["a", "b"], {"b"}, 4) == 0.25
    assert recall_at(["a", "b", "c"], {"b", "c", "d"}, 2) == pytest.approx(1 / 3)
    assert recall_at(["a"], set(), 1) == 0.0
    assert reciprocal_rank(["a", "b"], {"b"}) == 0.5
    assert reciprocal_rank(["a", "b"], {"c"}) == 0.0
    assert average_precision(["a", "b", "c"], {"a", "c", "z"}) == pytest.approx((1 + 2 / 3) / 3)
    assert average_precision(["a"], set()) == 0.0


def test_without_relevant_documents() -> None:
    assert ndcg([0, 0], [0, 0]) == 0.0
    assert math.isnan(fidelity([1], [0]))
    assert xdcg([4, 4, 4], k=3) == pytest.approx(100)
    found = score_retrieval({"a": 3}, [])
    assert (found.ndcg, found.holes_ratio, found.retrieved, found.labelled) == (0.0, 0.0, 0, 1)


@pytest.mark.parametrize(
    ("labels", "retrieved", "problem"),
    [
        ({}, ["a"], "no labels"),
        ({"a": 5}, ["a"], "the label 5 of document 'a' is not between 0 and 4"),
        ({"a": 1}, ["b", "a", "b"], "document 'b' was retrieved twice"),
    ],
)
def test_mistakes(labels: dict[str, int], retrieved: list[str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        score_retrieval(labels, retrieved)
