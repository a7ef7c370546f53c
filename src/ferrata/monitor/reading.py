"""Reads spans: lists of calls, page by page, and one trace as a tree. Where there are no tables yet, there is nothing to read.

Knows nothing of what still lies in spools.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrata.errors import NotFound, UsageError
from ferrata.monitor.rows import ATTRIBUTE_COLUMNS, STATUS
from ferrata.monitor.tables import SPAN_COLUMNS, day_after, span_tables
from ferrata.store import run

if TYPE_CHECKING:
    from ferrata.store import Connection, Transactions

__all__ = ["StoredSpan", "TraceFilter", "TraceNode", "TracePage", "list_calls", "list_slowest", "read_trace"]

_SELECTED = ", ".join(SPAN_COLUMNS)
_ID = re.compile(r"^[0-9a-f]{4,32}\Z")
# So written it is no reason to go by the index of projects, where that of ids is meant.
_OF_PROJECT = "project || '' = ?"
# Before what is the id of a request although it could be one of a trace.
_OF_REQUEST = "request:"
# The endpoints of a day by steps through the index, not through the day.
_ENDPOINTS = """WITH RECURSIVE found(name) AS (
    SELECT MIN(endpoint) FROM {table} WHERE project = ?
    UNION ALL
    SELECT (SELECT MIN(endpoint) FROM {table} WHERE project = ? AND endpoint > found.name)
    FROM found WHERE found.name IS NOT NULL
) SELECT name FROM found WHERE name IS NOT NULL"""


@dataclass(frozen=True)
class StoredSpan:
    """A span as the store has it; see `telemetry.Span`.

    Attributes:
        seconds: from beginning to end.
        status: the HTTP status of a call, or None.
        attributes: all of them, those with a column of their own included.
    """

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: str
    started: int
    ended: int
    error: str
    endpoint: str
    route: str
    model: str
    key: str
    team: str
    user: str
    session: str
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    status: int | None
    cached: str
    attributes: dict[str, Any]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.ended - self.started) / 1e9

    @property
    def failed(self) -> bool:
        """Whether it has an error, or an HTTP status that is one."""
        return bool(self.error) or (self.status or 0) >= 400

    def as_json(self) -> dict[str, Any]:
        """The span as data."""
        return {**vars(self), "seconds": self.seconds}


@dataclass(frozen=True)
class TraceFilter:
    """Which calls are listed; what is None or empty is not asked for.

    Attributes:
        endpoint: of this one.
        key: by this key's public id.
        status: with this HTTP status.
        failed: only those that failed.
        since: that began then or later; nanoseconds since the epoch.
        ids: whose trace or span id begins with this text, or whose request has this id.
    """

    endpoint: str = ""
    key: str = ""
    status: int | None = None
    failed: bool = False
    since: int = 0
    ids: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether few calls may fit."""
        return bool(self.key or self.ids or self.status is not None)

    def conditions(self) -> tuple[list[str], list[Any]]:
        """Conditions of SQL and their parameters; the endpoint is not among them."""
        # A call has a status; what ran in one is found by it.
        found, given = ["(status IS NOT NULL OR parent_id = '')"], list[Any]()
        if self.key:
            found.append("key = ?")
            given.append(self.key)
        if self.status is not None:
            found.append("status = ?")
            given.append(self.status)
        if self.failed:
            found.append("(error <> '' OR status >= 400)")
        if self.since:
            found.append("started >= ?")
            given.append(self.since)
        if len(self.ids) == 32 and _ID.match(self.ids):
            found.append("trace_id = ?")
            given.append(self.ids)
        elif _ID.match(self.ids):
            found.append("((trace_id >= ? AND trace_id < ?) OR (span_id >= ? AND span_id < ?))")
            given += [self.ids, self.ids + "g"] * 2
        elif self.ids:
            found.append("attributes LIKE ? ESCAPE '!'")
            given.append(f'%"ferrata.request":{_like(json.dumps(self.ids.removeprefix(_OF_REQUEST)))}%')
        return found, given


class TracePage(NamedTuple):
    """Some calls.

    Attributes:
        spans: the newest first; or the slowest.
        after: give it to have the next page; empty at the end.
    """

    spans: list[StoredSpan]
    after: str


@dataclass
class TraceNode:
    """A span and those that ran in it, in the order in which they began."""

    span: StoredSpan
    children: list[TraceNode] = field(default_factory=list["TraceNode"])

    def as_json(self) -> dict[str, Any]:
        """The tree as data."""
        return {**self.span.as_json(), "children": [child.as_json() for child in self.children]}


def list_calls(
    store: Transactions, project: str, wanted: TraceFilter, *, limit: int = 50, after: str = ""
) -> TracePage:
    """The newest calls of a project.

    Args:
        store: the database.
        project: whose.
        wanted: which of them.
        limit: so many at most.
        after: as the page before gave it.

    Raises:
        UsageError: `after` was not given by a page.
        StoreUnavailable: the database cannot be read.
    """
    edge = _edge(after)
    found: list[StoredSpan] = []
    with store.read() as connection:
        for table in span_tables(connection):
            if day_after(table) <= wanted.since:
                break
            if edge is None or edge[0] >= day_after(table) - 86_400 * 10**9:
                found += _page(connection, table, project, wanted, edge=edge, limit=limit - len(found))
            if len(found) >= limit:
                break
    more = len(found) >= limit and bool(found)
    return TracePage(found, f"{found[-1].started}-{found[-1].span_id}" if more else "")


def list_slowest(store: Transactions, project: str, wanted: TraceFilter, *, limit: int = 50) -> TracePage:
    """The calls that took longest, the slowest first; reads all that were made since `wanted.since`.

    Raises:
        StoreUnavailable: the database cannot be read.
    """
    conditions, given = wanted.conditions()
    if wanted.endpoint:
        conditions, given = [*conditions, "endpoint = ?"], [*given, wanted.endpoint]
    found: list[StoredSpan] = []
    with store.read() as connection:
        for table in span_tables(connection):
            if day_after(table) <= wanted.since:
                break
            query = f"SELECT {_SELECTED} FROM {table} WHERE project = ? AND {' AND '.join(conditions)}"  # noqa: S608
            query += " ORDER BY ended - started DESC, span_id LIMIT ?"
            found += map(_span, run(connection, query, (project, *given, limit)).fetchall())
    found.sort(key=lambda span: (span.started - span.ended, span.span_id))
    return TracePage(found[:limit], "")


def read_trace(store: Transactions, project: str, ids: str) -> list[TraceNode]:
    """One trace as a tree; several roots where what they ran in is not there.

    Args:
        store: the database.
        project: whose.
        ids: the beginning of a trace's or a span's id, at least four digits; or a request's id.

    Raises:
        NotFound: there is none.
        UsageError: there are several.
        StoreUnavailable: the database cannot be read.
    """
    found: list[StoredSpan] = []
    with store.read() as connection:
        tables = span_tables(connection)
        traces = _traces(connection, tables, project, ids.strip())
        for table in tables if len(traces) == 1 else ():
            query = f"SELECT {_SELECTED} FROM {table} WHERE {_OF_PROJECT} AND trace_id = ?"  # noqa: S608 - names only
            found += map(_span, run(connection, query, (project, *traces)).fetchall())
    if len(traces) > 1:
        some = ", ".join(sorted(traces)[:3])
        raise UsageError(f"several traces have an id that begins with {ids!r}: {some}", hint="write more of the id")
    if not found:
        raise NotFound(f"there is no trace {ids!r}", hint="see the ids with `ferrata trace list`")
    return _tree(found)


def _traces(connection: Connection, tables: list[str], project: str, ids: str) -> set[str]:
    """The ids of traces that a text may mean."""
    found: set[str] = set()
    of_id = ids.lower()
    ways: list[tuple[str, str, tuple[str, ...]]] = []
    if _ID.match(of_id):
        # One after the other: the first is in the index, the others look at every span, in the order in which they lie.
        of_trace = ("DISTINCT trace_id", "trace_id >= ? AND trace_id < ? LIMIT 9", (of_id, of_id + "g"))
        ways = [of_trace, ("trace_id", "span_id >= ? AND span_id < ?", (of_id, of_id + "g"))]
    if ids:
        conditions, given = TraceFilter(ids=_OF_REQUEST + ids).conditions()
        ways.append(("trace_id", conditions[-1], tuple(given)))
    for selected, condition, given in ways:
        for table in tables:
            query = f"SELECT {selected} FROM {table} WHERE {_OF_PROJECT} AND {condition}"  # noqa: S608 - names only
            found |= {trace for (trace,) in run(connection, query, (project, *given)).fetchall()}
        if found:
            break
    return found


def _tree(spans: list[StoredSpan]) -> list[TraceNode]:
    nodes = {span.span_id: TraceNode(span) for span in sorted(spans, key=lambda span: (span.started, span.span_id))}
    roots: list[TraceNode] = []
    for node in nodes.values():
        parent = nodes.get(node.span.parent_id)
        # A ring of parents, which only a broken sender makes, is cut where it began first.
        if parent is None or _is_within(nodes, parent, node):
            roots.append(node)
        else:
            parent.children.append(node)
    return roots


def _is_within(nodes: dict[str, TraceNode], node: TraceNode, of: TraceNode) -> bool:
    seen: set[str] = set()
    at: TraceNode | None = node
    while at is not None and at.span.span_id not in seen:
        if at is of:
            return True
        seen.add(at.span.span_id)
        at = nodes.get(at.span.parent_id)
    return False


def _page(
    connection: Connection,
    table: str,
    project: str,
    wanted: TraceFilter,
    *,
    edge: tuple[int, str] | None,
    limit: int,
) -> list[StoredSpan]:
    """The newest of a day.

    Asked for by each endpoint, as the index has them; or, where few may fit, of all in the order in which they lie: to look up each
    from the index takes minutes where a day does not fit into memory.
    """
    conditions, given = wanted.conditions()
    if edge is not None:
        conditions = [*conditions, "started <= ?", "(started < ? OR span_id < ?)"]
        given = [*given, edge[0], *edge]
    tail = f"{' AND '.join(conditions)} ORDER BY started DESC, span_id DESC LIMIT ?"
    if wanted.is_narrow:
        of_endpoint, names = ("endpoint || '' = ? AND ", [wanted.endpoint]) if wanted.endpoint else ("", [])
        query = f"SELECT {_SELECTED} FROM {table} WHERE {_OF_PROJECT} AND {of_endpoint}{tail}"  # noqa: S608 - names only
        return [_span(row) for row in run(connection, query, (project, *names, *given, limit)).fetchall()]
    names = [wanted.endpoint]
    if not wanted.endpoint:
        names = [name for (name,) in run(connection, _ENDPOINTS.format(table=table), (project, project)).fetchall()]
    query = f"SELECT {_SELECTED} FROM {table} WHERE project = ? AND endpoint = ? AND {tail}"  # noqa: S608 - names only
    found: list[StoredSpan] = []
    for name in names:
        found += map(_span, run(connection, query, (project, name, *given, limit)).fetchall())
    found.sort(key=lambda span: (span.started, span.span_id), reverse=True)
    return found[:limit]


def _edge(after: str) -> tuple[int, str] | None:
    if not after:
        return None
    started, _, span_id = after.partition("-")
    if not (started.isdecimal() and len(started) < 20 and span_id):
        raise UsageError(f"no page begins after {after!r}", hint="give what the page before gave as `after`")
    return int(started), span_id


def _like(text: str) -> str:
    return re.sub(r"([!%_])", r"!\1", text)


def _span(row: Any) -> StoredSpan:
    values: dict[str, Any] = dict(zip(SPAN_COLUMNS, row, strict=True))
    attributes: dict[str, Any] = json.loads(values["attributes"])
    attributes |= {name: values[column] for column, name in ATTRIBUTE_COLUMNS.items() if values[column]}
    if values["status"] is not None:
        attributes[STATUS] = values["status"]
    values |= {"user": values["user_name"], "attributes": attributes}
    del values["project"], values["user_name"]
    return StoredSpan(**values)
