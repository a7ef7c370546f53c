"""The longest common subsequence of two sequences, by the bits of one long number.

Source: H. Hyyrö, Bit-parallel LCS-length computation revisited, AWOCA 2004. Takes memory in proportion to the texts for
lengths, and to their product, by bits, for places. Knows no texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["common_length", "common_places"]


def common_length(one: Sequence[Any], other: Sequence[Any]) -> int:
    """The length of the longest common subsequence; items need only be hashable."""
    if len(one) > len(other):
        one, other = other, one
    places = _places(one)
    full = (1 << len(one)) - 1
    row = full
    for item in other:
        here = places.get(item)
        if here:
            shared = row & here
            row = ((row + shared) | (row - shared)) & full
    return len(one) - row.bit_count()


def common_places(one: Sequence[Any], other: Sequence[Any]) -> list[int]:
    """The places in `one` of a longest common subsequence: the one that rouge-score finds where there are several."""
    places = _places(other)
    full = (1 << len(other)) - 1
    rows = [full]
    for item in one:
        shared = rows[-1] & places.get(item, 0)
        rows.append(((rows[-1] + shared) | (rows[-1] - shared)) & full)
    found: list[int] = []
    i, j = len(one), len(other)
    while i and j:
        below = (1 << j) - 1
        if one[i - 1] == other[j - 1]:
            found.append(i - 1)
            i, j = i - 1, j - 1
        elif (rows[i] & below).bit_count() < (rows[i - 1] & below).bit_count():
            j -= 1
        else:
            i -= 1
    return found[::-1]


def _places(items: Sequence[Any]) -> dict[Any, int]:
    """Item -> a number with a bit for each place where it stands."""
    places: dict[Any, int] = {}
    bit = 1
    for item in items:
        places[item] = places.get(item, 0) | bit
        bit <<= 1
    return places
