"""What a dataset is made of: examples, columns, splits, where it came from. Plain data; knows no file and no registry."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ORIGINS",
    "Column",
    "Example",
    "Origin",
    "Provenance",
    "Source",
    "SplitRule",
    "Summary",
    "content_of",
    "digest_of",
    "is_empty",
    "kind_of",
    "split_of",
    "text_of",
]

Origin = Literal["file", "traces", "feedback", "evals", "synthetic", "import"]
ORIGINS: tuple[Origin, ...] = ("file", "traces", "feedback", "evals", "synthetic", "import")


@dataclass(frozen=True, slots=True)
class Example:
    """One row of a dataset.

    Attributes:
        id: what its `id` column says, or else of its content; unique within the dataset.
        values: by column; empty where it cannot be read.
        split: the part that it belongs to; empty where there are none.
        place: file and line, or file and row.
        problem: why it cannot be read; empty if it can.
    """

    id: str
    values: Mapping[str, Any]
    split: str = ""
    place: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """What a column holds.

    Attributes:
        name: its name.
        kinds: how many values of each kind: `text`, `integer`, `number`, `boolean`, `list`, `object`, `null`.
        present: rows that have it.
        empty: rows in which it is null, an empty text, list or object.
        distinct: different values; counted up to 1,000.
    """

    name: str
    kinds: Mapping[str, int]
    present: int
    empty: int
    distinct: int

    def as_json(self) -> dict[str, Any]:
        """The column as data."""
        about = {"kinds": dict(self.kinds), "present": self.present, "empty": self.empty, "distinct": self.distinct}
        return {"name": self.name, **about}


@dataclass(frozen=True, slots=True)
class SplitRule:
    """Which split a row belongs to: what a column says, or shares by a hash of a key, so that no row ever changes its split.

    Attributes:
        column: the column that says it; empty: by `shares`.
        shares: of each split, together 1.
        key: the column whose equal values stay together; empty: the row's own id, or else its content.
        salt: another one gives another division.
    """

    column: str = ""
    shares: Mapping[str, float] = field(default_factory=dict[str, float])
    key: str = ""
    salt: str = ""

    def as_json(self) -> dict[str, Any]:
        """The rule as data."""
        if self.column:
            return {"column": self.column}
        about = {"ratios": dict(self.shares), "key": self.key, "salt": self.salt}
        return {name: value for name, value in about.items() if value}


@dataclass(frozen=True, slots=True)
class Source:
    """Something that a dataset was made of: its path or name, its SHA-256, and how many rows, spans or documents it gave."""

    path: str
    sha256: str = ""
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a dataset came from.

    Attributes:
        origin: one of `ORIGINS`.
        sources: what it was made of.
        made_by: who or what made it.
        steps: what was done, in order: each a mapping with `step` and its numbers.
    """

    origin: Origin = "file"
    sources: tuple[Source, ...] = ()
    made_by: str = ""
    steps: tuple[Mapping[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The provenance as data, as a description file has it."""
        sources = [
            {key: value for key, value in (("path", s.path), ("sha256", s.sha256), ("count", s.count)) if value}
            for s in self.sources
        ]
        about = {"sources": sources, "made_by": self.made_by, "steps": [dict(step) for step in self.steps]}
        return {"origin": self.origin, **{key: value for key, value in about.items() if value}}


@dataclass(frozen=True, slots=True)
class Summary:
    """What one reading of a dataset shows.

    Attributes:
        count: rows that can be read.
        broken: rows that cannot.
        digest: of the rows' values, whatever the file's format and their order; hexadecimal.
        columns: in the order in which they first appear.
        splits: rows a split; empty where there are none.
    """

    count: int
    broken: int
    digest: str
    columns: tuple[Column, ...]
    splits: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """The summary as data."""
        return {
            "rows": self.count,
            "broken": self.broken,
            "digest": self.digest,
            "splits": dict(self.splits),
            "columns": [column.as_json() for column in self.columns],
        }


_KINDS: dict[type[Any], str] = {
    str: "text",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "list",
    tuple: "list",
    dict: "object",
    type(None): "null",
}


def kind_of(value: Any) -> str:
    """The kind of a value: `text`, `integer`, `number`, `boolean`, `list`, `object` or `null`; of what has none, `text`."""
    return _KINDS.get(cast("type[Any]", type(value)), "text")


def is_empty(value: Any) -> bool:
    """Whether a value says nothing: null, NaN, white space, an empty list or object."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or value in ([], {}) or (isinstance(value, float) and math.isnan(value))


def text_of(value: Any) -> str:
    """A value as text: itself, or its JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def content_of(values: Mapping[str, Any]) -> str:
    """The one text of a row's values: JSON with sorted keys; what is no JSON, as a date, is written as text."""
    return json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)


def digest_of(values: Mapping[str, Any]) -> str:
    """SHA-256 of a row's content, 64 hexadecimal digits."""
    return sha256(content_of(values).encode("utf-8", "surrogatepass")).hexdigest()


_HASH_DIGITS = 13


def split_of(values: Mapping[str, Any], rule: SplitRule | None, *, own_id: str) -> str:
    """The split of a row.

    Args:
        values: its values.
        rule: None: there are no splits.
        own_id: its `id`, or else the digest of its content; not a number among equals, or equal rows would part.
    """
    if rule is None:
        return ""
    if rule.column:
        value = values.get(rule.column)
        return "" if is_empty(value) else text_of(value)
    key = text_of(values.get(rule.key)) if rule.key else own_id
    number = int(sha256(f"{rule.salt}\0{key}".encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS], 16)
    at = number / 16**_HASH_DIGITS
    for name, share in rule.shares.items():
        if at < share:
            return name
        at -= share
    return list(rule.shares)[-1]  # what rounding leaves
