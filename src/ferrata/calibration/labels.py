"""People's labels, as rows of a file: what a review exports, or any rows with a column of labels. Asks no model."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from ferrata.datasets import read_any
from ferrata.errors import UsageError
from ferrata.evals import key_of_values

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from ferrata.evals import Measure

__all__ = ["LabelColumns", "LabelledRow", "Labels", "read_labels"]

_VERDICTS: dict[str, float] = {
    **dict.fromkeys(("pass", "passed", "yes", "true", "good", "ok", "correct"), 1.0),
    **dict.fromkeys(("fail", "failed", "no", "false", "bad", "wrong", "incorrect"), 0.0),
}
_MISSING = frozenset({"", "null", "none", "nan", "na", "n/a"})
# Of a pair, as reviews say it: the first response is better, the second, or neither.
_PAIR = {"a": 1.0, "response_a": 1.0, "response": 1.0, "b": 0.0, "response_b": 0.0, "baseline": 0.0, "tie": 0.5}
# Columns that say what people thought, or where a row came from; a judge is shown none of them.
_ABOUT = frozenset({"key", "label", "labels", "decided_by", "chosen_by", "cause", "comments", "run", "row", "repeat"})
_RANDOM = "random"

Kind = Literal["verdicts", "scale"]


class LabelColumns(NamedTuple):
    """Where the file has what.

    Attributes:
        label: of people.
        cluster: what rows share that are not independent; None: they are.
        model: which model wrote the response.
    """

    label: str = "label"
    cluster: str | None = None
    model: str = "model"


class LabelledRow(NamedTuple):
    """A row with its label.

    Attributes:
        key: its `key`, or the digest of what is no judgement in it, which runs over these rows know it by.
        values: by column, without what people said.
        label: 1 or 0 for pass and fail, else a number of the scale; None: people labelled it, and nobody has decided.
        by_person: annotator -> their label.
        cluster: what it shares with others.
        random: it was chosen at random, as far as the file says.
        writer: the model that wrote the response; empty where the file does not say.
        run: that it is from; likewise.
        place: file and line.
    """

    key: str
    values: dict[str, Any]
    label: float | None
    by_person: dict[str, float]
    cluster: str | None
    random: bool
    writer: str
    run: str
    place: str


class Labels(NamedTuple):
    """The labels of a file.

    Attributes:
        kind: `verdicts` or `scale`.
        rows: with a label, or undecided: without one, though two or more people labelled them.
        unlabelled: other rows without one.
    """

    kind: Kind
    rows: list[LabelledRow]
    unlabelled: int

    @property
    def undecided(self) -> int:
        """Rows that two or more people labelled and that have no label that holds."""
        return sum(row.label is None for row in self.rows)


class _Read(NamedTuple):
    values: dict[str, Any]
    place: str


def read_labels(
    path: Path,
    columns: LabelColumns,
    measure: Measure,
    *,
    passing: Mapping[str, bool] | None = None,
) -> Labels:
    """Read them.

    Labels are verdicts where they are words as pass and fail, or 0 and 1 on a scale that has nothing else, or no 0; else numbers of
    the scale. Of a score of 0 and 1 of which less is better, 0 passes. A row without a label that two or more people labelled is
    kept as undecided.

    Args:
        path: JSON lines, JSON, CSV, TSV or Parquet.
        columns: that are read.
        measure: the judge's score, whose scale labels may be on.
        passing: labels of the judge's own, and which of them pass.

    Raises:
        NotFound, UsageError: no such file or column; a row cannot be read or stands twice; a label is none.
    """
    found: list[_Read] = []
    for row in read_any(path):
        if row.problem:
            raise UsageError(f"{row.place}: {row.problem}")
        found.append(_Read(row.values, row.place))
    if not found:
        raise UsageError(f"{str(path)!r} has no rows")
    if not any(columns.label in row.values for row in found):
        raise UsageError(
            f"{str(path)!r} has no column {columns.label!r}; its columns are {', '.join(found[0].values)}",
            hint="name the column with people's labels: --label COLUMN",
        )
    decided = [row for row in found if not _is_missing(row.values.get(columns.label))]
    if not decided:
        raise UsageError(
            f"{str(path)!r} has no label in {columns.label!r}",
            hint="let people label some rows, and settle where they differ",
        )
    labelled = [row for row in found if not _is_missing(row.values.get(columns.label)) or len(_people(row)) > 1]
    said = [row.values[columns.label] for row in decided] + [
        label for row in labelled for label in _people(row).values()
    ]
    reading = _Reading.of(said, measure, passing or {})
    rows = [_labelled(row, columns, reading) for row in labelled]
    _check_keys(rows)
    return Labels(reading.kind, rows, len(found) - len(labelled))


def _labelled(row: _Read, columns: LabelColumns, reading: _Reading) -> LabelledRow:
    values = {name: value for name, value in row.values.items() if name not in _ABOUT and name != columns.label}
    cluster: str | None = None
    if columns.cluster is not None:
        shared = row.values.get(columns.cluster)
        if _is_missing(shared):
            raise UsageError(
                f"{row.place}: there is no {columns.cluster!r} to tell clusters by; the columns are {', '.join(row.values)}"
            )
        cluster = str(shared)
    given = row.values.get("key")
    chosen: Any = row.values.get("chosen_by")
    label = row.values.get(columns.label)
    return LabelledRow(
        key_of_values(values) if _is_missing(given) else str(given),
        values,
        None if _is_missing(label) else reading.number(label, row.place),
        {who: reading.number(value, f"{row.place}, {who}") for who, value in _people(row).items()},
        cluster,
        _is_missing(chosen) or str(chosen) == _RANDOM,
        str(row.values.get(columns.model) or ""),
        str(row.values.get("run") or ""),
        row.place,
    )


def _people(row: _Read) -> dict[str, Any]:
    """Annotator -> label, as the row's `labels` has them; in a table, whose cells are texts, as JSON."""
    said: Any = row.values.get("labels")
    if isinstance(said, str) and said.startswith("{"):
        try:
            said = json.loads(said)
        except (ValueError, RecursionError):
            raise UsageError(f"{row.place}: `labels` is no JSON: {said:.80}") from None
    if not isinstance(said, Mapping):
        return {}
    return {str(who): label for who, label in cast("Mapping[str, Any]", said).items() if not _is_missing(label)}


class _Reading(NamedTuple):
    """How labels are read: as verdicts, or as numbers from low to high; words that stand for numbers; and whether 0 passes."""

    kind: Kind
    words: Mapping[str, float]
    low: float
    high: float
    turned: bool = False

    @classmethod
    def of(cls, labels: Collection[Any], measure: Measure, passing: Mapping[str, bool]) -> _Reading:
        """How these labels are meant."""
        own = {_word(word): float(passes) for word, passes in passing.items()}
        texts = {_word(label) for label in labels}
        if own and texts <= own.keys():
            return cls("verdicts", own, 0.0, 1.0)
        if texts <= _VERDICTS.keys() or measure.scale == "binary":
            turned = measure.scale == "binary" and not measure.higher_is_better
            return cls("verdicts", _VERDICTS, 0.0, 1.0, turned)
        low = -math.inf if measure.low is None else measure.low
        high = math.inf if measure.high is None else measure.high
        numbers = {_float(text) for text in texts - _VERDICTS.keys()}
        if low > 0 and 0.0 in numbers and numbers <= {0.0, 1.0}:
            return cls("verdicts", _VERDICTS, 0.0, 1.0)
        return cls("scale", _PAIR if (low, high) == (0, 1) else {}, low, high)

    def number(self, label: Any, place: str) -> float:
        """The label as a number.

        Raises:
            UsageError: it is none of these.
        """
        text = _word(label)
        value = self.words[text] if text in self.words else _float(text)
        if self.kind == "verdicts" and value not in (0.0, 1.0):
            raise UsageError(f"{place}: the label {label!r:.80} is neither pass nor fail")
        if self.turned and value is not None and text not in self.words:
            return 1.0 - value
        if value is None:
            raise UsageError(
                f"{place}: the label {label!r:.80} is no number", hint="other labels of the file are; give all as one"
            )
        if not self.low <= value <= self.high:
            raise UsageError(
                f"{place}: the label {label!r:.80} is not on the judge's scale, {self.low:g} to {self.high:g}",
                hint="label with the judge's scale, or with pass and fail",
            )
        return value


def _word(label: Any) -> str:
    return " ".join(str(label).split()).casefold()


def _float(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value)) or _word(value) in _MISSING


def _check_keys(rows: list[LabelledRow]) -> None:
    seen: dict[str, str] = {}
    for row in rows:
        if (before := seen.setdefault(row.key, row.place)) != row.place:
            raise UsageError(
                f"{row.place}: the row {row.key!r} stands already at {before}",
                hint="a row has one label; settle it first, with the labels of each person in `labels`",
            )
