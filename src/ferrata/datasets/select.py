"""Which rows to keep: filters with counts of why not, one of each group of near-duplicates, samples. Knows no source of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrata.datasets.checks.base import plain_text
from ferrata.datasets.likeness import Likeness, shingles_of
from ferrata.datasets.types import content_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Kept", "Sift", "diverse", "keep_unlike", "sample"]

Values = dict[str, Any]
Sift = Callable[[Mapping[str, Any]], str]
"""From a row to why it is dropped; empty: it is kept."""

_MOST_COMPARED = 4_000


class Kept(NamedTuple):
    """The rows that are kept, and why others are not: reason -> how many."""

    rows: list[Values]
    dropped: Mapping[str, int]


def keep_unlike(rows: Iterable[Values], text: Callable[[Mapping[str, Any]], str], similarity: float) -> Kept:
    """The first row of each group whose texts are alike.

    Args:
        rows: in their order.
        text: of a row.
        similarity: as of `Likeness`.
    """
    like = Likeness(similarity)
    seen: set[str] = set()
    kept: list[Values] = []
    dropped: Counter[str] = Counter()
    for row in rows:
        plain = plain_text(text(row))
        if plain in seen:
            dropped["duplicate"] += 1
        elif plain and like.add(plain) is not None:
            dropped["near-duplicate"] += 1
        else:
            kept.append(row)
        seen.add(plain)
    return Kept(kept, dict(dropped))


def _shuffled(rows: Iterable[Values], seed: int) -> list[Values]:
    """In an order that depends on the rows and the seed alone."""
    return sorted(rows, key=lambda row: sha256(f"{seed}\0{row.get('id') or content_of(row)}".encode()).digest())


def sample(rows: Sequence[Values], count: int, *, seed: int = 0, by: str = "") -> list[Values]:
    """So many rows by chance, in their order.

    Args:
        rows: to choose from.
        count: how many; all if there are fewer.
        seed: another one chooses others.
        by: a column; each of its values gets its share, and at least one row where there is room for that.
    """
    if len(rows) <= count:
        return list(rows)
    strata: dict[str, list[Values]] = {}
    for row in _shuffled(rows, seed):
        strata.setdefault(text_of(row.get(by)) if by else "", []).append(row)
    # The next row goes to whichever value has the smallest part of its share so far.
    taken: Counter[str] = Counter()
    chosen: set[int] = set()
    for _ in range(count):
        open_ones = [name for name, found in strata.items() if taken[name] < len(found)]
        name = min(open_ones, key=lambda n: (taken[n] / len(strata[n]) if taken[n] else -1, -len(strata[n]), n))
        chosen.add(id(strata[name][taken[name]]))
        taken[name] += 1
    return [row for row in rows if id(row) in chosen]


def diverse(
    rows: Sequence[Values], count: int, text: Callable[[Mapping[str, Any]], str], *, seed: int = 0
) -> list[Values]:
    """So many rows that are unlike one another, in their order: each next one is the farthest from all chosen.

    Farthest-first traversal (Gonzalez 1985) by likeness of words; of more than 4,000 rows, among 4,000 by chance.

    Args:
        rows: to choose from.
        count: how many; all if there are fewer.
        text: of a row.
        seed: another one begins with another row.
    """
    if len(rows) <= count:
        return list(rows)
    among = _shuffled(rows, seed)[: max(_MOST_COMPARED, count)]
    sets = [shingles_of(text(row)) for row in among]
    nearest = [0.0] * len(among)
    chosen: list[int] = [0]
    for _ in range(count - 1):
        last = sets[chosen[-1]]
        for i, own in enumerate(sets):
            common = len(own & last)
            either = len(own) + len(last) - common
            nearest[i] = max(nearest[i], common / either if either else 1.0)
        for i in chosen:
            nearest[i] = 2.0
        chosen.append(min(range(len(among)), key=nearest.__getitem__))
    kept = {id(among[i]) for i in chosen}
    return [row for row in rows if id(row) in kept]


def sift(rows: Iterable[Values], sifts: Sequence[Sift], dropped: Counter[str]) -> Iterator[Values]:
    """The rows that no sift drops; counts the others."""
    for row in rows:
        reason = next((why for drop in sifts if (why := drop(row))), "")
        if reason:
            dropped[reason] += 1
        else:
            yield row
