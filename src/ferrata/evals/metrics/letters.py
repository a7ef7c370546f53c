"""How many n-grams of characters two texts share, of each order. Knows no metric.

Short texts are counted n-gram by n-gram. For others each longest n-gram becomes one number, bits for each character, and all are
sorted once: n-grams of a lower order are their beginnings, and lie side by side in the same order.
"""

from __future__ import annotations

from collections import Counter
from operator import add
from typing import Final

from ferrata.evals.metrics.tokens import count_shared

__all__ = ["count_shared_letters"]

_SHORT: Final = 100  # characters of both texts; below, numpy's calls take longer than the counting
_BITS: Final = 63  # of a number; one says which text it is of


def count_shared_letters(one: str, other: str, orders: int) -> list[int]:
    """N-grams that both texts have, each counted as often as the text that has it less often, for the orders from 1."""
    if len(one) + len(other) >= _SHORT:
        # 0 is nobody's; 1 and 2 stand behind the texts' ends, so that what reaches beyond one of them is like nothing in the other.
        numbers = {letter: i for i, letter in enumerate({*one, *other}, 3)}
        bits = (len(numbers) + 2).bit_length()
        if orders * bits < _BITS:
            return _by_sorting([numbers[letter] for letter in one], [numbers[letter] for letter in other], orders, bits)
    return _by_counting(one, other, orders)


def _by_counting(one: str, other: str, orders: int) -> list[int]:
    first, second, shared = list(one), list(other), list[int]()
    for order in range(1, orders + 1):
        shared.append(count_shared(Counter(first), Counter(second)))
        # Each n-gram and the letter behind it make the next longer one.
        first, second = list(map(add, first, one[order:])), list(map(add, second, other[order:]))
    return shared


def _by_sorting(one: list[int], other: list[int], orders: int, bits: int) -> list[int]:
    import numpy as np

    ends = orders - 1
    letters = np.array([*one, *[1] * ends, *other, *[2] * ends], dtype=np.int64)
    count = len(letters) - ends
    grams = letters[:count]
    for order in range(1, orders):
        grams = grams << bits | letters[order : count + order]
    grams = grams << 1
    grams[: len(one)] |= 1
    grams = np.concatenate((grams[: len(one)], grams[len(one) + ends :]))
    grams.sort()
    of_one = np.cumsum(grams & 1)
    grams >>= 1
    last = np.ones(len(grams), dtype=bool)  # whether the next n-gram is another one
    shared: list[int] = []
    for _ in range(orders):
        last[:-1] = grams[1:] != grams[:-1]
        groups = np.flatnonzero(last)
        mine, every = of_one[groups], groups + 1
        mine[1:] -= of_one[groups[:-1]]
        every[1:] -= groups[:-1] + 1
        shared.append(int(np.minimum(mine, every - mine).sum()))
        grams >>= bits
    return shared[::-1]
