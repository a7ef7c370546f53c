"""GLEU: shared n-grams of order 1 to 4 together, divided by those of the text that has more, from 0.0 to 1.0.

Source: Y. Wu and others, Google's neural machine translation system, 2016, as nltk computes it. Knows no tokenizers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.evals.metrics.tokens import Tokens, count_shared

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["sentence_gleu"]


def sentence_gleu(
    response: Tokens | Sequence[str], references: Sequence[Tokens | Sequence[str]], *, orders: int = 4
) -> float:
    """GLEU of one text against the reference that it fits best; azure-ai-evaluation's `gleu_score` with `Text.words`."""
    given = Tokens.of(response)
    return max((_one(given, Tokens.of(reference), orders) for reference in references), default=0.0)


def _one(given: Tokens, wanted: Tokens, orders: int) -> float:
    shared = 0
    for order in range(1, orders + 1):
        found = count_shared(given.counts(order), wanted.counts(order))
        if not found:
            break
        shared += found
    longer = max(given, wanted, key=len)
    every = sum(longer.total(order) for order in range(1, orders + 1))
    return shared / every if every else 0.0
