"""How far two texts share words or letters, computed as promptfoo's assertions compute it. Knows no assertion.

ROUGE-N is the balanced F-measure over single tokens; BLEU (Papineni et al., 2002) is that of one sentence, over the orders that the
answer is long enough for, where an order without a match counts 1e-7; GLEU (Wu et al., 2016) is the smaller of precision and recall
over one to four words. All ignore case.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["bleu", "edit_distance", "gleu", "rouge_n"]

_ORDERS: Final = range(1, 5)
_NOTHING: Final = 1e-7
_TOKEN: Final = re.compile(r"\w+(?=n't)|n't|'\w+|\w+(?:[.,]\w+)*|[^\w\s]", re.IGNORECASE)


def rouge_n(answer: str, references: Sequence[str]) -> float:
    """ROUGE-1 against the closest reference, 0 to 1."""
    return _best(_rouge, answer, references)


def gleu(answer: str, references: Sequence[str]) -> float:
    """GLEU against the closest reference, 0 to 1."""
    return _best(_gleu, answer, references)


def bleu(answer: str, references: Sequence[str]) -> float:
    """BLEU against all references together, 0 to 1; blank references are passed over."""
    words = answer.lower().split()
    known = [reference.lower().split() for reference in references if reference.strip()]
    if not words or not known:
        return 0.0
    orders = [n for n in _ORDERS if n <= len(words)]
    total = 0.0
    for n in orders:
        grams = _grams(words, n)
        matched = max((_grams(reference, n) & grams).total() for reference in known)
        total += math.log(matched / grams.total() if matched else _NOTHING)
    closest = min((len(reference) for reference in known), key=lambda length: abs(length - len(words)))
    brevity = 1.0 if len(words) > closest else math.exp(1 - closest / len(words))
    return brevity * math.exp(total / len(orders))


def edit_distance(one: str, other: str, *, most: int) -> int:
    """The Levenshtein distance in characters; `most` + 1 where it is greater than `most`, which keeps long texts quick."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        # Only a band around the diagonal can stay within `most`.
        first, last = max(1, i - most), min(len(other), i + most)
        next_row = [most + 1] * (len(other) + 1)
        next_row[0] = i
        for j in range(first, last + 1):
            next_row[j] = min(row[j] + 1, next_row[j - 1] + 1, row[j - 1] + (a != other[j - 1]))
        row = next_row
        if min(row[first - 1 : last + 1]) > most:
            return most + 1
    return min(row[len(other)], most + 1)


def _best(measure: Callable[[str, str], float], answer: str, references: Sequence[str]) -> float:
    return max((measure(answer, reference) for reference in references), default=0.0)


def _rouge(answer: str, reference: str) -> float:
    said, wanted = (Counter(_TOKEN.findall(text.lower())) for text in (answer, reference))
    matched = (said & wanted).total()
    return 2 * matched / (said.total() + wanted.total()) if matched else 0.0


def _gleu(answer: str, reference: str) -> float:
    said, wanted = ([word.rstrip(".") for word in text.lower().split()] for text in (answer, reference))
    said, wanted = [word for word in said if word], [word for word in wanted if word]
    matched = sum((_grams(said, n) & _grams(wanted, n)).total() for n in _ORDERS)
    longer = max(sum(max(0, len(words) - n + 1) for n in _ORDERS) for words in (said, wanted))
    return matched / longer if longer else 0.0


def _grams(words: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
