"""How far people who labelled the same rows agree. Pure counting; knows no review."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Agreed", "agreement_of"]


class Agreed(NamedTuple):
    """How far people agree.

    Attributes:
        rows: that two or more people labelled.
        share: of the pairs of people who labelled a row, those that gave the same label, averaged over the rows; None
            without such a row. By chance alone it is above 0, and the higher, the more often one label is given.
    """

    rows: int
    share: float | None


def agreement_of(rows: Iterable[Mapping[str, str]]) -> Agreed:
    """The raw agreement over rows, each a mapping from person to label."""
    shares: list[float] = []
    for said in rows:
        pairs = list(combinations(said.values(), 2))
        if pairs:
            shares.append(sum(one == other for one, other in pairs) / len(pairs))
    return Agreed(len(shares), sum(shares) / len(shares) if shares else None)
