"""Plain SQL on whichever connection there is: SQLAlchemy's, or the direct one to a SQLite file.

A room whose commands must start at once writes its statements as texts with `?`, and needs no more of a store than this.
Knows no table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

__all__ = ["Connection", "Rows", "Transactions", "run"]


class Rows(Protocol):
    """What a statement gave."""

    def fetchone(self) -> Any:
        """The next row, or None."""
        ...

    def fetchall(self) -> Sequence[Any]:
        """The rows that are left."""
        ...


class _Dialect(Protocol):
    @property
    def name(self) -> str: ...


class Connection(Protocol):
    """A connection within a transaction."""

    @property
    def dialect(self) -> _Dialect:
        """Its `name` is `sqlite` or `postgresql`."""
        ...

    def exec_driver_sql(self, statement: str, parameters: Any = None, /) -> Rows:
        """Run a statement as the driver writes it; a list of tuples runs it for each."""
        ...


class Transactions(Protocol):
    """What offers transactions: the store, or the direct way to a SQLite file."""

    @property
    def location(self) -> str:
        """Where the database is, for people."""
        ...

    def read(self) -> AbstractContextManager[Any]:
        """A transaction that sees one snapshot."""
        ...

    def write(self) -> AbstractContextManager[Any]:
        """A transaction that is committed at the end of the block, or undone by an exception."""
        ...

    def lock(self, connection: Any, name: str) -> None:
        """Keep other holders of the lock `name` out until the transaction ends."""
        ...

    def close(self) -> None:
        """Let the connections go."""
        ...


def run(connection: Connection, statement: str, parameters: Sequence[Any] = ()) -> Rows:
    """Run a statement whose parameters are written `?`; a list of tuples runs it for each of them.

    The statement must hold no `?` or `%` of its own.
    """
    if connection.dialect.name != "sqlite":
        statement = statement.replace("?", "%s")
    return connection.exec_driver_sql(statement, parameters if isinstance(parameters, list) else tuple(parameters))
