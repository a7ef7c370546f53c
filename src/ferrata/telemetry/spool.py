"""A spool: files of finished spans, one line each, which the end of the process that writes them leaves whole.

A process that writes is a holder, with a name of its own at every start. `HOLDER.lock` is locked while it lives, so that others see
which holders are dead; `HOLDER.000001.jsonl` and so on are its segments, written one after the other. A line is with the system as
soon as it is appended: it outlives the process, however that ends, but not a power failure. Knows neither what a line says nor
where it goes; how far a spool was read is known to who reads it.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ferrata.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["HolderSpool", "Spool", "SpoolPiece", "SpoolPosition", "SpoolReader"]

SEGMENT_BYTES = 8_000_000
_LOCK, _LINES, _BAD = ".lock", ".jsonl", ".bad"
_RETRY_SECONDS = 1.0
_CHUNK = 1 << 22
# Bytes without a line's end that are taken for junk.
_MOST_LINE = 1 << 26


class Spool:
    """What one process appends to; from one thread. After it was made it never raises: what cannot be kept is counted.

    Attributes:
        holder: the name of this start of this process; no other has the same, on no machine.
        lost: how many lines could not be kept.

    Args:
        folder: is made, for its owner alone.
        most_bytes: of segments in the folder, by whomever they are, as last seen (`rotate`); what comes after is lost.
        segment_bytes: after about so many bytes, the next segment begins.

    Raises:
        StoreUnavailable: the folder cannot be made or written.
    """

    def __init__(self, folder: Path, most_bytes: int, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.holder = f"{int(time.time()):08x}{secrets.token_hex(8)}"
        self.lost = 0
        self._folder = folder
        self._most, self._segment_bytes = most_bytes, segment_bytes
        self._number = 0
        self._file = -1
        # What may be appended without another look; 0 where no segment is open.
        self._room = 0
        self._opened = self._retry = 0.0
        self._lock = -1
        try:
            self._take_lock()
        except OSError as error:
            message = f"cannot keep spans in {str(folder)!r}: {error.strerror or error}"
            raise StoreUnavailable(message, hint="make its folder writable, on a disk that knows locks") from None

    def append(self, line: bytes) -> bool:
        r"""Keep a line, which ends with its only `\n`; whether that could be done. Costs one write to the system."""
        size = len(line)
        self._room -= size
        if self._room < 0 and not self._make_room(size):
            self.lost += 1
            return False
        try:
            if os.write(self._file, line) == size:
                return True
        except OSError:
            pass
        # The disk is full, or gone. The part of a line that may be there ends a segment, where readers put it aside.
        self._end_segment(pause=True)
        self.lost += 1
        return False

    def rotate(self, seconds: float = 5.0) -> None:
        """Look after the files; call it about once a second.

        A segment that is older than `seconds` is ended, so that it can be removed when it was read. Lines of a segment that
        somebody else has removed are counted as lost. How much may still be written is found anew.
        """
        if self._file < 0:
            self._retry = 0.0
            return
        try:
            found = os.fstat(self._file)
            allowed = self._most - _bytes_in(self._folder)
        except OSError:
            self._end_segment(pause=True)
            return
        if not found.st_nlink:
            self.lost += _count_lines(self._file, found.st_size)
            self._end_segment()
        elif time.monotonic() - self._opened >= seconds:
            self._end_segment()
        else:
            self._room = max(0, min(self._segment_bytes - found.st_size, allowed))

    def close(self) -> None:
        """End the segment and let the lock go; what was written stays, and the holder is dead from now on."""
        self._end_segment()
        self._most = -1
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _make_room(self, size: int) -> bool:
        self._room = 0
        now = time.monotonic()
        if now < self._retry:
            return False
        try:
            if self._file >= 0 and os.fstat(self._file).st_size + size > self._segment_bytes:
                self._end_segment()
            allowed = self._most - _bytes_in(self._folder)
            if allowed < size:
                self._retry = now + _RETRY_SECONDS
                return False
            if self._file < 0:
                self._begin_segment(now)
            left = max(self._segment_bytes - os.fstat(self._file).st_size, size)
        except OSError:
            self._end_segment(pause=True)
            return False
        self._room = min(left, allowed) - size
        return True

    def _begin_segment(self, now: float) -> None:
        self._keep_lock()
        self._number += 1
        path = self._folder / f"{self.holder}.{self._number:06d}{_LINES}"
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._opened = now

    def _end_segment(self, *, pause: bool = False) -> None:
        if self._file >= 0:
            with suppress(OSError):
                os.close(self._file)
        self._file, self._room = -1, 0
        self._retry = time.monotonic() + _RETRY_SECONDS if pause else 0.0

    def _keep_lock(self) -> None:
        """Make folder and lock again where somebody removed them: others would take this holder for dead."""
        try:
            there = (self._folder / (self.holder + _LOCK)).stat()
            if os.path.samestat(there, os.fstat(self._lock)):
                return
        except FileNotFoundError:
            pass
        self._take_lock()

    def _take_lock(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = self._folder / f"{self.holder}.part"
        lock = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Under its name it is never seen without its lock.
            partial.rename(self._folder / (self.holder + _LOCK))
        except OSError:
            os.close(lock)
            raise
        if self._lock >= 0:
            os.close(self._lock)
        self._lock = lock


class SpoolPosition(NamedTuple):
    """How far a holder's spool was read.

    Attributes:
        segment: the number of a segment; those before it were read whole.
        offset: bytes of it that were read.
    """

    segment: int = 1
    offset: int = 0


class HolderSpool(NamedTuple):
    """One holder's files, as a look found them.

    Attributes:
        holder: its name.
        alive: whether its process lives.
        segments: the numbers of its segments, in order.
    """

    holder: str
    alive: bool
    segments: tuple[int, ...]


class SpoolPiece(NamedTuple):
    """Some lines of one holder.

    Attributes:
        lines: whole ones, without their ends.
        torn: what is no line: the end of a segment that will never be finished.
        after: the position behind them.
        more: whether there is more to read at once.
        finished: the holder is dead, and everything of it was read.
    """

    lines: list[bytes]
    torn: list[bytes]
    after: SpoolPosition
    more: bool
    finished: bool


class SpoolReader:
    """What reads the spools of a folder; changes nothing of those whose holder lives, but removes what is said to be read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def holders(self) -> list[HolderSpool]:
        """All that have left anything, by when they started; none where the folder is not there or not readable."""
        # Who is alive is asked before the segments are listed: what a dead holder wrote is then all there.
        # A holder that comes between the two looks is left for the next.
        alive = {holder: self._is_alive(holder) for holder in self._files()}
        return [
            HolderSpool(holder, alive[holder], tuple(sorted(segments)))
            for holder, segments in sorted(self._files().items())
            if holder in alive
        ]

    def read(self, spool: HolderSpool, start: SpoolPosition, limit: int) -> SpoolPiece:
        """At most `limit` lines from a position on, of one segment.

        Raises:
            OSError: a file cannot be read.
        """
        for index, number in enumerate(spool.segments):
            if number < start.segment:
                continue
            last = index == len(spool.segments) - 1
            offset = start.offset if number == start.segment else 0
            data = self._bytes(spool.holder, number, offset)
            *lines, rest = data.split(b"\n", limit) if data else [b""]
            end = offset + len(data) - len(rest)
            if len(lines) == limit or (not lines and len(rest) > _MOST_LINE):
                torn = [] if lines else [rest]
                after = SpoolPosition(number, end if lines else offset + len(rest))
                return SpoolPiece(lines, torn, after, more=True, finished=False)
            if len(data) >= _CHUNK and lines:
                return SpoolPiece(lines, [], SpoolPosition(number, end), more=True, finished=False)
            closed = not (last and spool.alive)
            if not closed:
                return SpoolPiece(lines, [], SpoolPosition(number, end), more=False, finished=False)
            after = SpoolPosition(number + 1, 0)
            if lines or rest or last:
                torn = [rest] if rest else []
                return SpoolPiece(lines, torn, after, more=not last, finished=last)
            start = after
        return SpoolPiece([], [], start, more=False, finished=not spool.alive)

    def has_more(self, spool: HolderSpool, start: SpoolPosition) -> bool:
        """Whether anything lies behind a position. Looks at sizes alone."""
        if not spool.alive:
            return True
        for number in spool.segments:
            if number > start.segment:
                return True
            if number == start.segment:
                with suppress(OSError):
                    if self._segment(spool.holder, number).stat().st_size > start.offset:
                        return True
        return False

    def put_aside(self, holder: str, start: SpoolPosition, junk: Sequence[bytes]) -> None:
        """Keep what is no span in a file `.bad`, named by where it was found, so that doing it twice leaves one.

        Raises:
            OSError: it cannot be written.
        """
        path = self._folder / f"{holder}.{start.segment:06d}.{start.offset}{_BAD}"
        partial = path.with_suffix(f".{os.getpid()}.part")
        file = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "wb") as opened:
            opened.write(b"\n".join([*junk, b""]))
        partial.replace(path)

    def remove(self, spool: HolderSpool, after: SpoolPosition, *, finished: bool) -> None:
        """Remove the segments before a position, and all of a holder that is `finished`. What cannot be removed stays."""
        for number in spool.segments:
            if number < after.segment:
                with suppress(OSError):
                    self._segment(spool.holder, number).unlink()
        if finished:
            with suppress(OSError):
                (self._folder / (spool.holder + _LOCK)).unlink()

    def _files(self) -> dict[str, list[int]]:
        """The numbers of segments by holder, in no order."""
        found: dict[str, list[int]] = {}
        try:
            names = [path.name for path in self._folder.iterdir()]
        except OSError:
            return found
        for name in names:
            holder, _, rest = name.partition(".")
            number, _, ending = rest.partition(".")
            if f".{rest}" == _LOCK:
                found.setdefault(holder, [])
            elif f".{ending}" == _LINES and number.isdecimal():
                found.setdefault(holder, []).append(int(number))
        return found

    def _segment(self, holder: str, number: int) -> Path:
        return self._folder / f"{holder}.{number:06d}{_LINES}"

    def _bytes(self, holder: str, number: int, offset: int) -> bytes:
        """What a segment holds from an offset on: a piece with a line's end in it, or all there is."""
        try:
            file = os.open(self._segment(holder, number), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:  # another reader has it done
            return b""
        try:
            size = _CHUNK
            while True:
                data = os.pread(file, size, offset)
                if b"\n" in data or len(data) < size or size > _MOST_LINE:
                    return data
                size *= 2
        finally:
            os.close(file)

    def _is_alive(self, holder: str) -> bool:
        try:
            file = os.open(self._folder / (holder + _LOCK), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError:  # whoever cannot be asked is left alone
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(file)
        return False


def _bytes_in(folder: Path) -> int:
    """Bytes of all segments in a folder."""
    total = 0
    with suppress(FileNotFoundError), os.scandir(folder) as found:
        for entry in found:
            if entry.name.endswith(_LINES):
                with suppress(FileNotFoundError):
                    total += entry.stat(follow_symlinks=False).st_size
    return total


def _count_lines(file: int, size: int) -> int:
    return sum(os.pread(file, _CHUNK, offset).count(b"\n") for offset in range(0, size, _CHUNK))
