"""Scores of any tool, from its files: a row an object or a line, with a column that says which row it is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrata.datasets import read_any
from ferrata.errors import UsageError
from ferrata.evals.scores.table import ScoreTable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ferrata.datasets import Row
    from ferrata.stats import Scale, Scores

__all__ = ["Columns", "read_scores"]

_NAMED = 3
_MOST_LEVELS = 11
_GREATEST = 1e100
_MISSING = ("", "null", "none", "nan", "na", "n/a")
_WORDS = {"true": 1.0, "pass": 1.0, "passed": 1.0, "yes": 1.0, "false": 0.0, "fail": 0.0, "failed": 0.0, "no": 0.0}


class Columns(NamedTuple):
    """Where a file has what.

    Attributes:
        key: what a row is known by in every file.
        scores: one or more.
        cluster: what rows share that are not independent; None: they are.
        repeat: which repeat of its row it is; None: a key stands once.
    """

    key: str
    scores: Sequence[str]
    cluster: str | None = None
    repeat: str | None = None


def read_scores(
    path: Path,
    columns: Columns,
    *,
    scale: Scale | None = None,
    bounds: tuple[float, float] | None = None,
    higher_is_better: bool = True,
) -> dict[str, Scores]:
    """Column -> its scores; where a row has none, it is missing and named.

    Args:
        path: JSON lines, JSON, CSV, TSV or Parquet.
        columns: that are read.
        scale: of the scores; as the values show where it is None.
        bounds: the least and the greatest that a score can be; likewise.
        higher_is_better: the direction.

    Raises:
        NotFound, UsageError: no such file; a row cannot be read, lacks its key, stands twice, or has a score that is no number.
    """
    if bounds is not None and not -math.inf < bounds[0] < bounds[1] < math.inf:
        said = f"bounds from {bounds[0]!r} to {bounds[1]!r} are none"
        raise UsageError(said, hint="give the least, then the greatest that a score can be: --bounds 0 1")
    table = ScoreTable()
    seen: dict[tuple[str, str], str] = {}
    found: dict[str, set[float]] = {name: set() for name in columns.scores}
    first: Row | None = None
    for row in read_any(path):
        if row.problem:
            raise UsageError(f"{row.place}: {row.problem}")
        first = first or row
        number = _known(table, row, columns, seen, first)
        for name in columns.scores:
            value = _number(row, name)
            if value is None:
                table.miss(number, name)
                continue
            table.add(number, name, value)
            if scale == "binary" and value not in (0, 1):
                raise UsageError(
                    f"{row.place}: {name} is {value:g}, and a binary score is 0 or 1",
                    hint="leave --scale away, or say ordinal or continuous",
                )
            if len(found[name]) <= _MOST_LEVELS:
                found[name].add(value)
    if first is None:
        raise UsageError(f"{str(path)!r} has no rows")
    for name in columns.scores:
        if not found[name]:
            raise _no_score(path, name, first)
    scores = {name: table.scores(name, higher_is_better=higher_is_better) for name in columns.scores}
    return {name: _scaled(of, found[name], scale, bounds) for name, of in scores.items()}


def _no_score(path: Path, name: str, first: Row) -> UsageError:
    said = f"{str(path)!r} has no score in {name!r}"
    said += ": it is empty in every row" if name in first.values else f"; its columns are {', '.join(first.values)}"
    return UsageError(said, hint="name the column with the scores: --score COLUMN")


def _known(table: ScoreTable, row: Row, columns: Columns, seen: dict[tuple[str, str], str], first: Row) -> int:
    key, repeat = _text(row, columns.key, "--key", first), ""
    if columns.repeat is not None:
        repeat = _text(row, columns.repeat, "--repeat", first)
    if (before := seen.setdefault((key, repeat), row.place)) != row.place:
        which = f"{columns.key} {key!r}" + (f", {columns.repeat} {repeat!r}" if columns.repeat else "")
        hint = "" if columns.repeat else "if rows were run several times, say which column counts: --repeat COLUMN"
        raise UsageError(f"{row.place}: {which} stands already at {before}", hint=hint)
    cluster = None if columns.cluster is None else _text(row, columns.cluster, "--cluster", first)
    try:
        return table.row(key, cluster)
    except UsageError as error:
        raise UsageError(f"{row.place}: {error.message}") from None


def _text(row: Row, name: str, option: str, first: Row) -> str:
    value: Any = row.values.get(name)
    if value is None or value == "":
        if name in row.values or name in first.values:
            raise UsageError(
                f"{row.place}: this row has no value in {name!r}",
                hint=f"give it one, take the row out, or name another column: {option} COLUMN",
            )
        raise UsageError(
            f"{row.place}: there is no {name!r}; the columns are {', '.join(row.values)}",
            hint=f"name the column: {option} COLUMN",
        )
    # What another tool wrote as 7.0 is the row that this one knows as 7.
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _number(row: Row, name: str) -> float | None:
    value: Any = row.values.get(name)
    if isinstance(value, str):
        text = value.strip().lower()
        if text in _MISSING:
            return None
        # Python alone takes 1_000 for a number.
        value = _WORDS.get(text, text.replace("_", "?"))
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        value = row.values.get(name)
        hint = "write 0.5 for 50% and for 0,5" if isinstance(value, str) and {"%", ","} & set(value) else ""
        raise UsageError(f"{row.place}: {name} is {value!r:.80}, which is no number", hint=hint) from None
    if math.isinf(number):
        raise UsageError(f"{row.place}: {name} is infinite")
    if abs(number) > _GREATEST:  # whose squares are no numbers any more
        raise UsageError(
            f"{row.place}: {name} is {number:g}, too large to compute with", hint="give it in another unit"
        )
    return None if math.isnan(number) else number


def _scaled(scores: Scores, levels: set[float], scale: Scale | None, bounds: tuple[float, float] | None) -> Scores:
    from dataclasses import replace

    seen = _seen(levels)
    guessed = seen[1] if len(levels) <= _MOST_LEVELS else _spread(scores)
    low, high = bounds or guessed or (None, None)
    return replace(scores, scale=scale or seen[0], low=low, high=high)


def _seen(levels: set[float]) -> tuple[Scale, tuple[float, float] | None]:
    """What few values show: 0 and 1; whole numbers from 1 to 5; more whole numbers; anything."""
    if levels <= {0.0, 1.0}:
        return "binary", (0.0, 1.0)
    if len(levels) > _MOST_LEVELS or any(value != int(value) for value in levels):
        return "continuous", (0.0, 1.0) if 0 <= min(levels) and max(levels) <= 1 else None
    return "ordinal", (1.0, 5.0) if 1 <= min(levels) and max(levels) <= 5 else None


def _spread(scores: Scores) -> tuple[float, float] | None:
    return (0.0, 1.0) if float(scores.values.min()) >= 0 and float(scores.values.max()) <= 1 else None
