"""chrF and chrF++: F-score over n-grams of characters (and words), as sacrebleu computes it, from 0.0 to 100.0.

Source: M. Popović, chrF, WMT 2015, and chrF++, WMT 2017. Knows no other metric.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Final, NamedTuple

from ferrata.errors import UsageError
from ferrata.evals.metrics.letters import count_shared_letters
from ferrata.evals.metrics.tokens import Tokens, count_shared

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["ChrfCounts", "chrf_of_counts", "corpus_chrf", "count_chrf", "sentence_chrf"]

_ORDERS: Final = 6
_PUNCTUATION: Final = frozenset(string.punctuation)


class ChrfCounts(NamedTuple):
    """For each order, characters first and then words: n-grams of the text, of the reference, and those they share."""

    given: tuple[int, ...]
    wanted: tuple[int, ...]
    shared: tuple[int, ...]


def sentence_chrf(
    response: str, references: Sequence[str], *, words: int = 0, beta: float = 2, lowercase: bool = False
) -> float:
    """ChrF of one text against the reference that it fits best.

    Args:
        response: the text.
        references: what was expected, at least one.
        words: up to which order n-grams of words count too; 2 is chrF++.
        beta: how many times as much recall counts as precision.
        lowercase: whether case does not matter.

    Raises:
        UsageError: there is no reference.
    """
    return chrf_of_counts(count_chrf(response, references, words=words, beta=beta, lowercase=lowercase), beta=beta)


def count_chrf(
    response: str, references: Sequence[str], *, words: int = 0, beta: float = 2, lowercase: bool = False
) -> ChrfCounts:
    """The counts of one text with the reference that it fits best; arguments as of `sentence_chrf`."""
    if not references:
        raise UsageError("chrF needs at least one reference, and there is none", hint="Give the expected text.")
    given = response.lower() if lowercase else response
    rows = [_compare(given, one.lower() if lowercase else one, words) for one in references]
    return rows[0] if len(rows) == 1 else max(rows, key=lambda row: chrf_of_counts(row, beta=beta))


def corpus_chrf(rows: Iterable[ChrfCounts], *, beta: float = 2) -> float:
    """ChrF of many texts by the sums of their counts; 0.0 for no rows."""
    sums: list[list[int]] = []
    for row in rows:
        flat = [*row.given, *row.wanted, *row.shared]
        sums = [[*flat]] if not sums else [[a + b for a, b in zip(sums[0], flat, strict=True)]]
    if not sums:
        return 0.0
    every = len(sums[0]) // 3
    return chrf_of_counts(
        ChrfCounts(tuple(sums[0][:every]), tuple(sums[0][every : 2 * every]), tuple(sums[0][2 * every :])), beta=beta
    )


def chrf_of_counts(counts: ChrfCounts, *, beta: float = 2) -> float:
    """ChrF of counts: precision and recall are averaged over the orders of which both texts have n-grams."""
    precision = recall = 0.0
    orders = 0
    for given, wanted, shared in zip(*counts, strict=True):
        if given and wanted:
            precision += shared / given
            recall += shared / wanted
            orders += 1
    if not precision + recall:
        return 0.0
    precision, recall, factor = precision / orders, recall / orders, beta**2
    # In sacrebleu's order of operations, so that the same one of two equally good references is taken.
    return 100 * ((1 + factor) * precision * recall / (factor * precision + recall))


def _words(text: str) -> list[str]:
    """Words with a sign of punctuation at the end, or else at the beginning, taken apart."""
    words: list[str] = []
    for word in text.split():
        if len(word) > 1 and word[-1] in _PUNCTUATION:
            words += (word[:-1], word[-1])
        elif len(word) > 1 and word[0] in _PUNCTUATION:
            words += (word[0], word[1:])
        else:
            words.append(word)
    return words


def _compare(given: str, wanted: str, words: int) -> ChrfCounts:
    letters, others = "".join(given.split()), "".join(wanted.split())
    shared = count_shared_letters(letters, others, _ORDERS)
    totals = [(max(len(letters) - n, 0), max(len(others) - n, 0)) for n in range(_ORDERS)]
    if words:
        one, other = Tokens(_words(given)), Tokens(_words(wanted))
        for order in range(1, words + 1):
            shared.append(count_shared(one.counts(order), other.counts(order)))
            totals.append((one.total(order), other.total(order)))
    # Of an order that the reference has none of, nothing counts as given.
    return ChrfCounts(tuple([g if w else 0 for g, w in totals]), tuple([w for _, w in totals]), tuple(shared))
