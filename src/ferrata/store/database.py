"""The store: transactions to read and to write, on whichever database a URL names.

Knows no table of any room.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ferrata.clock import SystemClock
from ferrata.errors import StoreUnavailable, UsageError
from ferrata.store.migrations import apply_migrations, missing_migrations
from ferrata.store.postgres import PostgresDialect
from ferrata.store.sqlite import SqliteDialect

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from sqlalchemy import Connection, Engine

    from ferrata.clock import Clock
    from ferrata.store.base import Dialect
    from ferrata.store.migrations import Migration

__all__ = ["Store"]

_DIALECTS = {
    "sqlite": SqliteDialect,
    "postgres": PostgresDialect,
    "postgresql": PostgresDialect,
    "postgresql+psycopg": PostgresDialect,
}


class Store:
    """A database. Safe to share between threads; each process opens its own.

    `with Store.open(url) as store:` closes its connections at the end.
    """

    def __init__(self, dialect: Dialect, clock: Clock | None = None) -> None:
        self._dialect = dialect
        self._clock = clock or SystemClock()
        self._migrated: set[tuple[str, ...]] = set()

    @classmethod
    def open(cls, url: str, *, clock: Clock | None = None) -> Store:
        """Open `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST:PORT/NAME`; connects at the first use.

        Args:
            url: names the database.
            clock: dates the migrations; the machine's clock if None.

        Raises:
            UsageError: the URL is not one of these.
            StoreUnavailable: the folder of the file cannot be made, or psycopg is not installed.
        """
        hint = "write sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME"
        try:
            parsed = make_url(url)
        except (ArgumentError, ValueError):
            # The URL itself may hold a password, so the message does not repeat it.
            raise UsageError("the database URL cannot be read", hint=hint) from None
        dialect = _DIALECTS.get(parsed.drivername)
        if dialect is None:
            raise UsageError(f"no such kind of database: {parsed.drivername!r}", hint=hint)
        return cls(dialect(parsed), clock)

    @property
    def location(self) -> str:
        """Where the database is, for people; without a password."""
        return self._dialect.location

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A transaction that sees one snapshot of the database and can write nothing.

        Raises:
            StoreUnavailable: the database cannot be reached or read.
        """
        with self._transaction(self._dialect.reader) as connection:
            yield connection

    @contextmanager
    def write(self) -> Generator[Connection]:
        """A transaction that is committed at the end of the block and rolled back by any exception.

        On SQLite it holds the one write lock from the start; so never open one within another.

        Raises:
            StoreUnavailable: the database cannot be reached or written.
        """
        with self._transaction(self._dialect.writer) as connection:
            yield connection

    @contextmanager
    def ours(self) -> Generator[None]:
        """Within the block, a statement that fails says that the tables are not Ferrata's.

        Raises:
            StoreUnavailable: one did.
        """
        try:
            yield
        except DBAPIError as error:
            reason = str(error.orig).strip().partition("\n")[0]
            raise StoreUnavailable(
                f"the database {self.location} is not one of Ferrata's: {reason}",
                hint="name another database, or move this one away",
            ) from None

    def lock(self, connection: Connection, name: str) -> None:
        """Keep other holders of the lock `name` out until the `write()` transaction of `connection` ends.

        What is read after the call includes everything that earlier holders committed.
        """
        self._dialect.lock(connection, name)

    def migrate(self, room: str, migrations: Sequence[Migration]) -> None:
        """Apply those of a room's `migrations` that the database has not had, in order, all or none.

        Processes that migrate at once take turns. A call with nothing to do makes two small
        queries; repeated on the same store, none.

        Raises:
            StoreUnavailable: the database cannot be used, or a newer Ferrata has migrated it.
        """
        key = (room, *(migration.name for migration in migrations))
        if key in self._migrated:
            return
        with self.read() as connection:
            missing = missing_migrations(connection, room, migrations)
        if missing:
            with self.write() as connection:
                self.lock(connection, "ferrata.migrations")
                apply_migrations(connection, room, migrations, clock=self._clock)
        self._migrated.add(key)

    def close(self) -> None:
        """Close the pooled connections; the store opens new ones if it is used again."""
        self._dialect.reader.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self, engine: Engine) -> Generator[Connection]:
        try:
            with engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            hint = self._dialect.advice(error)
            if hint is None:
                raise
            message = f"cannot use the database {self.location}: {self._dialect.reason(error)}"
            raise StoreUnavailable(message, hint=hint) from error
        except PoolTimeout:
            message = f"cannot use the database {self.location}: all its connections are in use"
            raise StoreUnavailable(message, hint="try again, or start fewer threads") from None
