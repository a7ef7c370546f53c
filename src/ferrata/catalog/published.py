"""Route tables over time: where the calls of an endpoint go from a moment on. Acts write them, gateways follow them.

Before the first one an endpoint follows what `ferrata.yaml` declares. A table is never changed: each act writes the next one, and says
which one it saw, so that of two acts at the same moment one is refused. What a rollout is doing stands in the table itself, so that
there is no state beside it that could say something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import Field
from sqlalchemy import Column, Integer, MetaData, PrimaryKeyConstraint, Table, Text, UniqueConstraint, func, select

from ferrata.catalog.routes import RouteSettings
from ferrata.documents import Document
from ferrata.errors import Conflict
from ferrata.store import Migration, run

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ferrata.store import Store

__all__ = ["SHADOWED", "Follower", "Published", "Routing", "RoutingTable", "Shadow"]

SHADOWED = "~shadow"
"""Behind an endpoint's name: that under which copies of its calls are recorded."""

_LOCK = "ferrata.routing"
_METADATA = MetaData()
_TABLE = Table(
    "endpoint_table",
    _METADATA,
    Column("project", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("project", "endpoint", "number"),
    UniqueConstraint("project", "seq"),
)
_SEEN = Table(
    "gateway_seen",
    _METADATA,
    Column("project", Text, nullable=False),
    Column("holder", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("at", Text, nullable=False),
    Column("problems", Text, nullable=False),
    PrimaryKeyConstraint("project", "holder"),
)
_SEE = (
    "INSERT INTO gateway_seen (project, holder, seq, at, problems) VALUES (?, ?, ?, ?, ?) ON CONFLICT (project, holder)"
    " DO UPDATE SET seq = excluded.seq, at = excluded.at, problems = excluded.problems"
)


def _m001_routing(connection: Connection) -> None:
    _METADATA.create_all(connection, checkfirst=False)


class Shadow(Document):
    """A release that gets copies of calls; what it answers is recorded and never returned.

    Attributes:
        release: `release/NAME@N`.
        share: of the calls, from 0 to 1.
    """

    release: str
    share: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 1.0


class Routing(Document):
    """What a table says.

    Attributes:
        routes: where the calls go; none: where `ferrata.yaml` says.
        shadows: which releases get copies of calls.
        rollout: of whoever moves the calls in stages; None: nobody does.
        back_to: the number of the table whose routes hold again; None: this is no rollback.
        frozen: why nothing may be changed but by a rollback; empty: it may.
    """

    routes: list[RouteSettings] = []
    shadows: list[Shadow] = []
    rollout: dict[str, Any] | None = None
    back_to: int | None = None
    frozen: str = ""

    @property
    def releases(self) -> list[str]:
        """Those that it names, each once."""
        named = [route.release for route in self.routes if route.release]
        return list(dict.fromkeys([*named, *(shadow.release for shadow in self.shadows)]))


@dataclass(frozen=True, slots=True)
class RoutingTable:
    """One table of an endpoint.

    Attributes:
        endpoint: whose it is.
        number: from 1; 0 is what `ferrata.yaml` declares.
        seq: the place among all tables of the project.
        at: when it was written, as `clock.format_time`.
        actor: who wrote it.
        act: by which act, as `deploy`.
        why: as they said.
        routing: what it says.
    """

    endpoint: str
    number: int = 0
    seq: int = 0
    at: str = ""
    actor: str = ""
    act: str = ""
    why: str = ""
    routing: Routing = Routing()


@dataclass(frozen=True, slots=True)
class Follower:
    """A gateway's process.

    Attributes:
        holder: its name: host, process, and when it began.
        seq: of the newest table that it follows.
        at: when it last said so.
        problems: why it cannot follow all of it; empty: it can.
    """

    holder: str
    seq: int
    at: str
    problems: str


class Published:
    """The tables of one project.

    Args:
        store: where they lie; they are made if they are missing.
        project: whose they are.

    Raises:
        StoreUnavailable: the database cannot be used.
    """

    room = "routing"
    migrations = (Migration("m001_routing", _m001_routing),)

    def __init__(self, store: Store, project: str) -> None:
        self._store = store
        self._project = project
        store.migrate(self.room, self.migrations)

    def seq(self) -> int:
        """The place of the newest table; 0: there is none. One look into an index."""
        with self._store.read() as connection:
            return self._newest_seq(connection)

    def newest(self) -> dict[str, RoutingTable]:
        """The newest table of each endpoint that has one."""
        last = (
            select(_TABLE.c.endpoint, func.max(_TABLE.c.number).label("number"))
            .where(_TABLE.c.project == self._project)
            .group_by(_TABLE.c.endpoint)
            .subquery()
        )
        same = (_TABLE.c.endpoint == last.c.endpoint) & (_TABLE.c.number == last.c.number)
        query = select(_TABLE).join(last, same).where(_TABLE.c.project == self._project)
        with self._store.read() as connection:
            tables = [_read(row) for row in connection.execute(query)]
        return {table.endpoint: table for table in tables}

    def current(self, endpoint: str) -> RoutingTable:
        """The newest table of an endpoint; number 0 where there is none."""
        return next(iter(self.history(endpoint, limit=1)), RoutingTable(endpoint))

    def history(self, endpoint: str, *, limit: int | None = None) -> list[RoutingTable]:
        """The tables of an endpoint, the newest first."""
        query = select(_TABLE).where(_TABLE.c.project == self._project, _TABLE.c.endpoint == endpoint)
        with self._store.read() as connection:
            rows = connection.execute(query.order_by(_TABLE.c.number.desc()).limit(limit)).all()
        return [_read(row) for row in rows]

    def publish_in(
        self, connection: Connection, table: RoutingTable, routing: Routing, *, at: str, actor: str, act: str, why: str
    ) -> RoutingTable:
        """Write the table that follows on `table`, within the caller's `store.write()`.

        Raises:
            Conflict: another act came first; says whose.
        """
        self._store.lock(connection, _LOCK)
        query = select(_TABLE).where(_TABLE.c.project == self._project, _TABLE.c.endpoint == table.endpoint)
        last = connection.execute(query.order_by(_TABLE.c.number.desc()).limit(1)).first()
        if last is not None and last.number != table.number:
            raise Conflict(
                f"{table.endpoint} has another table since: number {last.number}, written by {last.actor} at {last.at}"
                f" ({last.act})",
                hint=f"look with `ferrata endpoint status {table.endpoint}`, then do it again",
            )
        new = RoutingTable(
            table.endpoint, table.number + 1, self._newest_seq(connection) + 1, at, actor, act, why, routing
        )
        connection.execute(
            _TABLE.insert().values(
                project=self._project,
                endpoint=new.endpoint,
                number=new.number,
                seq=new.seq,
                at=at,
                actor=actor,
                act=act,
                why=why,
                body=routing.model_dump_json(exclude_defaults=True),
            )
        )
        return new

    def see(self, follower: Follower) -> None:
        """Note how far a process is."""
        with self._store.write() as connection:
            values = (self._project, follower.holder, follower.seq, follower.at, follower.problems)
            run(connection, _SEE, values)

    def forget(self, holder: str) -> None:
        """A process ended."""
        with self._store.write() as connection:
            connection.execute(_SEEN.delete().where(_SEEN.c.project == self._project, _SEEN.c.holder == holder))

    def followers(self, *, since: str) -> list[Follower]:
        """The processes that were heard of since a time."""
        query = select(_SEEN).where(_SEEN.c.project == self._project, _SEEN.c.at >= since).order_by(_SEEN.c.holder)
        with self._store.read() as connection:
            return [Follower(row.holder, row.seq, row.at, row.problems) for row in connection.execute(query)]

    def _newest_seq(self, connection: Connection) -> int:
        found = connection.execute(select(func.max(_TABLE.c.seq)).where(_TABLE.c.project == self._project)).scalar()
        return cast("int | None", found) or 0


def _read(row: Any) -> RoutingTable:
    routing = Routing.model_validate_json(row.body)
    return RoutingTable(row.endpoint, row.number, row.seq, row.at, row.actor, row.act, row.why, routing)
