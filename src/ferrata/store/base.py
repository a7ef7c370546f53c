"""What a database must offer to be one that Ferrata stores in.

Knows neither SQLite nor PostgreSQL; each is one file beside this one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.exc import DBAPIError

__all__ = ["Dialect"]


class Dialect(Protocol):
    """One kind of database: how to connect, to lock and to explain a failure."""

    @property
    def location(self) -> str:
        """Where the database is, for messages; never holds a password."""
        ...

    @property
    def shared(self) -> bool:
        """Whether other programs' tables may lie beside Ferrata's."""
        ...

    @property
    def reader(self) -> Engine:
        """Connections whose transactions see one snapshot and can write nothing."""
        ...

    @property
    def writer(self) -> Engine:
        """Connections whose transactions may write; shares the pool of `reader`."""
        ...

    def lock(self, connection: Connection, name: str) -> None:
        """Let nobody else hold the lock `name` until the transaction of `connection` ends; waits for it."""
        ...

    def advice(self, error: DBAPIError) -> str | None:
        """What to do when `error` says that the database cannot be used; None when it says anything else."""
        ...

    def reason(self, error: DBAPIError) -> str:
        """The driver's own words on one line, without secrets."""
        ...
