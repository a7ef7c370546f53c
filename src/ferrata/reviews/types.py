"""What a review is: its question, its items, and what people said. Plain data; knows no database."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.reviews.scales import Scale

__all__ = ["Body", "Draft", "DraftItem", "Item", "Label", "Review", "check_name", "person_of", "text_line"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LONGEST_PERSON = 100


@dataclass(frozen=True)
class Body:
    """What of a row people are shown.

    Attributes:
        inputs: by column.
        output: what is rated, by name.
        other: of a pair, the other run's output; None where one output is rated.
        row: its number in the data.
        repeat: which of its repeats, from 0.
        place: where in the data it is.
    """

    inputs: Mapping[str, Any]
    output: Mapping[str, Any]
    other: Mapping[str, Any] | None = None
    row: int = 0
    repeat: int = 0
    place: str = ""

    def sides(self, *, swapped: bool) -> list[tuple[str, Mapping[str, Any]]]:
        """The outputs as they are shown: `("", output)`, or of a pair `A` and `B`."""
        if self.other is None:
            return [("", self.output)]
        first, second = (self.other, self.output) if swapped else (self.output, self.other)
        return [("A", first), ("B", second)]


@dataclass(frozen=True)
class DraftItem:
    """A row that is to be rated.

    Attributes:
        key: of the row: the same in every run with the same inputs; unique in a review.
        chosen_by: the rule that chose it.
        body: what is shown.
        swapped: of a pair, whether the other run's output is shown as A.
    """

    key: str
    chosen_by: str
    body: Body
    swapped: bool = False


@dataclass(frozen=True)
class Draft:
    """A review to be begun.

    Attributes:
        name: letters, digits and `._-`.
        source: the run or file that the rows are of.
        scale: the labels.
        question: that is asked of each row.
        instructions: how to judge; may be empty.
        annotators: people per row.
        seed: of the choice, the sides of pairs and the orders.
        items: the rows, in the order of the data.
        against: of pairs, the other run.
        notes: what is to be known of the choice, as fewer rows than were asked for.
    """

    name: str
    source: str
    scale: Scale
    items: Sequence[DraftItem]
    question: str = ""
    instructions: str = ""
    annotators: int = 1
    seed: int = 0
    against: str = ""
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Review:
    """A review that was begun; the fields of `Draft`, and its state.

    Attributes:
        id: its number in the database.
        made_by: who began it.
        created: when, as `clock.format_time`.
        closed: when it was closed; empty while it is open.
        rows: how many items it has.
    """

    id: int
    name: str
    source: str
    against: str
    scale: Scale
    question: str
    instructions: str
    annotators: int
    seed: int
    made_by: str
    created: str
    closed: str
    rows: int

    @property
    def is_open(self) -> bool:
        """Whether labels are taken."""
        return not self.closed


@dataclass(frozen=True)
class Item:
    """A row of a review, without what is shown of it (`Reviews.body`).

    Attributes:
        id: its number in the database.
        number: in the review, from 1, in the order of the data.
        key: as of `DraftItem`.
        chosen_by: likewise.
        swapped: likewise.
    """

    id: int
    number: int
    key: str
    chosen_by: str
    swapped: bool


@dataclass(frozen=True)
class Label:
    """What somebody said of an item.

    Attributes:
        item: the item's number.
        person: who said it.
        value: a label of the scale; of a pair, of the sides as they were shown.
        comment: in words; of a final label, why.
        cause: of the failure, in few words.
        seconds: that it took, where that is known.
        final: it settles what annotators said.
        at: when, as `clock.format_time`; set when it is kept.
    """

    item: int
    person: str
    value: str
    comment: str = ""
    cause: str = ""
    seconds: float | None = field(default=None, compare=False)
    final: bool = False
    at: str = field(default="", compare=False)


def person_of(name: str) -> str:
    """A person's name with single blanks.

    Raises:
        UsageError: it is empty, too long, or has characters that cannot be printed.
    """
    person = " ".join(name.split(" ")).strip()
    if not person or not person.isprintable() or len(person) > _LONGEST_PERSON:
        raise UsageError(f"not a name of a person: {name!r}", hint="give a name, as in --as ann")
    return " ".join(person.split())


def check_name(name: str) -> str:
    """The name of a review, if it is one.

    Raises:
        UsageError: it is not.
    """
    if _NAME.fullmatch(name) is None:
        raise UsageError(f"not a name of a review: {name!r}", hint="use letters, digits, and . _ - within")
    return name


def text_line(text: str) -> str:
    """What somebody typed as one line of what can be printed: a terminal passes on keys that are no text."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())
