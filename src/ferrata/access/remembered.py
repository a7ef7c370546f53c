"""Answers to requests that name themselves, so that one sent twice is answered once, whichever process gets it.

A name is claimed before its request runs, by one statement that the database decides; the claim lapses, so that one who was killed does
not hold it for ever. Clocks of several machines must agree within the seconds that a claim has in reserve. Knows no request: who, name,
digest and answer are given.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from sqlalchemy import Column, Double, LargeBinary, MetaData, PrimaryKeyConstraint, Table, Text

from ferrata.access.claims import Claim
from ferrata.clock import new_id
from ferrata.errors import Conflict
from ferrata.store import Migration, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from ferrata.clock import Clock
    from ferrata.store import Store

__all__ = ["REMEMBERED_MIGRATIONS", "RememberedAnswers"]

_METADATA = MetaData()
REMEMBERED = Table(
    "remembered_answer",
    _METADATA,
    Column("project", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("lapses", Double, nullable=False),
    Column("answer", LargeBinary),
    PrimaryKeyConstraint("project", "who", "name"),
)
"""`lapses`: seconds since 1970 until which a claim holds, or an answer is kept."""

_CLAIM = (
    "INSERT INTO remembered_answer (project, who, name, digest, holder, token, lapses, answer)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, NULL) ON CONFLICT (project, who, name) DO UPDATE SET digest = excluded.digest,"
    " holder = excluded.holder, token = excluded.token, lapses = excluded.lapses, answer = NULL"
    " WHERE remembered_answer.lapses <= ? RETURNING token"
)
_LOOK = "SELECT digest, lapses, answer FROM remembered_answer WHERE project = ? AND who = ? AND name = ?"
_KEEP = (
    "UPDATE remembered_answer SET answer = ?, lapses = ?"
    " WHERE project = ? AND who = ? AND name = ? AND token = ? AND answer IS NULL RETURNING token"
)
_RELEASE = "DELETE FROM remembered_answer WHERE project = ? AND who = ? AND name = ? AND token = ? AND answer IS NULL"
_FREE = "DELETE FROM remembered_answer WHERE project = ? AND holder = ? AND answer IS NULL RETURNING name"
_SWEEP = "DELETE FROM remembered_answer WHERE project = ? AND lapses <= ? RETURNING name"


def m001_remembered(connection: Connection) -> None:
    """Make the table."""
    _METADATA.create_all(connection, checkfirst=False)
    connection.exec_driver_sql("CREATE INDEX remembered_answer_by_lapse ON remembered_answer (project, lapses)")


REMEMBERED_MIGRATIONS = (Migration("m001_remembered", m001_remembered),)


class RememberedAnswers:
    """Names of requests, who is answering them, and the answers. Safe to share between threads.

    Args:
        store: where they lie; their table is made if it is missing.
        clock: of the machine.
        project: whose they are.
        holder: who claims: the process.
        pause: seconds of `ticks` between two removals of what has lapsed.
        ticks: seconds that only grow.
    """

    room = "remembered"
    migrations = REMEMBERED_MIGRATIONS

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        project: str,
        holder: str,
        pause: float = 60.0,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._clock = clock
        self._project = project
        self._holder = holder
        self._pause = pause
        self._ticks = ticks
        self._sweep_at = ticks() + pause
        self._sweeping = threading.Lock()

    def claim(self, who: str, name: str, digest: str, *, seconds: float) -> Claim:
        """Ask for the right to answer.

        Args:
            who: whose name it is.
            name: of the request.
            digest: of what is asked; another under the same name is a mismatch.
            seconds: after which another may take the right, if it was neither used nor given up.

        Raises:
            StoreUnavailable: the database cannot be used.
            Conflict: others claimed and released the name so quickly that there was nothing to see.
        """
        self._store.migrate(self.room, self.migrations)
        self._sweep_sometimes()
        token = new_id()
        for _ in range(5):
            with self._store.write() as connection:
                now = self._clock.now().timestamp()
                values = (self._project, who, name, digest, self._holder, token, now + seconds, now)
                if run(connection, _CLAIM, values).fetchone() is not None:
                    return Claim("mine", token)
                row = run(connection, _LOOK, (self._project, who, name)).fetchone()
            if row is None:  # released between the two statements
                continue
            if row[0] != digest:
                return Claim("mismatch")
            if row[2] is None:
                return Claim("running", seconds=max(0.0, row[1] - now))
            return Claim("answered", answer=bytes(row[2]))
        raise Conflict(f"the name {name!r} is claimed and released all the time", hint="try again")

    def keep(self, who: str, name: str, token: str, answer: bytes, *, seconds: float) -> bool:
        """Keep an answer for so long; False where the right has lapsed and another took it.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        with self._store.write() as connection:
            until = self._clock.now().timestamp() + seconds
            row = run(connection, _KEEP, (answer, until, self._project, who, name, token)).fetchone()
        return row is not None

    def release(self, who: str, name: str, token: str) -> None:
        """Give a right up without an answer; nothing where it is another's by now.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        with self._store.write() as connection:
            run(connection, _RELEASE, (self._project, who, name, token))

    def free(self, holder: str) -> int:
        """Give up all rights of a process that is dead; how many they were.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        self._store.migrate(self.room, self.migrations)
        with self._store.write() as connection:
            return len(run(connection, _FREE, (self._project, holder)).fetchall())

    def sweep(self) -> int:
        """Remove what has lapsed; how much it was.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        self._store.migrate(self.room, self.migrations)
        with self._store.write() as connection:
            self._store.lock(connection, "ferrata.remembered")  # two that sweep would wait for each other's rows
            return len(run(connection, _SWEEP, (self._project, self._clock.now().timestamp())).fetchall())

    def _sweep_sometimes(self) -> None:
        if self._ticks() < self._sweep_at or not self._sweeping.acquire(blocking=False):
            return
        try:
            self._sweep_at = self._ticks() + self._pause
            self.sweep()
        finally:
            self._sweeping.release()
