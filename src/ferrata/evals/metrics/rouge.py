"""ROUGE-1 to 9, ROUGE-L and ROUGE-Lsum: precision, recall and F1 as rouge-score computes them.

Source: C.-Y. Lin, ROUGE: a package for automatic evaluation of summaries, 2004. With `Text.plain` the scores are those of
rouge-score without a stemmer (azure-ai-evaluation's `rouge_score`), with `Text.stems` those with it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

from ferrata.evals.metrics.subsequence import common_length, common_places
from ferrata.evals.metrics.text import tokenize_plain
from ferrata.evals.metrics.tokens import PrecisionRecall, Tokens, count_shared, precision_recall

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["best_rouge", "rouge_l", "rouge_l_sum", "rouge_n"]

_T = TypeVar("_T")


def rouge_n(response: Tokens | Sequence[str], reference: Tokens | Sequence[str], order: int) -> PrecisionRecall:
    """Overlap of the n-grams of one order, from 1."""
    given, wanted = Tokens.of(response), Tokens.of(reference)
    shared = count_shared(given.counts(order), wanted.counts(order))
    return precision_recall(shared, given.total(order), wanted.total(order))


def rouge_l(response: Tokens | Sequence[str], reference: Tokens | Sequence[str]) -> PrecisionRecall:
    """The longest common subsequence of the tokens."""
    given, wanted = Tokens.of(response).items, Tokens.of(reference).items
    return precision_recall(common_length(given, wanted), len(given), len(wanted))


def rouge_l_sum(response: str, reference: str, *, stems: bool = False) -> PrecisionRecall:
    """ROUGE-L of summaries: for each line of the reference, the tokens that it has in common with any line of the response.

    Args:
        response: the summary, a line a sentence.
        reference: the expected summary, a line a sentence.
        stems: whether words are reduced to stems.
    """
    given, wanted = (
        [tokenize_plain(line, stems=stems) for line in text.split("\n") if line] for text in (response, reference)
    )
    left_given = Counter(token for line in given for token in line)
    left_wanted = Counter(token for line in wanted for token in line)
    every_given, every_wanted = left_given.total(), left_wanted.total()
    shared = 0
    for line in wanted:
        # No token counts more often than either summary has it.
        for place in sorted({place for other in given for place in common_places(line, other)}):
            token = line[place]
            if left_given[token] > 0 and left_wanted[token] > 0:
                shared += 1
                left_given[token] -= 1
                left_wanted[token] -= 1
    return precision_recall(shared, every_given, every_wanted)


def best_rouge(measure: Callable[[_T, _T], PrecisionRecall], response: _T, references: Sequence[_T]) -> PrecisionRecall:
    """The scores against the reference that has the best F1; the first of several, zeros without any.

    Args:
        measure: `rouge_l`, or `lambda a, b: rouge_n(a, b, 2)`.
        response: what `measure` takes first.
        references: each what `measure` takes second.
    """
    scores = [measure(response, reference) for reference in references]
    return max(scores, key=lambda score: score.f1, default=PrecisionRecall(0.0, 0.0, 0.0))
