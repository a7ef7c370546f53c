"""The drain: moves spools into the store. Spans, rollups, what was spent, and how far a spool was read, in one transaction.

A drain that is killed goes on where the last committed transaction ended; several drains, of one folder or of several machines,
take turns by a lock for each holder. A line is in the store once, or in a file `.bad` of the spool's folder. Knows neither gateway
nor keys: what else is to be written with some spans, hooks write.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ferrata.errors import FerrataError
from ferrata.monitor.rollups import merge_rollups, roll_up
from ferrata.monitor.rows import read_span, row_of
from ferrata.monitor.tables import MIGRATIONS, MONITOR_ROOM, insert_spans, make_span_table
from ferrata.store import run
from ferrata.telemetry import SpoolPosition, SpoolReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from threading import Event
    from typing import Any

    from ferrata.monitor.rollups import Rollup, RollupKey
    from ferrata.monitor.rows import SpanData
    from ferrata.store import Connection, Store
    from ferrata.telemetry import HolderSpool, SpoolPiece

__all__ = ["Drain", "DrainHook", "DrainedCounts", "run_drain"]

BATCH = 5000
# Ids are random, so a day's index is written all over: of a million spans it is some 60 MB. Its pages stay in memory, and those that
# several batches change are copied from the log once.
_SQLITE_PRAGMAS = ("PRAGMA cache_size=-98304", "PRAGMA wal_autocheckpoint=8000")
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0


class DrainHook(Protocol):
    """Writes what else is to be written with some spans, in the drain's transaction; nothing of it may be kept if that fails."""

    def drained(self, connection: Connection, holder: str, spans: Sequence[SpanData]) -> None:
        """Take spans of a holder: each is given once, whatever was killed."""
        ...

    def released(self, connection: Connection, holder: str) -> None:
        """Take that a holder is dead and that all its spans were given; may come again."""
        ...


class DrainedCounts(NamedTuple):
    """What a step did.

    Attributes:
        spans: moved into the store.
        bad: lines that are no spans, or that the store does not take; they lie in files `.bad`.
        released: holders that are dead and done with.
        more: whether there is more to move at once.
    """

    spans: int = 0
    bad: int = 0
    released: int = 0
    more: bool = False

    def __add__(self, other: tuple[Any, ...]) -> DrainedCounts:
        """Both together."""
        return DrainedCounts(*[a + b for a, b in zip(self[:3], other[:3], strict=True)], more=self.more or other[3])


class _Batch(NamedTuple):
    """Lines of one holder, made ready outside of a transaction; of one try, as merging changes its rollups."""

    start: SpoolPosition
    piece: SpoolPiece
    spans: list[SpanData]
    rows: dict[str, list[tuple[Any, ...]]]
    rollups: dict[RollupKey, Rollup]
    junk: list[bytes]

    @property
    def after(self) -> SpoolPosition:
        return self.piece.after

    @property
    def finished(self) -> bool:
        return self.piece.finished

    def without_spans(self) -> _Batch:
        """The same with all its lines put aside."""
        return self._replace(spans=[], rows={}, rollups={}, junk=[*self.piece.torn, *self.piece.lines])


class Drain:
    """Moves what lies in a folder of spools into a store. Not for several threads at once; several drains may be.

    Args:
        store: where to.
        folder: of the spools; need not be there.
        project: whose they are.
        hooks: what else is written.
    """

    def __init__(self, store: Store, folder: Path, project: str, hooks: Sequence[DrainHook] = ()) -> None:
        self._store = store
        self._project = project
        self._hooks = hooks
        self._reader = SpoolReader(folder)
        self._known: dict[str, SpoolPosition] = {}
        self._released: set[str] = set()
        self._tables: set[str] = set()
        self._turn = 0

    def step(self, limit: int = BATCH) -> DrainedCounts:
        """Move at most `limit` lines of each holder.

        Raises:
            StoreUnavailable: the store cannot be used; nothing is lost, and what was counted before stays.
            OSError: a spool cannot be read, or junk cannot be put aside.
        """
        self._store.migrate(MONITOR_ROOM, MIGRATIONS)
        counts = DrainedCounts()
        spools = [spool for spool in self._reader.holders() if self._is_due(spool)]
        # Another begins each time, so that one who writes much keeps none waiting.
        self._turn += 1
        turn = self._turn % len(spools) if spools else 0
        for spool in spools[turn:] + spools[:turn]:
            counts += self._drain(spool, limit)
        return counts

    def _is_due(self, spool: HolderSpool) -> bool:
        if spool.holder in self._released and not spool.segments:
            return False
        return self._reader.has_more(spool, self._known.get(spool.holder, SpoolPosition()))

    def _drain(self, spool: HolderSpool, limit: int) -> DrainedCounts:
        """A batch; where the store does not take it, half of it, and in the end all but one line."""
        batch, late = self._prepare(spool, limit), 0
        while True:
            outcome = self._try(spool, batch)
            if outcome == "written":
                break
            if outcome == "late":
                late += 1
                if late > 2:  # another drain is at it
                    return DrainedCounts(more=True)
            elif outcome == "refused" and len(batch.spans) == 1:
                batch = batch.without_spans()
                continue
            elif outcome == "refused":
                limit = len(batch.spans) // 2
            batch = self._prepare(spool, limit)
        self._known[spool.holder] = batch.after
        self._reader.remove(spool, batch.after, finished=batch.finished)
        if batch.finished:
            self._released.add(spool.holder)
            self._known.pop(spool.holder, None)
        return DrainedCounts(len(batch.spans), len(batch.junk), int(batch.finished), batch.piece.more)

    def _try(self, spool: HolderSpool, batch: _Batch) -> str:
        """Write a batch: `written`; `late`, another drain was first; `refused`, the store does not take it; `again`."""
        from sqlalchemy.exc import DBAPIError

        try:
            return "written" if self._write(spool, batch) else "late"
        except Exception as error:
            if isinstance(error, DBAPIError) and self._tables:
                self._tables.clear()  # the table of a day may have been dropped
                return "again"
            if not (batch.spans and _is_of_a_line(error)):
                raise
            return "refused"

    def _prepare(self, spool: HolderSpool, limit: int) -> _Batch:
        """Read and parse at most `limit` lines of what comes next."""
        start = self._known.get(spool.holder, SpoolPosition())
        piece = self._reader.read(spool, start, limit)
        spans: list[SpanData] = []
        junk = [*piece.torn]
        rows: dict[str, list[tuple[Any, ...]]] = {}
        for line in piece.lines:
            span = read_span(line)
            if span is None:
                junk.append(line)
                continue
            spans.append(span)
            table, row = row_of(span, self._project)
            rows.setdefault(table, []).append(row)
        return _Batch(start, piece, spans, rows, roll_up(spans), junk)

    def _write(self, spool: HolderSpool, batch: _Batch) -> bool:
        """Write a batch, if the store has what is before it and nothing of it; else learn how far it is."""
        holder = spool.holder
        with self._store.write() as connection:
            if connection.dialect.name == "sqlite":
                for pragma in _SQLITE_PRAGMAS:
                    connection.exec_driver_sql(pragma)
            self._store.lock(connection, f"ferrata.spool.{holder}")
            found = run(
                connection, "SELECT segment, position FROM spool_position WHERE holder = ?", (holder,)
            ).fetchone()
            at = SpoolPosition(*found) if found else SpoolPosition()
            if at != batch.start:
                self._known[holder] = at
                return False
            if batch.junk:  # before the commit: what is done twice is there once
                self._reader.put_aside(holder, batch.start, batch.junk)
            for table, rows in sorted(batch.rows.items()):
                self._make_table(connection, table)
                insert_spans(connection, table, rows)
            for hook in self._hooks:
                if batch.spans:
                    hook.drained(connection, holder, batch.spans)
                if batch.finished:
                    hook.released(connection, holder)
            if batch.rollups:
                self._store.lock(connection, "ferrata.rollups")
                merge_rollups(connection, self._project, batch.rollups)
            if batch.after != at or batch.finished:
                _set_position(connection, holder, batch.after, finished=batch.finished)
        # Only what was committed is known to be there.
        self._tables.update(batch.rows)
        return True

    def _make_table(self, connection: Any, table: str) -> None:
        if table not in self._tables:
            self._store.lock(connection, "ferrata.spans")
            make_span_table(connection, table)


def _set_position(connection: Connection, holder: str, after: SpoolPosition, *, finished: bool) -> None:
    run(
        connection,
        "INSERT INTO spool_position (holder, segment, position, finished, at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (holder) DO UPDATE SET segment = excluded.segment, position = excluded.position,"
        " finished = excluded.finished, at = excluded.at",
        (holder, *after, int(finished), int(time.time())),
    )


def _is_of_a_line(error: Exception) -> bool:
    """Whether a database refuses a value that it was given."""
    from sqlalchemy.exc import DataError, IntegrityError

    return isinstance(error, (DataError, IntegrityError, OverflowError, UnicodeError))


def _words_of(error: Exception) -> str:
    return error.message if isinstance(error, FerrataError) else f"{type(error).__name__}: {error}"


def run_drain(
    drain: Drain, stop: Event, *, every: float = 0.5, say: Callable[[str], object] = lambda _: None
) -> DrainedCounts:
    """Drain until `stop` is set, and once more then; waits for a store that is away. What was done in all.

    Args:
        drain: what is moved.
        stop: ends it, within a batch's time or the wait for the database.
        every: seconds between two looks at spools that had nothing.
        say: takes what people should know: that the store is away, that it is back, that lines were put aside.
    """
    total, pause, away = DrainedCounts(), 0.0, ""
    while True:
        last = stop.is_set()
        try:
            done = drain.step()
        except Exception as error:  # noqa: BLE001 - a loop that ended would let the spools grow without a word
            if away != str(error):
                away = str(error)
                say(f"spans wait in the spool: {_words_of(error)}")
            if last:
                return total
            pause = min(max(pause * 2, _SHORTEST_PAUSE), _LONGEST_PAUSE)
            stop.wait(pause)
            continue
        if away:
            say("the store takes spans again")
        if done.bad:
            say(f"{done.bad} lines of the spool are no spans; they lie in its files .bad")
        total, pause, away = total + done, 0.0, ""
        if last and not done.more:
            return total
        if not done.more:
            stop.wait(every)
