"""A text whose tokens and n-grams are made once, however many metrics ask for them.

`Text` and `Tokens` hold what they have made themselves; nothing is shared between texts, and it goes when they go.
Knows no metric.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrata.evals.metrics.text import tokenize_13a, tokenize_answer, tokenize_plain
from ferrata.evals.metrics.words import tokenize_words

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PrecisionRecall", "Text", "Tokens", "count_shared", "precision_recall"]


class PrecisionRecall(NamedTuple):
    """How much of what was given was wanted, how much of what was wanted was given, and their harmonic mean; each 0 to 1."""

    precision: float
    recall: float
    f1: float


def precision_recall(shared: int, given: int, wanted: int) -> PrecisionRecall:
    """Precision, recall and F1 of counts; 0.0 where there is nothing to divide by."""
    precision = shared / given if given else 0.0
    recall = shared / wanted if wanted else 0.0
    both = precision + recall
    return PrecisionRecall(precision, recall, 2 * precision * recall / both if both else 0.0)


class Tokens:
    """The tokens of one text in order, with the counts of their n-grams, each made when first asked for."""

    __slots__ = ("_counts", "items")

    def __init__(self, items: Sequence[str]) -> None:
        self.items = items
        self._counts: dict[int, Counter[Any]] = {}

    @classmethod
    def of(cls, tokens: Tokens | Sequence[str]) -> Tokens:
        """Tokens as they are, or made of a list of tokens."""
        return tokens if isinstance(tokens, Tokens) else cls(tokens)

    def __len__(self) -> int:
        return len(self.items)

    def counts(self, order: int) -> Counter[Any]:
        """How often each n-gram occurs; an n-gram is a token (order 1) or a tuple of tokens."""
        found = self._counts.get(order)
        if found is None:
            items = self.items
            found = Counter(items) if order == 1 else Counter(zip(*(items[i:] for i in range(order)), strict=False))
            self._counts[order] = found
        return found

    def total(self, order: int) -> int:
        """How many n-grams there are."""
        return max(len(self.items) - order + 1, 0)


class Text:
    """One text with its tokens of each kind: make it once and give its tokens to several metrics.

    Attributes:
        text: the text.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def words(self) -> Tokens:
        """Words as nltk has them: what `tokenize_words` gives."""
        return Tokens(tokenize_words(self.text))

    @cached_property
    def words_13a(self) -> Tokens:
        """Tokens as mteval has them: what `tokenize_13a` gives."""
        return Tokens(tokenize_13a(self.text))

    @cached_property
    def plain(self) -> Tokens:
        """Tokens as rouge-score has them."""
        return Tokens(tokenize_plain(self.text))

    @cached_property
    def stems(self) -> Tokens:
        """Tokens as rouge-score has them, reduced to stems."""
        return Tokens(tokenize_plain(self.text, stems=True))

    @cached_property
    def answer(self) -> Tokens:
        """The words that F1 over answers compares."""
        return Tokens(tokenize_answer(self.text))


def count_shared(one: Counter[Any], other: Counter[Any]) -> int:
    """How many n-grams two texts share, each counted as often as the text that has it less often."""
    if len(other) < len(one):
        one, other = other, one
    get = other.get
    return sum([count if count < there else there for gram, count in one.items() if (there := get(gram))])
