"""Rollups: a minute of an endpoint and route as counts, tokens, cost and histograms, merged with what the store has of it.

A call is a span of an endpoint with a status; what ran within a call is part of it. Its minute is the one in which it ended. Knows
no spool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from ferrata.monitor.histogram import Histogram
from ferrata.monitor.rows import ATTRIBUTE_COLUMNS, STATUS, dollars, whole
from ferrata.store import run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ferrata.monitor.rows import SpanData
    from ferrata.store import Connection

__all__ = ["Rollup", "RollupKey", "merge_rollups", "read_rollups", "roll_up"]

_ENDPOINT, _ROUTE, _CACHED = (ATTRIBUTE_COLUMNS[name] for name in ("endpoint", "route", "cached"))
_BLOCKED, _FIRST, _ERROR = "ferrata.blocked", "gen_ai.response.time_to_first_chunk", "error.type"
_MINUTE = 60_000_000_000
_LONGEST_NAME = 200
# Kinds of errors that a minute tells apart; a client that invents them makes no endless row.
_MOST_ERRORS = 40
_OTHERS = "other"
_COUNTS = ("calls", "failed", "cached", "blocked", "input_tokens", "output_tokens", "cost")
_HISTOGRAMS = ("latency", "first", "tokens", "costs")
_COLUMNS = ("project", "minute", "endpoint", "route", *_COUNTS, "errors", *_HISTOGRAMS)


class RollupKey(NamedTuple):
    """Of what: the minute's beginning in seconds since the epoch, the endpoint, and the route that answered (or none)."""

    minute: int
    endpoint: str
    route: str


class Rollup:
    """Calls that ended in a time.

    Attributes:
        calls: how many.
        failed: those with an error or a status of 400 and more.
        cached: those that no model was asked for.
        blocked: those that a guard stopped.
        input_tokens: of all.
        output_tokens: of all.
        cost: US dollars, of those whose price is known.
        errors: how many by the kind of error.
        latency: seconds from beginning to end.
        first: seconds until the first piece, of streams.
        tokens: of a call, input and output.
        costs: US dollars of a call whose price is known.
    """

    __slots__ = (*_COUNTS, "errors", *_HISTOGRAMS)

    def __init__(self) -> None:
        self.calls = self.failed = self.cached = self.blocked = self.input_tokens = self.output_tokens = 0
        self.cost = 0.0
        self.errors: dict[str, int] = {}
        self.latency, self.first, self.tokens, self.costs = Histogram(), Histogram(), Histogram(), Histogram()

    def add(self, span: SpanData) -> None:
        """Count a call."""
        attributes = span["attributes"]
        get = attributes.get
        self.calls += 1
        status, kind = whole(get(STATUS)) or 0, get(_ERROR) or span.get("error")
        if kind or status >= 400:
            self.failed += 1
            self._count_error(str(kind or status)[:_LONGEST_NAME], 1)
        if get(_CACHED):
            self.cached += 1
        if get(_BLOCKED):
            self.blocked += 1
        self.latency.add((span["ended"] - span["started"]) / 1e9)
        first = dollars(get(_FIRST))
        if first is not None:
            self.first.add(first)
        read, written = whole(span.get("input_tokens")), whole(span.get("output_tokens"))
        if read is not None or written is not None:
            self.input_tokens += read or 0
            self.output_tokens += written or 0
            self.tokens.add((read or 0) + (written or 0))
        cost = dollars(span.get("cost_usd"))
        if cost is not None:
            self.cost += cost
            self.costs.add(cost)

    def merge(self, other: Rollup) -> None:
        """Count all that another has counted."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for kind, number in other.errors.items():
            self._count_error(kind, number)
        for name in _HISTOGRAMS:
            getattr(self, name).merge(getattr(other, name))

    def _count_error(self, kind: str, number: int) -> None:
        if kind not in self.errors and len(self.errors) >= _MOST_ERRORS:
            kind = _OTHERS
        self.errors[kind] = self.errors.get(kind, 0) + number

    def as_row(self) -> tuple[Any, ...]:
        """The columns that are no key."""
        counts = [min(getattr(self, name), (1 << 63) - 1) for name in _COUNTS]
        return (*counts, orjson.dumps(self.errors).decode(), *[getattr(self, name).to_bytes() for name in _HISTOGRAMS])

    @classmethod
    def from_row(cls, row: Iterable[Any]) -> Rollup:
        """What `as_row` gave."""
        found, values = cls(), list(row)
        for name, value in zip(_COUNTS, values, strict=False):
            setattr(found, name, value)
        found.errors = orjson.loads(values[len(_COUNTS)])
        for name, value in zip(_HISTOGRAMS, values[len(_COUNTS) + 1 :], strict=True):
            setattr(found, name, Histogram.from_bytes(bytes(value)))
        return found


def roll_up(spans: Iterable[SpanData]) -> dict[RollupKey, Rollup]:
    """The calls among some spans, by minute, endpoint and route."""
    found: dict[RollupKey, Rollup] = {}
    for span in spans:
        attributes = span["attributes"]
        endpoint, status = attributes.get(_ENDPOINT), attributes.get(STATUS)
        if type(endpoint) is not str or type(status) is not int:
            continue
        route = attributes.get(_ROUTE)
        key = RollupKey(
            span["ended"] // _MINUTE * 60, endpoint[:_LONGEST_NAME], route[:_LONGEST_NAME] if type(route) is str else ""
        )
        rollup = found.get(key)
        if rollup is None:
            rollup = found[key] = Rollup()
        rollup.add(span)
    return found


def merge_rollups(connection: Connection, project: str, rollups: dict[RollupKey, Rollup]) -> None:
    """Add to what the store has; the caller holds a lock that keeps others from doing so."""
    rows: list[tuple[Any, ...]] = []
    columns = ", ".join(_COLUMNS[4:])
    query = f"SELECT {columns} FROM rollup WHERE project = ? AND minute = ? AND endpoint = ? AND route = ?"  # noqa: S608
    for key, rollup in sorted(rollups.items()):
        before = run(connection, query, (project, *key)).fetchone()
        if before is not None:
            rollup.merge(Rollup.from_row(before))
        rows.append((project, *key, *rollup.as_row()))
    if rows:
        marks = ", ".join("?" * len(_COLUMNS))
        changed = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[4:])
        run(
            connection,
            f"INSERT INTO rollup ({', '.join(_COLUMNS)}) VALUES ({marks})"  # noqa: S608 - names only
            f" ON CONFLICT (project, minute, endpoint, route) DO UPDATE SET {changed}",
            rows,
        )


def read_rollups(
    connection: Connection, project: str, *, since: int, until: int, endpoint: str | None = None
) -> list[tuple[RollupKey, Rollup]]:
    """Those of a project whose minutes begin in `since <= minute < until` (seconds since the epoch)."""
    query = f"SELECT {', '.join(_COLUMNS[1:])} FROM rollup WHERE project = ? AND minute >= ? AND minute < ?"  # noqa: S608
    parameters: list[Any] = [project, since, until]
    if endpoint is not None:
        query += " AND endpoint = ?"
        parameters.append(endpoint)
    rows = run(connection, query, tuple(parameters)).fetchall()
    return [(RollupKey(*row[:3]), Rollup.from_row(row[3:])) for row in rows]
