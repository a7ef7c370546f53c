"""Reads what came of the calls of an endpoint, for whoever compares its routes: few columns of many spans. Compares nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from ferrata.monitor.tables import day_after, span_tables
from ferrata.store import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.store import Transactions

__all__ = ["Outcome", "Said", "read_outcomes", "read_said"]

_COLUMNS = "trace_id, ended, ended - started, route, cost_usd, status, error, cached, attributes"


class Outcome(NamedTuple):
    """A call that is over.

    Attributes:
        trace_id: of its trace.
        ended: nanoseconds since the epoch.
        seconds: that it took.
        route: that answered, or was tried last.
        drawn: the route that it was dealt to; empty where it had no choice.
        unit: digest of what it was dealt by; empty: by chance.
        status: of HTTP.
        error: empty: none.
        cost: US dollars; None: unknown.
        cached: how it was answered without asking; empty: it was asked.
        blocked: the guard that stopped it; empty: none.
        shadow: the release that a copy of a call went to; empty: it is no copy.
    """

    trace_id: str
    ended: int
    seconds: float
    route: str
    drawn: str
    unit: str
    status: int
    error: str
    cost: float | None
    cached: str
    blocked: str
    shadow: str

    @property
    def failed(self) -> bool:
        """Whether it has an error, or an HTTP status that is one."""
        return bool(self.error) or self.status >= 400


class Said(NamedTuple):
    """A number that was said of a call, or measured of it later.

    Attributes:
        trace_id: of the call's trace.
        ended: nanoseconds since the epoch.
        name: of the number.
        value: itself.
    """

    trace_id: str
    ended: int
    name: str
    value: float


def read_outcomes(
    store: Transactions, project: str, endpoint: str, *, started: int, after: int, until: int
) -> list[Outcome]:
    """The calls of an endpoint that were over after one moment and until another, in the order in which they were.

    Args:
        store: the database.
        project: whose.
        endpoint: its name.
        started: those that began before are left out; nanoseconds since the epoch, as the others.
        after: not those that were over then.
        until: the last moment.

    Raises:
        StoreUnavailable: the database cannot be read.
    """
    where = "project = ? AND endpoint = ? AND started >= ? AND ended > ? AND ended <= ? AND status IS NOT NULL"
    given = (project, endpoint, started, after, until)
    found: list[Outcome] = []
    for row in _rows(store, _COLUMNS, where, given, since=started):
        trace, ended, took, route, cost, status, error, cached, attributes = row
        about: dict[str, Any] = orjson.loads(attributes)
        get = about.get
        found.append(
            Outcome(
                trace,
                ended,
                took / 1e9,
                route,
                str(get("ferrata.drawn") or ""),
                str(get("ferrata.unit") or ""),
                status,
                error,
                cost,
                cached,
                str(get("ferrata.blocked") or ""),
                str(get("ferrata.shadow") or ""),
            )
        )
    found.sort(key=lambda one: (one.ended, one.trace_id))
    return found


def read_said(
    store: Transactions, project: str, endpoint: str, names: Sequence[str], *, started: int, after: int, until: int
) -> list[Said]:
    """Numbers in the attributes of spans, those without an endpoint included; arguments and errors as of `read_outcomes`."""
    where = "project = ? AND endpoint IN (?, '') AND started >= ? AND ended > ? AND ended <= ?"
    where += f" AND ({' OR '.join(['attributes LIKE ?'] * len(names))})"
    given = (project, endpoint, started, after, until, *(f'%"{name}":%' for name in names))
    found: list[Said] = []
    for trace, ended, attributes in _rows(store, "trace_id, ended, attributes", where, given, since=started):
        about: dict[str, Any] = orjson.loads(attributes)
        for name in names:
            value = _number(about.get(name))
            if value is not None:
                found.append(Said(trace, ended, name, value))
    found.sort(key=lambda one: (one.ended, one.trace_id))
    return found


def _rows(store: Transactions, columns: str, where: str, given: Sequence[Any], *, since: int) -> list[Any]:
    found: list[Any] = []
    with store.read() as connection:
        for table in span_tables(connection):
            if day_after(table) <= since:
                break
            query = f"SELECT {columns} FROM {table} WHERE {where}"  # noqa: S608 - names only
            found += run(connection, query, given).fetchall()
    return found


def _number(value: Any) -> float | None:
    """A number, or one in a text as a client may send it."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    return float(value) if isinstance(value, bool | int | float) and value == value else None
