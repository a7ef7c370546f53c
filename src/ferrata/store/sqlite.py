"""SQLite in a file: write-ahead log, many readers beside one writer, several processes at once.

Knows nothing of what is stored.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import create_engine, event
from sqlalchemy.exc import OperationalError

from ferrata.errors import StoreUnavailable, UsageError
from ferrata.store.migrations import MIGRATIONS_TABLE

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection
    from sqlalchemy.exc import DBAPIError

__all__ = ["ADVICE", "SqliteDialect"]

_WAIT_SECONDS = 30.0
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"

ADVICE = {
    sqlite3.SQLITE_BUSY: "another process is writing to it; try again, and stop the process if it hangs",
    sqlite3.SQLITE_LOCKED: "another process is writing to it; try again, and stop the process if it hangs",
    sqlite3.SQLITE_CANTOPEN: "check that the path is a file and that its folder may be written to",
    sqlite3.SQLITE_CORRUPT: "restore the file from a backup, or name another file",
    sqlite3.SQLITE_FULL: "make room on the disk, then try again",
    sqlite3.SQLITE_IOERR: "see whether the disk is full (`df`), make room, then try again; else check the file system",
    sqlite3.SQLITE_NOTADB: "name another file, or move this one away",
    sqlite3.SQLITE_PERM: "check that the file and its folder may be written to",
    sqlite3.SQLITE_READONLY: "check that the file and its folder may be written to",
}


class SqliteDialect:
    """A database in the file that a URL `sqlite:///PATH` names; makes the parent folder.

    A file in a folder that cannot be written is read where nobody can be writing to it, and a file of another program
    is only looked at: SQLite would change either as soon as it is asked for a write-ahead log.

    Raises:
        UsageError: the URL names no file.
        StoreUnavailable: the parent folder cannot be made.
    """

    shared = False

    def __init__(self, url: URL) -> None:
        path = url.database
        if not path or path.startswith((":memory:", "file:")):
            raise UsageError("the store needs a file, and the URL names none", hint="write sqlite:///PATH")
        self.location = repr(path)
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(
                f"cannot make the folder of the database {self.location}: {error.strerror}",
                hint="name a path whose folder can be made and may be written to",
            ) from None
        self._foreign: bool | None = None
        # No isolation level: the driver starts no transaction of its own accord, `_begin` does.
        self.reader = create_engine(url, connect_args={"isolation_level": None, "timeout": _WAIT_SECONDS})
        self.writer = self.reader.execution_options(sqlite_writes=True)
        event.listen(self.reader, "do_connect", self._connect)
        event.listen(self.reader, "begin", _begin)

    def _connect(self, _dialect: object, _record: object, words: list[str], options: dict[str, Any]) -> object:
        path = words[0]
        folder = str(Path(path).parent)
        if self._foreign is None:
            self._foreign = _is_of_another_program(path)
        mode = "mode=ro" if self._foreign else ""
        if not os.access(folder, os.W_OK | os.X_OK) and _size(path) is not None and _size(f"{path}-shm") is None:
            # Nobody has the file open: whoever has it in write-ahead mode keeps a file `-shm` beside it.
            if _size(f"{path}-wal"):
                raise StoreUnavailable(
                    f"cannot read the database {self.location}: its newest changes are in {path + '-wal'!r}, and to read them "
                    f"its folder must be writable",
                    hint=f"make {folder!r} writable, or copy the database with its -wal file to a folder that is",
                )
            mode = "immutable=1"
        if mode:
            path, options = f"file:{quote(os.fsencode(path))}?{mode}", {**options, "uri": True}
        connection: sqlite3.Connection = sqlite3.connect(path, **options)
        try:
            if not mode:
                _use_write_ahead_log(connection)
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA foreign_keys=ON")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def lock(self, connection: Connection, name: str) -> None:
        """Nothing to do: a transaction that may write holds SQLite's one write lock from its first statement."""

    def advice(self, error: DBAPIError) -> str | None:
        """What to do about a file that cannot be opened, read, written or locked; None for a wrong statement."""
        code = getattr(error.orig, "sqlite_errorcode", None)
        if code is None and isinstance(error, OperationalError):
            # The driver's own complaint: a text in the file is not UTF-8.
            code = sqlite3.SQLITE_CORRUPT
        # The low byte is the error, the rest its variety.
        return None if code is None else ADVICE.get(code & 0xFF)

    def reason(self, error: DBAPIError) -> str:
        """The driver's own words."""
        return str(error.orig)


def _size(path: str) -> int | None:
    """Bytes of a file; None where there is none, or none that can be seen."""
    try:
        return Path(path).stat().st_size
    except OSError:  # opening the database says what is wrong
        return None


def _is_of_another_program(path: str) -> bool:
    """Whether the file holds tables, and none of Ferrata's. Looks without leaving a trace."""
    if not _size(path):
        return False
    # Only beside a log is a plain connection without a trace, and only it sees what is in the log.
    mode = "mode=ro" if _size(f"{path}-wal") else "immutable=1"
    try:
        with closing(
            sqlite3.connect(f"file:{quote(os.fsencode(path))}?{mode}", uri=True, timeout=_WAIT_SECONDS)
        ) as connection:
            tables = {name for (name,) in connection.execute(_TABLES)}
    except sqlite3.Error:
        return False  # whatever is wrong with the file, using it says better
    return bool(tables) and MIGRATIONS_TABLE not in tables


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    # SQLite does not wait for a lock while it changes the mode, so processes that make a database together retry.
    give_up = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.02)
        else:
            return


def _begin(connection: Connection) -> None:
    options: dict[str, Any] = dict(connection.get_execution_options())
    writes = bool(options.get("sqlite_writes"))
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
    # A write lock taken late can fail with "busy" at once, without the wait; so it is taken first.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
