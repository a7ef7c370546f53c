"""Rows into files: JSON lines, JSON, CSV, TSV or Parquet, by the file's name. Knows no dataset."""

from __future__ import annotations

import csv
import json
import os
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ferrata.datasets.types import text_of
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["write_rows"]

_WRITABLE = ".jsonl, .ndjson, .json, .csv, .tsv or .parquet"


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]], *, replace: bool = False) -> int:
    """Write rows to a file, whole or not at all; how many they were.

    Args:
        path: its suffix says the format. CSV, TSV and Parquet have the columns of all rows.
        rows: values by column.
        replace: the file may be there already.

    Raises:
        UsageError: the suffix is none of these, the file is there, or it cannot be written.
    """
    writers = {".jsonl": _json_lines, ".ndjson": _json_lines, ".json": _json, ".csv": _cells, ".tsv": _cells}
    write = _parquet if path.suffix.lower() == ".parquet" else writers.get(path.suffix.lower())
    if write is None:
        raise UsageError(f"cannot write {str(path)!r}: no format has this name", hint=f"end the name in {_WRITABLE}")
    if path.exists() and not replace:
        raise UsageError(f"{str(path)!r} is there already", hint="name another file, or remove it")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        count = write(part, rows, path.suffix.lower())
        part.replace(path)
    except OSError as error:
        raise UsageError(f"cannot write {str(path)!r}: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return count


def _line(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, default=str)


def _json_lines(path: Path, rows: Iterable[Mapping[str, Any]], _suffix: str) -> int:
    count = 0
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        for values in rows:
            file.write(_line(values) + "\n")
            count += 1
    return count


def _json(path: Path, rows: Iterable[Mapping[str, Any]], _suffix: str) -> int:
    count = 0
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        file.write("[")
        for values in rows:
            file.write((",\n" if count else "\n") + _line(values))
            count += 1
        file.write("\n]\n")
    return count


def _columns(rows: Iterable[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], list[str]]:
    listed = list(rows)
    return listed, list(dict.fromkeys(name for values in listed for name in values))


def _cells(path: Path, rows: Iterable[Mapping[str, Any]], suffix: str) -> int:
    listed, names = _columns(rows)
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file, delimiter="\t" if suffix == ".tsv" else ",", lineterminator="\n")
        writer.writerow(names)
        writer.writerows([text_of(values.get(name)) for name in names] for values in listed)
    return len(listed)


def _parquet(path: Path, rows: Iterable[Mapping[str, Any]], _suffix: str) -> int:
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise UsageError(
            "writing Parquet needs the package pyarrow", hint="pip install 'ferrata[parquet]', or write JSON lines"
        ) from None
    listed, names = _columns(rows)
    try:
        table = arrow.table({name: [values.get(name) for values in listed] for name in names})
    except arrow.ArrowException as error:
        raise UsageError(
            f"the rows do not fit a table: {error}", hint="write JSON lines, in which a column may hold any kinds"
        ) from None
    parquet.write_table(table, path)
    return len(listed)
