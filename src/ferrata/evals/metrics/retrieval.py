"""How good a ranking of documents is against labels of relevance.

`score_retrieval` gives what azure-ai-evaluation's `document_retrieval` gives; the other functions are the usual ones of
information retrieval. Knows no search.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

__all__ = [
    "RetrievalScores",
    "average_precision",
    "dcg",
    "fidelity",
    "ndcg",
    "precision_at",
    "rank",
    "recall_at",
    "reciprocal_rank",
    "score_retrieval",
    "xdcg",
]

_Id = TypeVar("_Id")


class RetrievalScores(NamedTuple):
    """Scores of one query.

    Attributes:
        ndcg: gain of the first k documents, divided by the best gain that k of the labelled ones have; 0 to 1.
        xdcg: label of the first k, each place counting less, times 25; 0 to 100 with labels of 0 to 4.
        fidelity: weight of all relevant documents found, of the weight of all labelled ones; NaN where none is relevant.
        top1_relevance: label of the first document.
        top_relevance: highest label among the first k.
        holes: retrieved documents without a label.
        holes_ratio: the same, of all retrieved ones.
        retrieved: how many documents were retrieved.
        labelled: how many have a label.
    """

    ndcg: float
    xdcg: float
    fidelity: float
    top1_relevance: int
    top_relevance: int
    holes: int
    holes_ratio: float
    retrieved: int
    labelled: int


def rank(scores: Mapping[_Id, float]) -> list[_Id]:
    """Documents by score, the highest first; those of one score in the order given."""
    return sorted(scores, key=lambda document: scores[document], reverse=True)


def score_retrieval(
    labels: Mapping[_Id, int],
    retrieved: Sequence[_Id],
    *,
    k: int = 3,
    lowest: int = 0,
    highest: int = 4,
    discount: float = 0.6,
) -> RetrievalScores:
    """Scores of one query as azure-ai-evaluation computes them.

    A document without a label counts as 0. Where no retrieved document has a label other than 0, all but the holes is 0.

    Args:
        labels: document -> how relevant it is.
        retrieved: documents, the best first, each once (`rank` makes it of scores).
        k: how many of the first documents count for NDCG, XDCG and the highest label.
        lowest: the label that says "not relevant".
        highest: the highest label.
        discount: by what XDCG multiplies the weight at each place.

    Raises:
        UsageError: there are no labels, one is out of range, or a document was retrieved twice.
    """
    if not labels:
        raise UsageError("there are no labels to compare the retrieved documents with", hint="Label at least one.")
    for document, label in labels.items():
        if not lowest <= label <= highest:
            raise UsageError(
                f"the label {label!r} of document {document!r} is not between {lowest} and {highest}",
                hint="Set `lowest` and `highest` to the range of the labels.",
            )
    if len(set(retrieved)) < len(retrieved):
        twice = next(document for i, document in enumerate(retrieved) if document in retrieved[:i])
        raise UsageError(f"document {twice!r} was retrieved twice", hint="Keep the better place of each document.")
    found = [labels.get(document, 0) for document in retrieved]
    holes = sum(document not in labels for document in retrieved)
    ratio = holes / len(retrieved) if retrieved else 0.0
    if not any(found):
        return RetrievalScores(0.0, 0.0, 0.0, 0, 0, holes, ratio, len(retrieved), len(labels))
    return RetrievalScores(
        ndcg=ndcg(found, list(labels.values()), k=k),
        xdcg=xdcg(found, k=k, discount=discount),
        fidelity=fidelity(found, list(labels.values()), lowest=lowest),
        top1_relevance=found[0],
        top_relevance=max(found[:k]),
        holes=holes,
        holes_ratio=ratio,
        retrieved=len(retrieved),
        labelled=len(labels),
    )


def dcg(found: Sequence[float], *, k: int | None = None, linear: bool = False) -> float:
    """Discounted cumulative gain of labels in the order of the ranking.

    Args:
        found: labels of the ranked documents.
        k: how many of them count; all, if None.
        linear: whether a label is its own gain (scikit-learn), and not two to its power less one (azure-ai-evaluation).
    """
    return math.fsum((label if linear else 2.0**label - 1) / math.log2(i + 2) for i, label in enumerate(found[:k]))


def ndcg(found: Sequence[float], labels: Sequence[float], *, k: int | None = None, linear: bool = False) -> float:
    """`dcg` of the ranking, divided by that of the best ranking of all labels; 0.0 where that is 0.

    Source: K. Järvelin and J. Kekäläinen, Cumulated gain-based evaluation of IR techniques, ACM TOIS 20 (4), 2002.
    Documents of one score keep the order given (`ignore_ties` of scikit-learn).
    """
    best = dcg(sorted(labels, reverse=True), k=k, linear=linear)
    return dcg(found, k=k, linear=linear) / best if best else 0.0


def xdcg(found: Sequence[float], *, k: int, discount: float = 0.6) -> float:
    """The mean label of the first k documents, weighted by `discount` to the power of the place, times 25.

    Missing documents count as 0. Does not depend on how good the best possible ranking is.
    """
    weights = [discount**place for place in range(k)]
    return 25 * math.fsum(label * weight for label, weight in zip(found, weights, strict=False)) / math.fsum(weights)


def fidelity(found: Sequence[int], labels: Sequence[int], *, lowest: int = 0) -> float:
    """Weight of the relevant documents found, of the weight of all labelled ones; NaN where none of these is relevant.

    A label weighs two to the power of itself plus one, less one; `lowest` weighs nothing.
    """
    weights = [math.fsum(2.0 ** (label + 1) - 1 for label in row if label > lowest) for row in (found, labels)]
    return weights[0] / weights[1] if weights[1] else math.nan


def precision_at(retrieved: Sequence[_Id], relevant: Collection[_Id], k: int) -> float:
    """Relevant documents among the first k, divided by k, also where fewer were retrieved."""
    return sum(document in relevant for document in retrieved[:k]) / k


def recall_at(retrieved: Sequence[_Id], relevant: Collection[_Id], k: int) -> float:
    """Relevant documents among the first k, of all relevant ones; 0.0 where there are none."""
    return sum(document in relevant for document in retrieved[:k]) / len(relevant) if relevant else 0.0


def reciprocal_rank(retrieved: Sequence[_Id], relevant: Collection[_Id]) -> float:
    """One divided by the place of the first relevant document, 0.0 without any; its mean over queries is MRR."""
    return next((1 / place for place, document in enumerate(retrieved, 1) if document in relevant), 0.0)


def average_precision(retrieved: Sequence[_Id], relevant: Collection[_Id]) -> float:
    """The mean precision at the places of all relevant documents, one not found counting 0; its mean over queries is MAP."""
    hits, total = 0, 0.0
    for place, document in enumerate(retrieved, 1):
        if document in relevant:
            hits += 1
            total += hits / place
    return total / len(relevant) if relevant else 0.0
