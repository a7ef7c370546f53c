"""PostgreSQL through psycopg 3.

Knows nothing of what is stored.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, text
from sqlalchemy.exc import InterfaceError, OperationalError

from ferrata.errors import StoreUnavailable, UsageError

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection
    from sqlalchemy.exc import DBAPIError

__all__ = ["PostgresDialect"]

_CONNECT_SECONDS = 10
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_ADVICE = {
    "25006": "the server takes no writes (a standby?): name its primary in the URL",
    "28P01": "check the user and the password in the URL",
    "3D000": "create the database (`createdb NAME`), or name another one in the URL",
    "40P01": "two transactions waited for one another: try again",
    "42501": "the account may not do this: run the command once as the owner of the tables, or give the account the right",
    "53100": "make room on the server's disk, then try again",
    "53300": "the server has no connection left: stop a client or raise its max_connections",
}


class PostgresDialect:
    """A database on a PostgreSQL server, named by a URL `postgresql://USER:PASSWORD@HOST:PORT/NAME`.

    Raises:
        UsageError: the URL holds an `@` in its host, which is a password that was not percent-encoded.
        StoreUnavailable: psycopg is not installed.
    """

    shared = True  # who names a database on a server sees its name, and servers are shared by nature

    def __init__(self, url: URL) -> None:
        if "@" in (url.host or ""):
            raise UsageError("the database URL has more than one `@`", hint="write an `@` within the password as %40")
        if find_spec("psycopg") is None:
            raise StoreUnavailable(
                "PostgreSQL needs the package psycopg, which is not installed", hint="pip install 'ferrata[postgres]'"
            )
        # The query may hold a password too, which hide_password does not hide.
        self.location = repr(url.set(drivername="postgresql", query={}).render_as_string(hide_password=True))
        self._secrets = [url.password] if url.password else []
        self._secrets += [str(value) for key, value in url.query.items() if "password" in key.lower()]
        defaults = {"connect_timeout": _CONNECT_SECONDS, "application_name": "ferrata"}
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            use_native_hstore=False,
            connect_args={key: value for key, value in defaults.items() if key not in url.query},
        )
        self.reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        # What a writer reads after it got a lock must include what the lock's last holder committed.
        self.writer = engine.execution_options(isolation_level="READ COMMITTED")

    def lock(self, connection: Connection, name: str) -> None:
        """Take an advisory lock of the transaction; waits for it."""
        connection.execute(_LOCK, {"name": name})

    def advice(self, error: DBAPIError) -> str | None:
        """What to do about a server that cannot be reached or used; None for a wrong statement."""
        state = getattr(error.orig, "sqlstate", None)
        if state in _ADVICE:
            return _ADVICE[state]
        if isinstance(error, (OperationalError, InterfaceError)):
            return "check that the server is running and that the URL names it"
        return None

    def reason(self, error: DBAPIError) -> str:
        """The first line of the driver's own words, with passwords blotted out."""
        words = str(error.orig).strip().splitlines()
        reason = words[0] if words else type(error.orig).__name__
        for secret in self._secrets:
            reason = reason.replace(secret, "***")
        return reason
