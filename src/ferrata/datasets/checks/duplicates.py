"""Rows that say the same or nearly the same: within the data, between its splits, and against other data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.datasets.checks.base import Places, plain_text
from ferrata.datasets.likeness import Likeness
from ferrata.datasets.types import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ferrata.datasets.checks.base import Finding, Roles
    from ferrata.datasets.types import Example

__all__ = ["Duplicates", "Known", "Leakage"]


class _Group:
    """The first row of a group of rows that ask the same or nearly so, and the first place in each split."""

    __slots__ = ("first", "splits")

    def __init__(self, place: str) -> None:
        self.first = place
        self.splits: dict[str, str] = {}


class Duplicates:
    """Duplicates, near-duplicates, and both across splits.

    Args:
        roles: which columns ask.
        similarity: from which likeness on two questions are nearly the same.
    """

    def __init__(self, roles: Roles, similarity: float) -> None:
        self._roles = roles
        self._like = Likeness(similarity)
        self._numbers: dict[str, int] = {}
        self._rows: dict[str, str] = {}
        self._groups: dict[int, _Group] = {}
        self._exact, self._near, self._leaks = Places(), Places(), Places()

    def add(self, example: Example) -> None:
        """Take a row."""
        if example.problem:
            return
        asked = plain_text(self._roles.asked(example.values))
        if not asked:
            return
        content = digest_of({name: example.values.get(name) for name in self._roles.content})
        copied = self._rows.setdefault(content, example.place)
        if copied != example.place:
            self._exact.add(f"{example.place}: as {copied}")
        likeness = self._place_of(asked, example)
        group = self._groups[self._like.group(self._numbers[asked])]
        if likeness is not None and copied == example.place:
            self._near.add(f"{example.place}: {likeness:.0%} as {group.first}")
        for split, place in group.splits.items():
            if split != example.split and example.split:
                self._leaks.add(f"{example.place} in {example.split!r}: as {place} in {split!r}")
                break
        if example.split:
            group.splits.setdefault(example.split, example.place)

    def _place_of(self, asked: str, example: Example) -> float | None:
        """How like an earlier one the question is; None where it is like none."""
        if asked in self._numbers:
            return 1.0
        number = self._numbers[asked] = len(self._like)
        near = self._like.add(asked)
        if near is None:
            self._groups[number] = _Group(example.place)
            return None
        return near.likeness

    def findings(self) -> Iterator[Finding]:
        """Of each sort one, if there are any."""
        if self._leaks:
            said = "{rows} asking the same as a row of another split, or nearly so"
            hint = "keep them in one split: split by `ratios` with the `key` that they share, or remove them"
            yield self._leaks.finding("leakage", "error", said, hint)
        if self._exact:
            yield self._exact.finding("duplicate", "warning", "{rows} copied from earlier ones", "remove the copies")
        if self._near:
            said = f"{{rows}} asking nearly what an earlier one asks (likeness of words at least {self._like.least:g})"
            yield self._near.finding("near-duplicate", "warning", said, "keep one of each group, or count them as one")


class Known:
    """The questions of other data, to compare with.

    Args:
        name: of that data.
        rows: its rows.
        roles: which of its columns ask.
        similarity: as of `Duplicates`.
    """

    def __init__(self, name: str, rows: Iterable[Example], roles: Roles, similarity: float) -> None:
        self.name = name
        self._like = Likeness(similarity)
        self._numbers: dict[str, int] = {}
        self._places: list[str] = []
        for example in rows:
            asked = plain_text(roles.asked(example.values))
            if asked and asked not in self._numbers:
                self._numbers[asked] = len(self._like)
                self._places.append(example.place)
                self._like.add(asked)

    def questions(self) -> Iterable[tuple[str, str]]:
        """Each question without case and punctuation, and where it first stands."""
        return zip(self._numbers, self._places, strict=True)

    def find(self, asked: str) -> tuple[str, float] | None:
        """The place of the most similar question, and how like it is; None where there is none."""
        if asked in self._numbers:
            return self._places[self._numbers[asked]], 1.0
        near = self._like.find(asked)
        return None if near is None else (self._places[near.number], near.likeness)


class Leakage:
    """Questions that other data has as well, as the training data of a test set.

    Args:
        known: the other data.
        roles: which columns ask.
    """

    def __init__(self, known: Known, roles: Roles) -> None:
        self._known = known
        self._roles = roles
        self._places = Places()

    def add(self, example: Example) -> None:
        """Take a row."""
        asked = "" if example.problem else plain_text(self._roles.asked(example.values))
        if asked and (found := self._known.find(asked)) is not None:
            self._places.add(f"{example.place}: {found[1]:.0%} as {found[0]}")

    def findings(self) -> Iterator[Finding]:
        """One, if there are any."""
        if self._places:
            said = f"{{rows}} asking the same as a row of {self._known.name}, or nearly so"
            hint = "remove them from one of the two, or results will be too good"
            yield self._places.finding("leakage", "error", said, hint)
