"""Labels that were given elsewhere, from a file of rows with `key`, `label`, and perhaps `comment` and `cause`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrata.datasets import read_rows
from ferrata.errors import InvalidDocument, Mistake, UsageError
from ferrata.reviews.types import Label, text_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ferrata.reviews.types import Item, Review

__all__ = ["read_labels"]


def read_labels(path: Path, review: Review, items: Sequence[Item], person: str) -> list[Label]:
    """The labels of a file; rows without a label (empty or null) are passed over.

    Raises:
        NotFound, UsageError: the file is not there, or cannot be read at all.
        InvalidDocument: rows are wrong: a key that the review does not have or that stands twice, a label that is none of
            its scale. All are named.
    """
    numbers = {item.key: item.number for item in items}
    found: dict[int, Label] = {}
    mistakes: list[Mistake] = []
    for row in read_rows(path):
        place, _, line = row.place.rpartition(":")
        where = (place, int(line)) if line.isdecimal() else (row.place, 0)
        if row.problem:
            mistakes.append(Mistake(*where, "", row.problem))
            continue
        key = text_line(str(row.values.get("key", "")))
        if row.values.get("label") in (None, ""):
            continue
        if key not in numbers:
            mistakes.append(Mistake(*where, "key", f"the review {review.name!r} has no row {key!r}"))
        elif numbers[key] in found:
            mistakes.append(Mistake(*where, "key", f"the row {key!r} has a label already, further up"))
        else:
            try:
                found[numbers[key]] = _label(review, numbers[key], person, row.values)
            except UsageError as error:
                mistakes.append(Mistake(*where, "label", f"{error.message}; {error.hint}"))
    if mistakes:
        raise InvalidDocument(mistakes, hint="nothing was taken; mend the file and give it again")
    return list(found.values())


def _label(review: Review, number: int, person: str, values: Mapping[str, Any]) -> Label:
    comment, cause = (text_line(str(values.get(name) or "")) for name in ("comment", "cause"))
    return Label(number, person, review.scale.label_of(values["label"]), comment, cause)
