"""A dataset: rows that are read when they are asked for, and what one reading of them shows.

Rows lie in a file or a folder; nothing here keeps more than one in memory, beside their digests. Knows no registry.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ferrata.datasets.description import SUFFIX, Description, description_beside, read_description
from ferrata.datasets.formats import FORMATS, detect_format, read_any
from ferrata.datasets.types import (
    Column,
    Example,
    Provenance,
    SplitRule,
    Summary,
    digest_of,
    is_empty,
    kind_of,
    split_of,
)
from ferrata.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ferrata.datasets.formats import Format

__all__ = ["Dataset", "open_file"]

_MOST_DISTINCT = 1_000
_DATA_SUFFIXES = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".yaml", ".yml")


@dataclass
class Dataset:
    """Rows with a name.

    Attributes:
        name: for people, as `data/support.jsonl` or `dataset/support@3`.
        path: the file or folder.
        description: what is declared of it.
        format: of the file; None: as its content shows.
        version: of the registry, as `dataset/support@3`; empty where it is a file.
    """

    name: str
    path: Path
    description: Description = field(default_factory=Description)
    format: Format | None = None
    version: str = ""

    @property
    def provenance(self) -> Provenance:
        """Where it came from."""
        return self.description.origin

    @property
    def tags(self) -> dict[str, str]:
        """Texts by name."""
        return dict(self.description.tags)

    @cached_property
    def split_rule(self) -> SplitRule | None:
        """How rows are split: as declared, or by a column `split` where the first row has one."""
        if (declared := self.description.split_rule) is not None:
            return declared
        first = next((row for row in read_any(self.path, self.format) if not row.problem), None)
        return SplitRule(column="split") if first and "split" in first.values else None

    def read(self) -> Iterator[Example]:
        """All rows in their order, also those that cannot be read, which have a `problem`.

        Raises:
            NotFound, UsageError, InvalidDocument: the file cannot be read at all.
        """
        seen: Counter[str] = Counter()
        broken = 0
        (id_column, *_) = self.description.column_of("id", "id")
        rule = self.split_rule
        for row in read_any(self.path, self.format):
            if row.problem:
                broken += 1
                yield Example(f"broken-{broken}", {}, "", row.place, row.problem)
                continue
            own = row.values.get(id_column)
            plain = str(own) if isinstance(own, str | int) and str(own).strip() else ""
            key = plain or digest_of(row.values)
            name = plain or key[:16]
            seen[name] += 1
            unique = name if seen[name] == 1 else f"{name}#{seen[name]}"
            yield Example(unique, row.values, split_of(row.values, rule, own_id=key), row.place)

    def rows(self, split: str | None = None) -> Iterator[Example]:
        """The rows that can be read, of one split or of all."""
        return (one for one in self.read() if not one.problem and split in (None, one.split))

    @cached_property
    def summary(self) -> Summary:
        """Count, columns, splits and digest; reads the whole once."""
        count = broken = 0
        columns: dict[str, _Gathered] = {}
        splits: Counter[str] = Counter()
        digests = bytearray()
        for example in self.read():
            if example.problem:
                broken += 1
                continue
            count += 1
            splits[example.split] += 1
            digests += bytes.fromhex(digest_of(example.values))
            for name, value in example.values.items():
                columns.setdefault(name, _Gathered()).add(value)
        parts = sorted(bytes(digests[i : i + 32]) for i in range(0, len(digests), 32))
        digest = sha256(b"".join(parts)).hexdigest()
        named = {} if set(splits) <= {""} else dict(sorted(splits.items()))
        return Summary(count, broken, digest, tuple(one.column(name) for name, one in columns.items()), named)


class _Gathered:
    """What is known of a column so far."""

    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.empty = 0
        self.distinct: set[int] = set()

    def add(self, value: Any) -> None:
        self.kinds[kind_of(value)] += 1
        self.empty += is_empty(value)
        if len(self.distinct) < _MOST_DISTINCT:
            self.distinct.add(hash(value if isinstance(value, str | int | float | None) else repr(value)))

    def column(self, name: str) -> Column:
        return Column(name, dict(self.kinds), self.kinds.total(), self.empty, len(self.distinct))


def open_file(path: Path, *, name: str | None = None, format: Format | None = None) -> Dataset:
    """The dataset of a data file with the description beside it, of a description with its data, or of a folder of files.

    Raises:
        NotFound: there is no such file.
        UsageError: the format is none.
        InvalidDocument: the description is wrong.
    """
    if format is not None and format not in FORMATS:
        raise UsageError(f"no such format: {format!r}", hint=f"the formats are {', '.join(FORMATS)}")
    if path.name.endswith(SUFFIX):
        description = read_description(path)
        data = _data_of(path, description)
    else:
        data, beside = path, description_beside(path)
        description = read_description(beside) if path.is_file() and beside.is_file() else Description()
    if not data.exists():
        raise NotFound(
            f"no such data: {str(data)!r}", hint="give a file of JSON lines, JSON, CSV, TSV, Parquet or YAML"
        )
    chosen = format or description.format or (detect_format(data) if data.is_file() else None)
    return Dataset(name or str(path), data, description, chosen)


def _data_of(path: Path, description: Description) -> Path:
    if description.data is not None:
        return path.parent / description.data
    stem = path.name.removesuffix(SUFFIX)
    found = [path.with_name(stem + suffix) for suffix in _DATA_SUFFIXES]
    there = [one for one in found if one.is_file()]
    if len(there) != 1:
        said = "no data beside it" if not there else f"{len(there)} files of data beside it"
        raise NotFound(f"{str(path)!r} has {said}", hint="name the file in it, as `data: support.jsonl`")
    return there[0]
