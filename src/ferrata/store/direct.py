"""The direct way to a SQLite file that is Ferrata's and up to date: without SQLAlchemy.

Loading that takes longer than the work of a short command. The direct way makes and changes no table: a file that is missing, another program's, or of another age is left to the store, which
knows what to do about it. Knows nothing of what is stored.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from ferrata.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from pathlib import Path

__all__ = ["DirectStore"]

_WAIT_SECONDS = 30.0


class _Dialect(NamedTuple):
    name: str


class _Connection:
    """As much of SQLAlchemy's connection as plain statements need."""

    dialect = _Dialect("sqlite")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def exec_driver_sql(self, statement: str, parameters: Any = None, /) -> sqlite3.Cursor:
        if isinstance(parameters, list):
            return self._connection.executemany(statement, parameters)  # pyright: ignore[reportUnknownArgumentType]
        return self._connection.execute(statement, parameters or ())


class DirectStore:
    """A SQLite file that was found to be up to date; see `of_file`. Not safe to share between threads."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.location = repr(str(path))
        self._connection = connection

    @classmethod
    def of_file(cls, path: Path, steps: Mapping[str, Sequence[str]]) -> DirectStore | None:
        """The direct way to a file, if it exists and has had exactly these steps of these rooms; otherwise None.

        Args:
            path: the file.
            steps: room -> the names of its migrations.
        """
        if not path.is_file():
            return None
        try:
            uri = f"file:{quote(str(path.resolve()))}?mode=rw"
            connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_WAIT_SECONDS)
        except sqlite3.Error:
            return None
        try:
            # The write-ahead log is on since the store made the file.
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA foreign_keys=ON")
            found = connection.execute("SELECT room, name FROM ferrata_migrations").fetchall()
        except sqlite3.Error:
            found = []
        wanted = {(room, name) for room, names in steps.items() for name in names}
        if {row for row in found if row[0] in steps} != wanted:
            connection.close()
            return None
        return cls(path, connection)

    @contextmanager
    def read(self) -> Generator[_Connection]:
        """As `Store.read`."""
        with self._transaction("BEGIN", "ON") as connection:
            yield connection

    @contextmanager
    def write(self) -> Generator[_Connection]:
        """As `Store.write`."""
        with self._transaction("BEGIN IMMEDIATE", "OFF") as connection:
            yield connection

    def lock(self, connection: _Connection, name: str) -> None:
        """Nothing to do: a transaction that may write holds SQLite's one write lock from its first statement."""

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def _transaction(self, begin: str, query_only: str) -> Generator[_Connection]:
        try:
            self._connection.execute(f"PRAGMA query_only={query_only}")
            self._connection.execute(begin)
            try:
                yield _Connection(self._connection)
                self._connection.execute("COMMIT")
            except BaseException:
                # After some failures, a full disk for one, SQLite has ended the transaction itself.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            hint = _advice(error)
            if hint is None:
                raise
            raise StoreUnavailable(f"cannot use the database {self.location}: {error}", hint=hint) from error


def _advice(error: sqlite3.Error) -> str | None:
    # The store's table of what to do; it loads SQLAlchemy, which takes no time that matters any more.
    from ferrata.store.sqlite import ADVICE

    code = getattr(error, "sqlite_errorcode", None)
    if code is None and isinstance(error, sqlite3.OperationalError):
        code = sqlite3.SQLITE_CORRUPT
    return None if code is None else ADVICE.get(code & 0xFF)
