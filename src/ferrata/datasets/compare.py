"""What rows differ between two datasets: added, removed, changed. Knows no registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferrata.datasets.types import digest_of

if TYPE_CHECKING:
    from ferrata.datasets.dataset import Dataset

__all__ = ["DatasetDifference", "compare_datasets"]


@dataclass(frozen=True)
class DatasetDifference:
    """What differs. Rows are told by their id; a row without an `id` column that changes is one removed and one added.

    Attributes:
        added: ids of rows that only the second has.
        removed: ids of rows that only the first has.
        changed: id -> the columns that differ.
        moved: id -> split before and after.
        same: how many rows are equal.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: dict[str, tuple[str, ...]]
    moved: dict[str, tuple[str, str]]
    same: int

    def as_json(self) -> dict[str, Any]:
        """The difference as data."""
        return {
            "added": list(self.added),
            "removed": list(self.removed),
            "changed": {id: list(columns) for id, columns in self.changed.items()},
            "moved": {id: list(splits) for id, splits in self.moved.items()},
            "same": self.same,
        }


def compare_datasets(before: Dataset, after: Dataset) -> DatasetDifference:
    """What differs from one dataset to another; keeps a digest a column and row of the first in memory."""
    old = {
        one.id: (one.split, {name: digest_of({"": value}) for name, value in one.values.items()})
        for one in before.rows()
    }
    added: list[str] = []
    changed: dict[str, tuple[str, ...]] = {}
    moved: dict[str, tuple[str, str]] = {}
    same = 0
    for one in after.rows():
        known = old.pop(one.id, None)
        if known is None:
            added.append(one.id)
            continue
        new = {name: digest_of({"": value}) for name, value in one.values.items()}
        columns = tuple(name for name in {**known[1], **new} if known[1].get(name) != new.get(name))
        if columns:
            changed[one.id] = columns
        else:
            same += 1
        if known[0] != one.split:
            moved[one.id] = (known[0], one.split)
    return DatasetDifference(tuple(added), tuple(old), changed, moved, same)
