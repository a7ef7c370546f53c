"""How far people who labelled the same rows agree. Knows no review."""

from __future__ import annotations

from itertools import combinations
from math import nan
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ferrata.stats import Interval

__all__ = ["Agreed", "agreement_of"]

# Rows below which nothing is said of chance.
_FEWEST = 2


class Agreed(NamedTuple):
    """How far people agree.

    Attributes:
        rows: that two or more people labelled.
        share: of the pairs of people who labelled a row, those that gave the same label, averaged over the rows; None
            without such a row. By chance alone it is above 0, and the higher, the more often one label is given.
        alpha: Krippendorff's, the agreement beyond chance: 0 is chance, 1 is full agreement; of numbers by their order. None where
            it is not defined, as where all labels are the same.
        interval: of alpha, at 95 %; None without one.
    """

    rows: int
    share: float | None
    alpha: float | None = None
    interval: Interval | None = None


def agreement_of(rows: Iterable[Mapping[str, str]]) -> Agreed:
    """The agreement over rows, each a mapping from person to label."""
    shared = [said for said in rows if len(said) > 1]
    if not shared:
        return Agreed(0, None)
    shares: list[float] = []
    for said in shared:
        pairs = list(combinations(said.values(), 2))
        shares.append(sum(one == other for one, other in pairs) / len(pairs))
    share = sum(shares) / len(shares)
    if len(shared) < _FEWEST:
        return Agreed(len(shared), share)
    from ferrata.stats import krippendorff_alpha

    labels = sorted({label for said in shared for label in said.values()})
    ordered = all(label.isdecimal() for label in labels)
    places = {label: float(label) if ordered else float(place) for place, label in enumerate(labels)}
    people = sorted({person for said in shared for person in said})
    ratings = [[places[said[person]] if person in said else nan for said in shared] for person in people]
    found = krippendorff_alpha(ratings, "ordinal" if ordered else "nominal")
    return Agreed(len(shared), share, found.alpha, None if found.alpha is None else found.interval)
