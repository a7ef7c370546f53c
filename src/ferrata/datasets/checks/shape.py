"""Rows that cannot be read, columns, ids, and how many rows there are."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from ferrata.datasets.checks.base import Finding, Places
from ferrata.datasets.types import is_empty, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ferrata.datasets.description import ColumnAbout
    from ferrata.datasets.types import Example

__all__ = ["Broken", "Columns", "Ids", "Size"]

_ENOUGH = 400  # rows; the half-width of a rate's interval is 5 points then


class Broken:
    """Rows that cannot be read."""

    def __init__(self) -> None:
        self._places = Places()

    def add(self, example: Example) -> None:
        """Take a row."""
        if example.problem:
            self._places.add(f"{example.place}: {example.problem}")

    def findings(self) -> Iterator[Finding]:
        """One, if there are any."""
        if self._places:
            hint = "repair or remove them; a run would count them as failed"
            yield self._places.finding("broken-row", "error", "{rows} that cannot be read", hint)


class Size:
    """No rows, or too few for what they are to show."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, example: Example) -> None:
        """Take a row."""
        self._count += not example.problem

    def findings(self) -> Iterator[Finding]:
        """That there are none, or how exact a rate over so many rows can be."""
        count = self._count
        if not count:
            yield Finding("no-rows", "error", "there is no row that can be read", hint="add rows")
        elif count < _ENOUGH:
            half = 1.96 * math.sqrt(0.25 / count)
            rows = "1 row" if count == 1 else f"{count:,} rows"
            said = f"with {rows}, a rate near 50 % is known to ±{min(100, half * 100):.0f} percentage points (95 %)"
            hint = f"for ±5 percentage points it takes {math.ceil(0.25 * (1.96 / 0.05) ** 2)} rows"
            yield Finding("few-rows", "note", said, count, hint=hint)


class Columns:
    """Columns that are missing, empty or of several kinds, against each other and against the description.

    Args:
        declared: the description's columns.
    """

    def __init__(self, declared: Mapping[str, ColumnAbout]) -> None:
        self._declared = declared
        self._rows = 0
        self._kinds: dict[str, Counter[str]] = {}
        self._empty: Counter[str] = Counter()
        self._wrong: dict[str, Places] = {}
        self._missing: dict[str, Places] = {}
        self._first: dict[str, str] = {}

    def add(self, example: Example) -> None:
        """Take a row."""
        if example.problem:
            return
        self._rows += 1
        for name, value in example.values.items():
            kind = kind_of(value)
            kinds = self._kinds.setdefault(name, Counter())
            kinds[kind] += 1
            self._empty[name] += is_empty(value)
            about = self._declared.get(name)
            if (
                about
                and about.kind
                and kind not in ("null", about.kind)
                and (kind, about.kind) != ("integer", "number")
            ):
                self._wrong.setdefault(name, Places()).add(f"{example.place}: {kind}")
        for name, about in self._declared.items():
            if about.required and is_empty(example.values.get(name)):
                self._missing.setdefault(name, Places()).add(example.place)

    def findings(self) -> Iterator[Finding]:
        """Of the declared columns first, then of the others."""
        for name, places in self._missing.items():
            said = f"the column {name!r} is required, and missing or empty in {{rows}}"
            yield places.finding("missing-column", "error", said, "fill it, or do not require it in the description")
        for name, places in self._wrong.items():
            said = f"the column {name!r} should be {self._declared[name].kind} and is not in {{rows}}"
            yield places.finding("wrong-kind", "error", said, "correct the rows or the description")
        for name, kinds in self._kinds.items():
            yield from self._of_column(name, kinds)

    def _of_column(self, name: str, kinds: Counter[str]) -> Iterator[Finding]:
        there = kinds.total()
        if self._empty[name] == there:
            said = f"the column {name!r} has no value in any row"
            yield Finding("empty-column", "warning", said, there, hint="remove it or fill it")
        elif there < self._rows and name not in self._missing:
            said = f"the column {name!r} is missing in {self._rows - there:,} of {self._rows:,} rows"
            yield Finding("missing-column", "warning", said, self._rows - there, hint="fill it, or describe it")
        several = {kind: count for kind, count in kinds.items() if kind != "null"}
        if several.keys() == {"integer", "number"}:
            return
        if len(several) > 1 and name not in self._wrong:
            said = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
            hint = "one kind in a column; say which in the description"
            yield Finding(
                "mixed-kinds", "warning", f"the column {name!r} is of several kinds: {said}", there, hint=hint
            )


class Ids:
    """Ids that several rows have.

    Args:
        column: the column of ids; None: there is none.
    """

    def __init__(self, column: str | None) -> None:
        self._column = column
        self._seen: set[str] = set()
        self._places = Places()

    def add(self, example: Example) -> None:
        """Take a row."""
        value = example.values.get(self._column) if self._column else None
        if isinstance(value, str | int) and str(value).strip():
            if str(value) in self._seen:
                self._places.add(f"{example.place}: {str(value)!r}")
            self._seen.add(str(value))

    def findings(self) -> Iterator[Finding]:
        """One, if an id stands twice."""
        if self._places:
            said = "{rows} with an id that an earlier row has"
            yield self._places.finding("duplicate-id", "error", said, "give each row an id of its own")
