"""The folder of a run: what it was asked for, a line for each row that ended, spans, what nodes printed, metrics.

    run.json       the run: plan, status, counts; replaced whole
    lines.jsonl    a row each, in the order in which they ended, written at once when it ends
    spans.jsonl    spans
    logs.txt       what nodes printed
    metrics.json   metrics of the aggregation
    lock           held by the process that runs it

Knows nothing of how rows are run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import Conflict, NotFound, StoreUnavailable, UsageError
from ferrata.flows.batch.document import DOCUMENT, FORMAT, read_document
from ferrata.flows.batch.index import LineIndex, read_heads
from ferrata.flows.batch.locks import is_locked, take_lock
from ferrata.flows.types import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ferrata.flows.batch.records import Record

__all__ = ["RunFolder", "check_name", "delete_run", "list_runs"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}\Z")
_LINES, _LOGS, _METRICS = "lines.jsonl", "logs.txt", "metrics.json"


def check_name(name: str) -> str:
    """The name, if a run can have it.

    Raises:
        UsageError: it cannot.
    """
    if not _NAME.match(name):
        raise UsageError(
            f"not a name for a run: {name!r}",
            hint="use up to 200 letters, digits, '_', '-' and '.', no '.' or '-' first",
        )
    return name


class RunFolder:
    """The folder of one run, open for reading, or for writing by one process alone.

    Attributes:
        path: where it is.
        document: what `run.json` says.
        index: where the record of each row is.
    """

    def __init__(self, path: Path, document: dict[str, Any], *, lock: int | None = None) -> None:
        self.path = path
        self.document = document
        self.index = LineIndex()
        self._lock = lock
        self._lines: int | None = None
        self._logs: int | None = None
        self._reading: int | None = None
        self._end = 0

    @classmethod
    def create(cls, runs: Path, name: str, document: Mapping[str, Any]) -> RunFolder:
        """Make the folder of a new run.

        Raises:
            UsageError: not a name.
            Conflict: the name is taken.
            StoreUnavailable: it cannot be written.
        """
        path = runs / check_name(name)
        try:
            runs.mkdir(parents=True, exist_ok=True)
            path.mkdir()
        except FileExistsError:
            raise Conflict(
                f"there is a run {name!r} already",
                hint=f"choose another --name, or go on with it: ferrata flow run --resume {name}",
            ) from None
        except OSError as error:
            raise StoreUnavailable(f"cannot make {str(path)!r}: {error.strerror or error}") from None
        folder = cls(path, {"format": FORMAT, "name": name, **document}, lock=take_lock(path))
        folder.save()
        folder._open_lines()
        return folder

    @classmethod
    def open(cls, runs: Path, name: str) -> RunFolder:
        """Open a run to go on with it. What a killed process left of a last line is cut off.

        Raises:
            NotFound: there is no such run.
            Conflict: another process runs it.
            StoreUnavailable: it cannot be read or written.
        """
        path = _existing(runs, name)
        folder = cls(path, {}, lock=take_lock(path))
        try:
            folder.document = read_document(path)
            folder._open_lines()
        except BaseException:
            folder.close()
            raise
        return folder

    @classmethod
    def read(cls, runs: Path, name: str) -> RunFolder:
        """Open a run for reading, also while it goes on.

        Raises:
            NotFound: there is no such run.
            StoreUnavailable: it cannot be read.
        """
        path = _existing(runs, name)
        folder = cls(path, read_document(path))
        with suppress(FileNotFoundError):
            folder._reading = os.open(path / _LINES, os.O_RDONLY)
            folder._read_index()
        return folder

    @property
    def name(self) -> str:
        """The run's."""
        return self.path.name

    @property
    def status(self) -> str:
        """As `run.json` says; of a run whose process was killed, `Canceled`."""
        status = str(self.document.get("status", Status.RUNNING))
        if status == Status.RUNNING and self._lock is None and not is_locked(self.path):
            return Status.CANCELED
        return status

    def save(self, **changes: Any) -> None:
        """Replace `run.json`; a reader sees the old or the new one.

        Raises:
            StoreUnavailable: it cannot be written.
        """
        self.document.update(changes)
        self._replace(DOCUMENT, json.dumps(self.document, ensure_ascii=False, indent=2, default=str) + "\n")

    def save_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Write `metrics.json`.

        Raises:
            StoreUnavailable: it cannot be written.
        """
        self._replace(_METRICS, json.dumps(metrics, ensure_ascii=False, indent=2, default=repr) + "\n")

    def append(self, record: Record) -> None:
        """Write the record of a row at once: whoever kills the process leaves it whole or not at all.

        Raises:
            StoreUnavailable: it cannot be written; what was begun of it is taken back.
        """
        line = record.line
        if self._lines is None:
            raise ValueError(f"run {self.name!r} is not open for writing")
        try:
            written = os.write(self._lines, line)
        except OSError as error:
            raise _full(self.path, error.strerror) from None
        if written != len(line):
            with suppress(OSError):
                os.ftruncate(self._lines, self._end)
            raise _full(self.path, "no space left")
        self.index.add(record.head, self._end)
        self._end += written

    def log(self, text: str) -> None:
        """Append to `logs.txt`; what cannot be written is lost."""
        with suppress(OSError):
            if self._logs is None:
                self._logs = os.open(self.path / _LOGS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            os.write(self._logs, text.encode("utf-8", "backslashreplace"))

    def line(self, number: int) -> dict[str, Any] | None:
        """The record of a row; None where it has none.

        Raises:
            StoreUnavailable: somebody else has changed it, and it is no JSON.
        """
        offset = self.index.offset(number)
        if offset is None:
            return None
        try:
            return cast("dict[str, Any]", json.loads(self._text_at(offset)))
        except ValueError as error:
            raise StoreUnavailable(
                f"{str(self.path / _LINES)!r}: the record of row {number} is damaged: {error}",
                hint=f"delete its line, and the row is done again by: ferrata flow run --resume {self.name}",
            ) from None

    def lines(self, *, completed: bool | None = None) -> Iterator[dict[str, Any]]:
        """The records in the order of the rows' numbers; all, those of completed rows, or of failed ones."""
        for number in self.index.numbers(completed=completed):
            record = self.line(number)
            if record is not None:
                yield record

    def completed(self) -> Iterator[int]:
        """The rows that were completed, in their order."""
        return self.index.numbers(completed=True)

    def output(self, number: int) -> dict[str, Any] | None:
        """The output of a row with its number; None where it was not completed."""
        if not self.index.is_completed(number):
            return None
        record = self.line(number)
        return None if record is None else {"line_number": number, **record["output"]}

    def keep_completed(self, *, volatile: bool = True) -> int:
        """Take out the records of failed rows, so that they are done again; a kill leaves the old file or the new one.

        Args:
            volatile: keep also completed rows that only the process that ran them could aggregate.

        Returns:
            How many were taken out.

        Raises:
            StoreUnavailable: it cannot be written.
        """
        source = self.path / _LINES
        with source.open("rb") as file:
            dropped = sum(head is None or not _kept(head, volatile) for head, _, _ in read_heads(file))
        if dropped:
            part = self.path / f"{_LINES}.part"
            try:
                copy_completed(source, part, volatile=volatile)
                part.replace(source)
            except OSError as error:
                raise _full(self.path, error.strerror) from None
            finally:
                with suppress(OSError):
                    part.unlink(missing_ok=True)
            self._open_lines()
        return dropped

    def take_from(self, other: RunFolder, *, volatile: bool = True) -> None:
        """Begin with the completed rows of another run.

        Raises:
            StoreUnavailable: it cannot be written.
        """
        try:
            copy_completed(other.path / _LINES, self.path / _LINES, volatile=volatile)
        except OSError as error:
            raise _full(self.path, error.strerror) from None
        self._open_lines()

    def close(self) -> None:
        """Let go of its files and of the lock."""
        for file in (self._lines, self._logs, self._reading, self._lock):
            if file is not None:
                os.close(file)
        self._lines = self._logs = self._reading = self._lock = None

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open_lines(self) -> None:
        for file in (self._lines, self._reading):
            if file is not None:
                os.close(file)
        self._lines = self._reading = None
        try:
            self._lines = os.open(self.path / _LINES, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            self._reading = os.open(self.path / _LINES, os.O_RDONLY)
            self._read_index()
            if os.fstat(self._lines).st_size != self._end:
                os.ftruncate(self._lines, self._end)
        except OSError as error:
            raise _full(self.path, error.strerror) from None

    def _read_index(self) -> None:
        self.index, self._end = LineIndex(), 0
        with (self.path / _LINES).open("rb") as file:
            for head, offset, length in read_heads(file):
                if head is not None:
                    self.index.add(head, offset)
                self._end = offset + length

    def _text_at(self, offset: int) -> bytes:
        if self._reading is None:
            raise ValueError(f"run {self.name!r} is closed")
        size, pieces = 1 << 14, list[bytes]()
        while True:
            piece = os.pread(self._reading, size, offset)
            end = piece.find(b"\n")
            if end >= 0 or not piece:
                pieces.append(piece[:end] if end >= 0 else b"")
                return b"".join(pieces)
            pieces.append(piece)
            offset += len(piece)
            size = min(size * 4, 1 << 24)

    def _replace(self, name: str, text: str) -> None:
        part = self.path / f"{name}.{os.getpid()}.part"
        try:
            part.write_bytes(text.encode("utf-8", "backslashreplace"))
            part.replace(self.path / name)
        except OSError as error:
            raise _full(self.path, error.strerror) from None
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def copy_completed(source: Path, target: Path, *, volatile: bool) -> None:
    """Copy the records of completed rows, byte by byte."""
    with source.open("rb") as heads, source.open("rb") as texts, target.open("wb") as out:
        for head, offset, length in read_heads(heads):
            if head is not None and _kept(head, volatile):
                texts.seek(offset)
                out.write(texts.read(length))


def _kept(head: Any, volatile: bool) -> bool:
    return head.completed and (volatile or not head.volatile)


def list_runs(runs: Path) -> list[RunFolder]:
    """All runs, the newest first, with their documents alone; what is no run is passed over."""
    found: list[RunFolder] = []
    for path in runs.iterdir() if runs.is_dir() else ():
        with suppress(StoreUnavailable, NotFound):
            found.append(RunFolder(path, read_document(path)))
    return sorted(found, key=lambda run: (str(run.document.get("created", "")), run.name), reverse=True)


def delete_run(runs: Path, name: str) -> None:
    """Remove a run.

    Raises:
        NotFound: there is no such run.
        Conflict: a process runs it.
        StoreUnavailable: it cannot be removed.
    """
    path = _existing(runs, name)
    lock = take_lock(path)
    try:
        shutil.rmtree(path)
    except OSError as error:
        raise StoreUnavailable(f"cannot remove {str(path)!r}: {error.strerror or error}") from None
    finally:
        os.close(lock)


def _existing(runs: Path, name: str) -> Path:
    path = runs / check_name(name)
    if not (path / DOCUMENT).is_file():
        raise NotFound(f"there is no run {name!r}", hint="see them with: ferrata flow runs list")
    return path


def _full(path: Path, why: str | None) -> StoreUnavailable:
    return StoreUnavailable(
        f"cannot write the run's folder {str(path)!r}: {why or 'unknown error'}",
        hint=f"make room, then: ferrata flow run --resume {path.name}",
    )
