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

__all__ = ["bleu", "gleu", "rouge_n"]

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
