"""The folder of a run: what it was asked for, a line for each row that ended, spans, what nodes printed, metrics.

    run.json       the run: plan, status, counts; replaced whole
    lines.jsonl    a row each, in the order in which they ended, written at once when it ends
    logs.txt       what was printed
    lock           held by the process that runs it

Knows nothing of what is run, and how. A kind of runs is a subclass, which says what its `run.json` holds.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from ferrata.errors import Conflict, NotFound, StoreUnavailable, UsageError
from ferrata.redaction import hide_secrets
from ferrata.runs.beginning import make_folder, remove_folder
from ferrata.runs.document import DOCUMENT, FORMAT, read_document
from ferrata.runs.index import LineIndex, read_heads, spent_record
from ferrata.runs.locks import is_locked, take_lock
from ferrata.runs.status import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ferrata.runs.index import Record


__all__ = ["RunFolder", "check_name"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}\Z")
_LINES, _LOGS = "lines.jsonl", "logs.txt"


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
        kinds: what each key of `run.json` must be, where it is there.
        go_on: the command that goes on with a run of this kind, before the run's name.
        show_all: the command that lists them.
    """

    kinds: ClassVar[Mapping[str, type | tuple[type, ...]]] = {}
    go_on: ClassVar[str] = ""
    show_all: ClassVar[str] = ""

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
    def create(cls, runs: Path, name: str, document: Mapping[str, Any]) -> Self:
        """Make the folder of a new run.

        Raises:
            UsageError: not a name.
            Conflict: the name is taken.
            StoreUnavailable: it cannot be written.
        """
        path = runs / check_name(name)
        lock = make_folder(path)
        if lock is None:
            way_on = f"or go on with it: {cls.go_on} {name}"
            if not (path / DOCUMENT).exists():
                way_on = f"or remove {str(path)!r}, which is none that can be gone on with"
            raise Conflict(f"there is a run {name!r} already", hint=f"choose another --name, {way_on}")
        folder = cls(path, {"format": FORMAT, "name": name, **document}, lock=lock)
        try:
            folder.save()
            folder._open_lines()
        except BaseException:
            folder.close()
            remove_folder(path)
            raise
        return folder

    @classmethod
    def open(cls, runs: Path, name: str) -> Self:
        """Open a run to go on with it. What a killed process left of a last line is cut off.

        Raises:
            NotFound: there is no such run.
            Conflict: another process runs it.
            StoreUnavailable: it cannot be read or written.
        """
        path = cls._existing(runs, name)
        folder = cls(path, {}, lock=take_lock(path))
        try:
            folder.document = read_document(path, cls.kinds)
            folder._open_lines()
        except BaseException:
            folder.close()
            raise
        return folder

    @classmethod
    def read(cls, runs: Path, name: str) -> Self:
        """Open a run for reading, also while it goes on.

        Raises:
            NotFound: there is no such run.
            StoreUnavailable: it cannot be read.
        """
        path = cls._existing(runs, name)
        folder = cls(path, read_document(path, cls.kinds))
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
        self.replace(DOCUMENT, json.dumps(self.document, ensure_ascii=False, indent=2, default=str) + "\n")

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
            raise self._full(error.strerror) from None
        if written != len(line):
            with suppress(OSError):
                os.ftruncate(self._lines, self._end)
            raise self._full("no space left")
        self.index.add(record.head, self._end)
        self._end += written

    def log(self, text: str) -> None:
        """Append to `logs.txt`, without secrets; what cannot be written is lost."""
        with suppress(OSError):
            if self._logs is None:
                self._logs = os.open(self.path / _LOGS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            os.write(self._logs, hide_secrets(text).encode("utf-8", "backslashreplace"))

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
                f"line {self._line_at(offset)} of {str(self.path / _LINES)!r} is damaged: {error}",
                hint=f"delete it, and what it was of is done again by: {self.go_on} {self.name}",
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

    def keep_completed(self, *, volatile: bool = True) -> int:
        """Take out the records of failed rows, so that they are done again; a kill leaves the old file or the new one. What they cost stays.

        Args:
            volatile: keep also completed rows that only the process that ran them could aggregate.

        Returns:
            How many were taken out.

        Raises:
            StoreUnavailable: it cannot be written.
        """
        source = self.path / _LINES
        with source.open("rb") as file:
            dropped = sum(
                head is None or (head.number >= 0 and not _kept(head, volatile)) for head, _, _ in read_heads(file)
            )
        if dropped:
            part = self.path / f"{_LINES}.part"
            try:
                copy_completed(source, part, volatile=volatile, spent=True)
                part.replace(source)
            except OSError as error:
                raise self._full(error.strerror) from None
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
            copy_completed(other.path / _LINES, self.path / _LINES, volatile=volatile, spent=False)
        except OSError as error:
            raise self._full(error.strerror) from None
        self._open_lines()

    def close(self) -> None:
        """Let go of its files and of the lock."""
        for file in (self._lines, self._logs, self._reading, self._lock):
            if file is not None:
                os.close(file)
        self._lines = self._logs = self._reading = self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @classmethod
    def every(cls, runs: Path) -> list[Self]:
        """All runs, the newest first, with their documents alone; what is no run is passed over."""
        found: list[Self] = []
        for path in runs.iterdir() if runs.is_dir() else ():
            with suppress(StoreUnavailable, NotFound):
                found.append(cls(path, read_document(path, cls.kinds)))
        return sorted(found, key=lambda run: (str(run.document.get("created", "")), run.name), reverse=True)

    @classmethod
    def delete(cls, runs: Path, name: str) -> None:
        """Remove a run.

        Raises:
            NotFound: there is no such run.
            Conflict: a process runs it.
            StoreUnavailable: it cannot be removed.
        """
        path = cls._existing(runs, name)
        lock = take_lock(path)
        try:
            shutil.rmtree(path)
        except OSError as error:
            raise StoreUnavailable(f"cannot remove {str(path)!r}: {error.strerror or error}") from None
        finally:
            os.close(lock)

    @classmethod
    def _existing(cls, runs: Path, name: str) -> Path:
        path = runs / check_name(name)
        if not (path / DOCUMENT).is_file():
            raise NotFound(f"there is no run {name!r}", hint=f"see them with: {cls.show_all}")
        return path

    def _full(self, why: str | None) -> StoreUnavailable:
        return StoreUnavailable(
            f"cannot write the run's folder {str(self.path)!r}: {why or 'unknown error'}",
            hint=f"make room, then: {self.go_on} {self.name}",
        )

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
            raise self._full(error.strerror) from None

    def _read_index(self) -> None:
        self.index, self._end = LineIndex(), 0
        with (self.path / _LINES).open("rb") as file:
            for head, offset, length in read_heads(file):
                if head is not None:
                    self.index.add(head, offset)
                self._end = offset + length

    def _line_at(self, offset: int) -> int:
        with (self.path / _LINES).open("rb") as file:
            return sum(at <= offset for _, at, _ in read_heads(file))

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

    def replace(self, name: str, text: str) -> None:
        """Replace a file of the folder whole.

        Raises:
            StoreUnavailable: it cannot be written.
        """
        part = self.path / f"{name}.{os.getpid()}.part"
        try:
            part.write_bytes(text.encode("utf-8", "backslashreplace"))
            part.replace(self.path / name)
        except OSError as error:
            raise self._full(error.strerror) from None
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def copy_completed(source: Path, target: Path, *, volatile: bool, spent: bool) -> None:
    """Copy the records of completed rows, byte by byte, and one of what the others cost."""
    others = LineIndex()
    with source.open("rb") as heads, source.open("rb") as texts, target.open("wb") as out:
        for head, offset, length in read_heads(heads):
            if head is not None and _kept(head, volatile):
                texts.seek(offset)
                out.write(texts.read(length))
            elif head is not None:
                others.add(head, offset)
        if spent and (others.cost is not None or others.input_tokens or others.output_tokens):
            out.write(spent_record(others.input_tokens, others.output_tokens, others.cost).line)


def _kept(head: Any, volatile: bool) -> bool:
    return head.completed and (volatile or not head.volatile)
