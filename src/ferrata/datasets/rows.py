"""Rows of data files, one at a time: JSON lines, JSON, CSV, TSV, Parquet, or a folder of them.

A row that cannot be read is a row with a problem, not the end of the run. Types are those of the file: all cells of a CSV file are
text, as Prompt Flow takes them. Knows no flow and no column mapping.
"""

from __future__ import annotations

import csv
import json
import math
import sys
from contextlib import closing
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.errors import NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

__all__ = ["Row", "count_rows", "data_files", "read_rows"]

_UTF8_BOM = b"\xef\xbb\xbf"
_WIDE_BOMS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_CHUNK = 1 << 20
_KNOWN = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet")
_WHITE = " \t\r\n"
_decoder = json.JSONDecoder()


class Row(NamedTuple):
    """One row of a file.

    Attributes:
        values: by column; empty where the row cannot be read.
        place: file and line (from 1), or file and row where it has no lines.
        folder: of the file; paths in the row are relative to it.
        problem: why it cannot be read; empty if it can.
    """

    values: dict[str, Any]
    place: str
    folder: Path
    problem: str = ""


def read_rows(path: Path) -> Generator[Row]:
    """The rows of a file, or of all files in a folder, in the order of their paths.

    No more than a row is in memory, but for JSON that has a list a column, which is read whole.

    Raises:
        NotFound: there is no such file.
        UsageError: it cannot be read at all.
    """
    for file in data_files(path):
        try:
            yield from _rows_of(file)
        except OSError as error:
            raise UsageError(f"cannot read {str(file)!r}: {error.strerror or error}") from None


def count_rows(path: Path) -> int:
    """How many rows `read_rows` gives.

    Raises:
        NotFound: there is no such file.
        UsageError: it cannot be read at all.
    """
    total = 0
    for file in data_files(path):
        if _is_json_lines(file) and _wide_encoding(file) is None:
            with file.open("rb") as opened:
                total += sum(not line.isspace() and line != _UTF8_BOM for line in opened)
        else:
            total += sum(1 for _ in _rows_of(file))
    return total


def data_files(path: Path) -> list[Path]:
    """The file itself, or those in the folder that hold rows; of unknown names, those that begin as JSON lines do.

    What is hidden is passed over: a run in `.ferrata` below the folder would take in its own results without end.

    Raises:
        NotFound: there is no such file.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise NotFound(f"no such data: {str(path)!r}", hint="give a file of JSON lines, JSON, CSV, TSV or Parquet")
    files = [file for file in sorted(path.rglob("*")) if file.is_file() and not _is_hidden(file.relative_to(path))]
    return [file for file in files if file.suffix.lower() in _KNOWN or _begins_as_json_lines(file)]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _begins_as_json_lines(path: Path) -> bool:
    with closing(_json_lines(path)) as rows:
        first = next(rows, None)
    return first is not None and not first.problem


def _is_json_lines(path: Path) -> bool:
    return path.suffix.lower() not in (".json", ".csv", ".tsv", ".parquet")


def _rows_of(path: Path) -> Iterator[Row]:
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return _cells(path, delimiter=",")
    if suffix == ".tsv":
        return _cells(path, delimiter="\t")
    if suffix == ".json":
        return _json(path)
    if suffix == ".parquet":
        return _parquet(path)
    return _json_lines(path)


def _json_lines(path: Path) -> Generator[Row]:
    encoding = _wide_encoding(path)
    if encoding is not None:
        with path.open(encoding=encoding, errors="replace", newline="\n") as opened:
            for number, text in enumerate(opened, 1):
                if not text.isspace():
                    yield _json_row(text, f"{path}:{number}", path.parent)
        return
    where, folder = f"{path}:", path.parent
    with path.open("rb") as file:
        number = 0
        while line := file.readline():
            number += 1
            if number == 1:
                line = line.removeprefix(_UTF8_BOM)
            if not line or line.isspace():
                continue
            row = _json_line(line, f"{where}{number}", folder)
            line = b""  # who reads a row holds it alone, not also the text that it was made of
            yield row


def _json_line(line: bytes, place: str, folder: Path) -> Row:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        return Row({}, place, folder, f"byte {error.start + 1} of the line is not UTF-8")
    return _json_row(text, place, folder)


def _json_row(text: str, place: str, folder: Path) -> Row:
    try:
        value = _decoder.decode(text)
    except json.JSONDecodeError as error:
        return Row({}, place, folder, f"not valid JSON: {error.msg} at column {error.colno}")
    except (ValueError, RecursionError) as error:
        return Row({}, place, folder, f"not valid JSON: {error}")
    if "NaN" in text:
        value = _nested_nan_to_none(value)
    return _row(value, place, folder)


def _row(value: Any, place: str, folder: Path) -> Row:
    if not isinstance(value, dict):
        return Row({}, place, folder, f"must be a JSON object with a value a column, not {_kind(value)}")
    return Row(cast("dict[str, Any]", value), place, folder)


def _kind(value: Any) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(cast("type[Any]", type(value)), "a number")


def _nested_nan_to_none(value: Any) -> Any:
    """NaN inside of a column's value becomes None, as pandas and so Prompt Flow has it; as the whole value it stays NaN."""
    if not isinstance(value, dict):
        return value
    columns = cast("dict[str, Any]", value)
    return {name: item if isinstance(item, float) else _without_nan(item) for name, item in columns.items()}


def _without_nan(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, list):
        return [_without_nan(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {name: _without_nan(item) for name, item in cast("dict[str, Any]", value).items()}
    return value


def _json(path: Path) -> Iterator[Row]:
    """A list of objects, read object by object; or an object with a list (or an object) a column."""
    with path.open(encoding=_wide_encoding(path) or "utf-8-sig", errors="surrogateescape") as file:
        text, at = "", 0
        while not text.strip(_WHITE):
            text = file.read(_CHUNK)
            if not text:
                return
        at = len(text) - len(text.lstrip(_WHITE))
        if text[at] != "[":
            yield from _json_columns(text + file.read(), path)
            return
        at, number, ended = at + 1, 0, False
        while True:
            found = _next_item(text, at, first=number == 0)
            if found is not None and (found.last or found.end < len(text) or ended):
                if found.last:
                    return
                number += 1
                yield _json_list_row(found.value, text[at : found.end], f"{path}: row {number}", path.parent)
                at = found.end
                continue
            if ended:
                yield Row({}, f"{path}: row {number + 1}", path.parent, f"not valid JSON: {_problem(text, at)}")
                return
            # Twice as much each time, so that a large row is not parsed from its start for each piece.
            more = file.read(max(_CHUNK, len(text) - at))
            ended = not more
            text, at = text[at:] + more, 0


class _Item(NamedTuple):
    value: Any
    end: int
    last: bool = False


def _next_item(text: str, at: int, *, first: bool) -> _Item | None:
    """The next item of a list in JSON, from `at` on; None where it is not complete, or wrong."""
    at = _past_white(text, at)
    if at < len(text) and text[at] == "]":
        return _Item(None, at + 1, last=True)
    if not first:
        if at >= len(text) or text[at] != ",":
            return None
        at = _past_white(text, at + 1)
    try:
        value, end = _decoder.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None
    return _Item(value, end)


def _past_white(text: str, at: int) -> int:
    while at < len(text) and text[at] in _WHITE:
        at += 1
    return at


def _json_list_row(value: Any, text: str, place: str, folder: Path) -> Row:
    if not text.isascii() and any("\udc80" <= c <= "\udcff" for c in text):
        return Row({}, place, folder, "has bytes that are not UTF-8")
    return _row(_nested_nan_to_none(value) if "NaN" in text else value, place, folder)


def _problem(text: str, at: int) -> str:
    at = _past_white(text, at)
    if at >= len(text):
        return "the list has no end"
    try:
        _decoder.raw_decode(text, _past_white(text, at + 1) if text[at] == "," else at)
    except json.JSONDecodeError as error:
        return error.msg
    except (ValueError, RecursionError) as error:
        return str(error)
    return "a comma is missing"


def _json_columns(text: str, path: Path) -> Iterator[Row]:
    place = f"{path}"
    try:
        value: Any = _decoder.decode(text)
    except (ValueError, RecursionError) as error:
        yield Row({}, place, path.parent, f"not valid JSON: {error}")
        return
    columns: dict[str, list[Any]] = {}
    if isinstance(value, dict):
        for name, items in cast("dict[str, Any]", value).items():
            if isinstance(items, dict):
                columns[name] = list(cast("dict[str, Any]", items).values())
            elif isinstance(items, list):
                columns[name] = cast("list[Any]", items)
    lengths = {len(items) for items in columns.values()}
    if not isinstance(value, dict) or len(columns) != len(cast("dict[str, Any]", value)) or len(lengths) > 1:
        problem = "must be a list of objects, or an object with lists of one length"
        yield Row({}, place, path.parent, problem)
        return
    for number in range(max(lengths, default=0)):
        values = {name: items[number] for name, items in columns.items()}
        yield Row(values, f"{path}: row {number + 1}", path.parent)


def _cells(path: Path, *, delimiter: str) -> Iterator[Row]:
    # The module's limit is the process's, 131,072 characters; a cell may hold a document.
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    encoding = _wide_encoding(path) or "utf-8-sig"
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        header: list[str] | None = None
        before = -1
        while reader.line_num != before:
            before = reader.line_num
            place = f"{path}:{before + 1}"
            try:
                cells = next(reader, None)
            except csv.Error as error:
                yield Row({}, place, path.parent, f"not valid CSV: {error}")
                continue
            if cells is None:
                return
            if not cells:
                continue
            if header is None:
                header = _header(cells)
            else:
                yield _cell_row(header, cells, place, path.parent)


def _header(cells: Sequence[str]) -> list[str]:
    """Names of columns; one that comes again gets a number, one without gets its place, as pandas and so Prompt Flow has it."""
    names: list[str] = []
    for i, cell in enumerate(cells):
        name, times = cell or f"Unnamed: {i}", 0
        while (f"{name}.{times}" if times else name) in names:
            times += 1
        names.append(f"{name}.{times}" if times else name)
    return names


def _cell_row(header: Sequence[str], cells: list[str], place: str, folder: Path) -> Row:
    if len(cells) > len(header):
        return Row({}, place, folder, f"has {len(cells)} cells; the header has {len(header)}")
    text = "".join(cells)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return Row({}, place, folder, "has bytes that are not UTF-8")
    cells += [""] * (len(header) - len(cells))
    return Row(dict(zip(header, cells, strict=True)), place, folder)


def _parquet(path: Path) -> Iterator[Row]:
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise UsageError(
            f"cannot read {str(path)!r}: reading Parquet needs the package pyarrow",
            hint="pip install 'ferrata[parquet]', or write the data as JSON lines",
        ) from None
    try:
        opened = parquet.ParquetFile(path)
    except arrow.ArrowException as error:
        raise UsageError(f"cannot read {str(path)!r}: {error}") from None
    number = 0
    with opened:
        for batch in opened.iter_batches(batch_size=64):
            for values in batch.to_pylist():
                number += 1
                yield Row(values, f"{path}: row {number}", path.parent)


def _wide_encoding(path: Path) -> str | None:
    """The encoding that the file's first bytes name, where that is not UTF-8."""
    with path.open("rb") as file:
        head = file.read(4)
    return next((encoding for mark, encoding in _WIDE_BOMS.items() if head.startswith(mark)), None)
