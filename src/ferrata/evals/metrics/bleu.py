"""BLEU in its two usual forms: nltk's of one sentence (0 to 1), and sacrebleu's of a sentence or a corpus (0 to 100).

Source: K. Papineni and others, BLEU, ACL 2002; smoothing after B. Chen and C. Cherry, A systematic comparison of smoothing
techniques for sentence-level BLEU, WMT 2014. Knows no tokenizers: `tokens` and `text` make the tokens.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

from ferrata.errors import UsageError
from ferrata.evals.metrics.tokens import Tokens, count_shared

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ferrata.evals.metrics.tokens import Text

__all__ = ["BleuCounts", "Smoothing", "bleu_of_counts", "bleu_text", "corpus_bleu", "count_bleu", "sentence_bleu"]

Smoothing = Literal["none", "exp", "floor", "add-k"]


class BleuCounts(NamedTuple):
    """What BLEU is computed of; the counts of a corpus are the sums over its rows.

    Attributes:
        correct: for each order of n-grams, from 1: how many are in a reference, each counted at most as often as there.
        total: for each order: how many the text has.
        length: tokens of the text.
        reference: tokens of the reference that is closest in length.
    """

    correct: tuple[int, ...]
    total: tuple[int, ...]
    length: int
    reference: int


def count_bleu(
    response: Tokens | Sequence[str], references: Sequence[Tokens | Sequence[str]], *, orders: int = 4
) -> BleuCounts:
    """The counts of one text and its references.

    Raises:
        UsageError: there is no reference.
    """
    if not references:
        raise UsageError("BLEU needs at least one reference, and there is none", hint="Give the expected text.")
    given, wanted = Tokens.of(response), [Tokens.of(reference) for reference in references]
    correct: list[int] = []
    for order in range(1, orders + 1):
        # Texts that share no n-gram share no longer one either.
        correct.append(_clipped(given, wanted, order) if not correct or correct[-1] else 0)
    closest = min((len(one) for one in wanted), key=lambda length: (abs(length - len(given)), length))
    total = tuple(given.total(order) for order in range(1, orders + 1))
    return BleuCounts(tuple(correct), total, len(given), closest)


def _clipped(given: Tokens, wanted: list[Tokens], order: int) -> int:
    counts = given.counts(order)
    if len(wanted) == 1:
        return count_shared(counts, wanted[0].counts(order))
    most = [one.counts(order) for one in wanted]
    return sum([min(count, max([one[gram] for one in most])) for gram, count in counts.items()])


def sentence_bleu(
    response: Tokens | Sequence[str],
    references: Sequence[Tokens | Sequence[str]],
    *,
    weights: Sequence[float] = (0.25, 0.25, 0.25, 0.25),
    smoothing: Literal["none", "method4"] = "method4",
) -> float:
    """BLEU of one text as nltk computes it, from 0.0 to 1.0; by default with what azure-ai-evaluation's `bleu_score` uses.

    Args:
        response: tokens of the text, in azure-ai-evaluation `Text.words`.
        references: tokens of each reference.
        weights: of the orders of n-grams, from 1.
        smoothing: `method4` of Chen and Cherry gives an order without a match a small precision, which depends on the
            text's length; `none` makes the score 0 there (nltk: 2.2e-308 to the power of the weight, and a warning).

    Raises:
        UsageError: there is no reference.
    """
    counts = count_bleu(response, references, orders=len(weights))
    if not counts.correct[0]:
        return 0.0
    logarithms: list[float] = []
    missed = 0
    for weight, correct, total in zip(weights, counts.correct, counts.total, strict=True):
        if correct:
            logarithms.append(weight * math.log(correct / total))
        elif smoothing == "none":
            return 0.0
        elif counts.length > 1:
            missed += 1
            smoothed = 1 / (2**missed * 5 / math.log(counts.length))
            logarithms.append(weight * math.log(smoothed / max(total, 1)))
    return _brevity(counts) * math.exp(math.fsum(logarithms))


def _brevity(counts: BleuCounts) -> float:
    if counts.length >= counts.reference:
        return 1.0
    return math.exp(1 - counts.reference / counts.length) if counts.length else 0.0


def bleu_of_counts(
    counts: BleuCounts, *, smoothing: Smoothing = "exp", value: float | None = None, effective_order: bool = False
) -> float:
    """BLEU as sacrebleu computes it of counts, from 0.0 to 100.0.

    Args:
        counts: of one text, or summed over a corpus.
        smoothing: of orders without a match: `exp` halves for each (sacrebleu's default), `floor` sets their count to
            `value`, `add-k` adds `value` to all counts but those of single tokens.
        value: of `floor` (default 0.1) or `add-k` (default 1).
        effective_order: whether orders of which the text has no n-gram are left out; meant for single sentences.
    """
    if not any(counts.correct):
        return 0.0
    given = value if value is not None else 0.1 if smoothing == "floor" else 1
    precisions = [0.0] * len(counts.correct)
    halved, orders = 1.0, len(precisions)
    for index, (correct, total) in enumerate(zip(counts.correct, counts.total, strict=True)):
        added = given if smoothing == "add-k" and index else 0
        if not total + added:
            break
        orders = index + 1 if effective_order else orders
        if correct + added:
            precisions[index] = 100 * (correct + added) / (total + added)
        elif smoothing == "exp":
            halved *= 2
            precisions[index] = 100 / (halved * total)
        elif smoothing == "floor":
            precisions[index] = 100 * given / total
    if not all(precisions[:orders]):
        return 0.0
    return _brevity(counts) * math.exp(sum([math.log(precision) for precision in precisions[:orders]]) / orders)


def bleu_text(
    response: Text, references: Sequence[Text], *, smoothing: Smoothing = "exp", value: float | None = None
) -> float:
    """Sentence BLEU as sacrebleu computes it (13a, effective order), from 0.0 to 100.0.

    Raises:
        UsageError: there is no reference.
    """
    counts = count_bleu(response.words_13a, [reference.words_13a for reference in references])
    return bleu_of_counts(counts, smoothing=smoothing, value=value, effective_order=True)


def corpus_bleu(rows: Iterable[BleuCounts], *, smoothing: Smoothing = "exp", value: float | None = None) -> float:
    """BLEU of many texts by the sums of their counts, as sacrebleu computes it, from 0.0 to 100.0; 0.0 for no rows."""
    correct, total = [0] * 4, [0] * 4
    length = reference = 0
    for row in rows:
        correct = [a + b for a, b in zip(correct, row.correct, strict=True)]
        total = [a + b for a, b in zip(total, row.total, strict=True)]
        length, reference = length + row.length, reference + row.reference
    return bleu_of_counts(BleuCounts(tuple(correct), tuple(total), length, reference), smoothing=smoothing, value=value)
