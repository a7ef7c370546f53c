"""Where spans, rollups and positions lie. Spans have a table for each day, so that forgetting a day is dropping a table.

The tables of days are made by whoever writes the first span of a day, and found by their names. All statements are plain SQL that
runs on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson

from ferrata.store import Migration, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.store import Connection, Transactions

__all__ = [
    "MIGRATIONS",
    "MONITOR_ROOM",
    "SPAN_COLUMNS",
    "day_of",
    "forget_before",
    "insert_spans",
    "span_tables",
    "table_names",
]

MONITOR_ROOM = "monitor"

# Column -> its type by SQLite and by PostgreSQL.
_TEXT, _INTEGER, _REAL = ("TEXT", 'TEXT COLLATE "C"'), ("INTEGER", "BIGINT"), ("REAL", "DOUBLE PRECISION")
_BYTES = ("BLOB", "BYTEA")
_COLUMNS = {
    "project": _TEXT,
    "trace_id": _TEXT,
    "span_id": _TEXT,
    "parent_id": _TEXT,
    "name": _TEXT,
    "kind": _TEXT,
    "started": _INTEGER,
    "ended": _INTEGER,
    "error": _TEXT,
    "endpoint": _TEXT,
    "route": _TEXT,
    "model": _TEXT,
    "key": _TEXT,
    "team": _TEXT,
    "user_name": _TEXT,
    "session": _TEXT,
    "input_tokens": _INTEGER,
    "output_tokens": _INTEGER,
    "cost_usd": _REAL,
    "status": _INTEGER,
    "cached": _TEXT,
    "attributes": _TEXT,
}
SPAN_COLUMNS = tuple(_COLUMNS)
"""In the order of a row. `user` is a word of SQL's, hence `user_name`; `attributes` is JSON of those that have no column."""

_MAY_LACK = {"input_tokens", "output_tokens", "cost_usd", "status"}
_SPANS = re.compile(r"^spans_(\d{4})(\d\d)(\d\d)\Z")
_ROLLUP = {
    "project": _TEXT,
    "minute": _INTEGER,
    "endpoint": _TEXT,
    "route": _TEXT,
    "calls": _INTEGER,
    "failed": _INTEGER,
    "cached": _INTEGER,
    "blocked": _INTEGER,
    "input_tokens": _INTEGER,
    "output_tokens": _INTEGER,
    "cost": _REAL,
    "errors": _TEXT,
    "latency": _BYTES,
    "first": _BYTES,
    "tokens": _BYTES,
    "costs": _BYTES,
}
_POSITION = {"holder": _TEXT, "segment": _INTEGER, "position": _INTEGER, "finished": _INTEGER, "at": _INTEGER}
_DAY = 86_400 * 10**9
_FORGET_POSITIONS = timedelta(days=30)


def _columns_of(columns: dict[str, tuple[str, str]], *, sqlite: bool, may_lack: set[str] | None = None) -> str:
    return ", ".join(
        f"{name} {types[0 if sqlite else 1]}{'' if name in (may_lack or ()) else ' NOT NULL'}"
        for name, types in columns.items()
    )


def m001_monitor(connection: Connection) -> None:
    """Make the tables of rollups and of positions; those of spans are made by the day."""
    sqlite = connection.dialect.name == "sqlite"
    rowless = " WITHOUT ROWID" if sqlite else ""
    rollup, position = _columns_of(_ROLLUP, sqlite=sqlite), _columns_of(_POSITION, sqlite=sqlite)
    connection.exec_driver_sql(
        f"CREATE TABLE rollup ({rollup}, PRIMARY KEY (project, minute, endpoint, route)){rowless}"
    )
    connection.exec_driver_sql(f"CREATE TABLE spool_position ({position}, PRIMARY KEY (holder)){rowless}")


MIGRATIONS = (Migration("m001_monitor", m001_monitor),)


def day_of(started: int) -> str:
    """The table of a moment in nanoseconds since the epoch: of its day in UTC."""
    return _table_of(started // _DAY)


@cache
def _table_of(day: int) -> str:
    return f"{date(1970, 1, 1) + timedelta(days=day):spans_%Y%m%d}"


def make_span_table(connection: Connection, table: str) -> None:
    """Make the table of a day where it is missing; the caller holds a lock that keeps others from doing so."""
    sqlite = connection.dialect.name == "sqlite"
    columns = _columns_of(_COLUMNS, sqlite=sqlite, may_lack=_MAY_LACK)
    connection.exec_driver_sql(f"CREATE TABLE IF NOT EXISTS {table} ({columns}, PRIMARY KEY (trace_id, span_id))")
    connection.exec_driver_sql(
        f"CREATE INDEX IF NOT EXISTS {table}_by_endpoint ON {table} (project, endpoint, started)"
    )


def insert_spans(connection: Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    """Insert rows in the order of `SPAN_COLUMNS`; one whose ids are there already changes nothing."""
    columns = ", ".join(SPAN_COLUMNS)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(SPAN_COLUMNS))
        run(connection, f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING", rows)  # noqa: S608
        return
    # One statement with one document is several times as fast as a statement for each row, or an array for each column.
    typed = ", ".join(f"{name} {types[1].partition(' COLLATE')[0]}" for name, types in _COLUMNS.items())
    statement = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM json_to_recordset(?) AS given({typed})"  # noqa: S608
    document = orjson.dumps([dict(zip(SPAN_COLUMNS, row, strict=True)) for row in rows]).decode()
    run(connection, f"{statement} ON CONFLICT DO NOTHING", (document,))


def table_names(connection: Connection) -> list[str]:
    """All tables that statements on this connection find by their bare names."""
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    else:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    return [name for (name,) in run(connection, query).fetchall()]


def span_tables(connection: Connection) -> list[str]:
    """The tables of days that there are, the newest first."""
    return sorted((name for name in table_names(connection) if _SPANS.match(name)), reverse=True)


def day_after(table: str) -> int:
    """The moment at which a table's day ends, in nanoseconds since the epoch."""
    found = _SPANS.match(table)
    if found is None:
        raise ValueError(f"no table of spans: {table!r}")
    day = datetime(int(found[1]), int(found[2]), int(found[3]), tzinfo=UTC) + timedelta(days=1)
    return int(day.timestamp()) * 1_000_000_000


def forget_before(store: Transactions, *, spans: date, rollups: date) -> Sequence[str]:
    """Forget what is older, of all projects in a database; days are UTC's. The tables of days that were dropped.

    Args:
        store: the database.
        spans: the first day whose spans are kept.
        rollups: the first day whose rollups are kept.

    Raises:
        StoreUnavailable: the database cannot be written.
    """
    first = f"{spans:spans_%Y%m%d}"
    with store.read() as connection:
        tables = table_names(connection)
    dropped = sorted(name for name in tables if _SPANS.match(name) and name < first)
    if "rollup" not in tables:
        return []
    for name in dropped:  # one after the other, so that nobody waits for long
        with store.write() as connection:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
    with store.write() as connection:
        run(connection, "DELETE FROM rollup WHERE minute < ?", (_seconds(rollups),))
        at = int((datetime.now(UTC) - _FORGET_POSITIONS).timestamp())
        run(connection, "DELETE FROM spool_position WHERE finished = 1 AND at < ?", (at,))
    return dropped


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
