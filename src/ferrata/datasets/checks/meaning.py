"""Rows that ask nearly the same in other words: within the data, between its splits, and of other data. By embeddings.

What is alike by words already is left to `duplicates`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ferrata.datasets.checks.base import Places, plain_text
from ferrata.datasets.likeness import likeness_of
from ferrata.datasets.meaning import near_rows, unit_vectors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from ferrata.datasets.checks.base import Finding, Roles
    from ferrata.datasets.checks.duplicates import Known
    from ferrata.datasets.meaning import Meaning, NearRow
    from ferrata.datasets.types import Example

__all__ = ["Paraphrases"]

_MOST_LOOKED_AT = 8  # near ones of a row, of which the first that is not alike by words is named
_LOOK = "look at them, as near in meaning is not yet the same"


class _Asked(NamedTuple):
    """A question without case and punctuation, where it first stands, and in which split."""

    plain: str
    place: str
    split: str


class Paraphrases:
    """Questions that are near to one another by embeddings, and not by words.

    Holds all questions, and embeds them when asked for findings.

    Args:
        roles: which columns ask.
        similarity: from which likeness of words on another check says it.
        meaning: what makes embeddings, and from which cosine on texts are near.
        known: the questions of other data.
    """

    def __init__(self, roles: Roles, similarity: float, meaning: Meaning, known: Known | None = None) -> None:
        self._roles = roles
        self._similarity = similarity
        self._meaning = meaning
        self._known = known
        self._asked: dict[tuple[str, str], _Asked] = {}

    def add(self, example: Example) -> None:
        """Take a row."""
        plain = "" if example.problem else plain_text(self._roles.asked(example.values))
        if plain:
            self._asked.setdefault((plain, example.split), _Asked(plain, example.place, example.split))

    def findings(self) -> Iterator[Finding]:
        """Of each sort one, if there are any.

        Raises:
            UsageError, FerrataError: as `unit_vectors`.
        """
        asked = list(self._asked.values())
        vectors = unit_vectors(self._meaning, [one.plain for one in asked])
        leaks, near, elsewhere = Places(), Places(), Places()
        apart = _apart(asked)
        for found in near_rows(vectors, None, self._meaning.least):
            own = asked[found.row]
            if (other := self._first(own, found, asked)) is not None:
                near.add(f"{own.place}: {other}")
            if own.split and (other := self._first(own, found.only(apart[own.split]), asked)) is not None:
                leaks.add(f"{own.place} in {own.split!r}: {other}")
        if self._known is not None:
            known = [_Asked(plain, place, "") for plain, place in self._known.questions()]
            among = unit_vectors(self._meaning, [one.plain for one in known])
            for found in near_rows(vectors, among, self._meaning.least):
                if (other := self._first(asked[found.row], found, known)) is not None:
                    elsewhere.add(f"{asked[found.row].place}: {other}")
        return self._said(leaks, near, elsewhere)

    def _first(self, own: _Asked, found: NearRow, among: Sequence[_Asked]) -> str | None:
        """The nearest that is not alike by words; None where there is none."""
        for number, cosine in found.nearest(_MOST_LOOKED_AT):
            other = among[number]
            if likeness_of(own.plain, other.plain) < self._similarity:
                return f"{cosine:.2f} as {other.place}" + (f" in {other.split!r}" if other.split else "")
        return None

    def _said(self, leaks: Places, near: Places, elsewhere: Places) -> Iterator[Finding]:
        by = f"cosine at least {self._meaning.least:g} by {self._meaning.model or 'embeddings'}"
        if leaks:
            said = f"{{rows}} near in meaning to a row of another split ({by})"
            yield leaks.finding("leakage-of-meaning", "warning", said, f"{_LOOK}; keep in one split those that are")
        if self._known is not None and elsewhere:
            said = f"{{rows}} near in meaning to a row of {self._known.name} ({by})"
            yield elsewhere.finding("leakage-of-meaning", "warning", said, f"{_LOOK}; remove those that are")
        if near:
            said = f"{{rows}} near in meaning to an earlier one ({by})"
            yield near.finding("near-meaning", "note", said, f"{_LOOK}; count as one those that are")


def _apart(asked: Sequence[_Asked]) -> Mapping[str, NDArray[np.bool_]]:
    """Split -> for each question whether it is in another one."""
    import numpy as np

    splits = np.array([one.split for one in asked])
    return {split: (splits != split) & (splits != "") for split in {one.split for one in asked}}
