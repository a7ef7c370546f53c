"""Exact match and overlap of tokens, from 0.0 to 1.0. Knows no data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.evals.metrics.text import normalize_text
from ferrata.evals.metrics.tokens import PrecisionRecall, Tokens, count_shared, precision_recall

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["exact_match", "jaccard", "token_overlap"]


def exact_match(
    response: str, expected: str, *, case: bool = False, space: bool = False, punctuation: bool = False
) -> bool:
    """Whether two texts are the same.

    Args:
        response: what was answered.
        expected: what should have been.
        case: whether differences of case do not matter.
        space: whether white space at the ends, and how much of it inside, does not matter.
        punctuation: whether ASCII punctuation does not matter.
    """
    first, second = (
        normalize_text(text, case=case, space=space, punctuation=punctuation) for text in (response, expected)
    )
    return first == second


def token_overlap(response: Tokens | Sequence[str], expected: Tokens | Sequence[str]) -> PrecisionRecall:
    """Precision, recall and F1 over tokens; with `Text.answer`, SQuAD's F1, which is azure-ai-evaluation's `f1_score`."""
    given, wanted = Tokens.of(response), Tokens.of(expected)
    return precision_recall(count_shared(given.counts(1), wanted.counts(1)), len(given), len(wanted))


def jaccard(response: Tokens | Sequence[str], expected: Tokens | Sequence[str]) -> float:
    """Distinct tokens in both texts, of the distinct tokens in either; 1.0 where neither has any."""
    given, wanted = set(Tokens.of(response).items), set(Tokens.of(expected).items)
    either = len(given | wanted)
    return len(given & wanted) / either if either else 1.0
