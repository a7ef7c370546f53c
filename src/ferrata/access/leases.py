"""What processes may spend of meters without asking, and what they have spent, in the store. Knows no call.

Of each meter and window the store knows what was used, and of each holder what it was given and how much of that is known to
be spent. Used + what is outstanding never exceeds the limit when something is given; whoever gives holds the meter's row. So
no number of processes goes over a limit, whenever they are killed; only a call that takes more than it had reserved does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import case, collate, func, select, tuple_

from ferrata.access.allowances import PER_UNIT, window_at
from ferrata.access.tables import LEASE, MIGRATIONS, USED
from ferrata.store import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from ferrata.access.allowances import Unit, Window
    from ferrata.store import Connection as AnyConnection
    from ferrata.store import Store

__all__ = ["Counter", "Grant", "Leases", "Want"]

SHARE = 16
"""A holder is given one part in so many of what is left, or what it needs, if that is more."""
_KEPT = {"minute": 3_600, "day": 62 * 86_400, "month": 800 * 86_400}
_BEGIN = (
    "INSERT INTO meter_used (project, scope, unit, per, start, used) VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT DO NOTHING"
)
_GIVE = (
    "INSERT INTO meter_lease (project, scope, unit, per, start, holder, amount, spent, renewed)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?) ON CONFLICT (project, scope, unit, per, start, holder)"
    " DO UPDATE SET amount = meter_lease.amount + excluded.amount, renewed = excluded.renewed"
)
_USE = (
    "INSERT INTO meter_used (project, scope, unit, per, start, used) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (project, scope, unit, per, start) DO UPDATE SET used = meter_used.used + excluded.used"
)
_SPEND = (
    "INSERT INTO meter_lease (project, scope, unit, per, start, holder, amount, spent, renewed)"
    " VALUES (?, ?, ?, ?, ?, ?, 0, ?, 0) ON CONFLICT (project, scope, unit, per, start, holder)"
    " DO UPDATE SET spent = meter_lease.spent + excluded.spent"
)
_RELEASE = "DELETE FROM meter_lease WHERE project = ? AND holder = ?"


class Counter(NamedTuple):
    """A meter in one of its windows, which begins at `start` (seconds since the epoch)."""

    scope: str
    unit: Unit
    window: Window
    start: int


class Want(NamedTuple):
    """What a process wants of a meter; in atoms.

    Attributes:
        counter: the meter and the window.
        limit: of the meter.
        least: less than this is of no use.
        amount: what is needed now; below 0: so much is given back; 0: only tell how things stand.
    """

    counter: Counter
    limit: int
    least: int
    amount: int


class Grant(NamedTuple):
    """What a process got of a meter; in atoms.

    Attributes:
        added: given now; below 0: taken back.
        granted: all that it was given in this window, less what it gave back.
        left: that may still be given to somebody.
        elsewhere: that other holders have, and that is not known to be spent.
    """

    added: int
    granted: int
    left: int
    elsewhere: int


class _Standing(NamedTuple):
    granted: int
    mine: int
    elsewhere: int


class Leases:
    """The leases of one holder, and the store's side of all of a project's.

    Args:
        store: where they lie; their tables are made if they are missing.
        project: whose meters they are.
        holder: a name that no other process has or had: of its spool, so that what it had goes back when that was read.

    Raises:
        StoreUnavailable: the database cannot be used.
    """

    room = "access"
    migrations = MIGRATIONS

    def __init__(self, store: Store, *, project: str, holder: str) -> None:
        self._store = store
        self._project = project
        self._holder = holder
        self._ready = False

    def take(self, wants: Sequence[Want], *, now: float) -> list[Grant]:
        """Lease of several meters, and give back, in one transaction.

        Args:
            wants: one for each meter and window.
            now: seconds since the epoch.

        Returns:
            What came of each, in the order of `wants`.

        Raises:
            StoreUnavailable: the database cannot be used. Whether something was given is then told by the next `granted`.
        """
        if not wants:
            return []
        if not self._ready:
            self._store.migrate(self.room, self.migrations)
            self._ready = True
        # In one order everywhere, so that two who want the same meters do not wait for one another.
        counters = sorted({want.counter for want in wants})
        with self._store.write() as connection:
            run(connection, _BEGIN, [(self._project, *counter) for counter in counters])
            used = self._locked(connection, counters)
            standings = self._standings(connection, counters)
            grants: list[Grant] = []
            given: list[tuple[Any, ...]] = []
            for want in wants:
                standing = standings.get(want.counter, _Standing(0, 0, 0))
                left = want.limit - used[want.counter] - standing.elsewhere - standing.mine
                added = _added(want, left)
                grants.append(Grant(added, standing.granted + added, max(0, left - added), standing.elsewhere))
                standings[want.counter] = standing._replace(
                    granted=standing.granted + added, mine=standing.mine + added
                )
                if added:
                    given.append((self._project, *want.counter, self._holder, added, int(now)))
            if given:
                run(connection, _GIVE, given)
        return grants

    def settle(self, connection: AnyConnection, holder: str, spent: Iterable[Any]) -> int:
        """Count what a holder's calls took, within the transaction of whoever read it; each only once.

        Args:
            connection: of a `store.write()` of the database that has the project's meters; they have tables (`prepare`).
            holder: who spent it.
            spent: values as `Meters.settle` gives them. What is none is passed over.

        Returns:
            How many were passed over.
        """
        sums: dict[Counter, int] = {}
        wrong = 0
        for one in spent:
            read = _read(one)
            if read is None:
                wrong += 1
            else:
                sums[read[0]] = sums.get(read[0], 0) + read[1]
        rows = sorted(sums.items())
        if rows:
            run(connection, _USE, [(self._project, *counter, amount) for counter, amount in rows])
            run(connection, _SPEND, [(self._project, *counter, holder, amount) for counter, amount in rows])
        return wrong

    def release(self, connection: AnyConnection, holder: str) -> None:
        """Give back all that a holder had and did not spend. Only of one that has ended, and whose last line was settled."""
        run(connection, _RELEASE, (self._project, holder))

    def prepare(self) -> None:
        """Make the tables if they are missing.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        self._store.migrate(self.room, self.migrations)
        self._ready = True

    def tidy(self, *, now: float) -> None:
        """Forget windows that ended long ago: minutes after an hour, days after two months, months after two years.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        with self._store.write() as connection:
            for window, seconds in _KEPT.items():
                for table in ("meter_lease", "meter_used"):
                    statement = f"DELETE FROM {table} WHERE project = ? AND per = ? AND start < ?"  # noqa: S608 - our own names
                    run(connection, statement, (self._project, window, int(now) - seconds))

    def used(self, scope: str, *, now: float) -> dict[tuple[str, str], int]:
        """What is known to be used of a scope's meters in the windows of `now`, by unit and window; in atoms.

        Raises:
            StoreUnavailable: the database cannot be used.
        """
        self.prepare()
        c = USED.c
        query = select(c.unit, c.per, c.start, c.used).where(c.project == self._project, c.scope == scope)
        with self._store.read() as connection:
            rows = connection.execute(query).all()
        return {(row.unit, row.per): row.used for row in rows if row.start == window_at(row.per, now).start}

    def _locked(self, connection: Connection, counters: Sequence[Counter]) -> dict[Counter, int]:
        """What was used; nobody else gives of these meters until the transaction ends."""
        c = USED.c
        order = "BINARY" if connection.dialect.name == "sqlite" else "C"
        query = (
            select(c.scope, c.unit, c.per, c.start, c.used)
            .where(c.project == self._project, tuple_(c.scope, c.unit, c.per, c.start).in_(counters))
            .order_by(collate(c.scope, order), collate(c.unit, order), collate(c.per, order), c.start)
            .with_for_update()
        )
        return {_counter(row): row.used for row in connection.execute(query)}

    def _standings(self, connection: Connection, counters: Sequence[Counter]) -> dict[Counter, _Standing]:
        c = LEASE.c
        is_mine = c.holder == self._holder
        open = c.amount - c.spent
        key = (c.scope, c.unit, c.per, c.start)
        sums = (
            func.sum(case((is_mine, c.amount), else_=0)).label("granted"),
            func.sum(case((is_mine, open), else_=0)).label("mine"),
            # Who spent more than it had does not make room for others: that it did is in what was used.
            func.sum(case((is_mine | (open < 0), 0), else_=open)).label("elsewhere"),
        )
        query = select(*key, *sums).where(c.project == self._project, tuple_(*key).in_(counters)).group_by(*key)
        return {
            _counter(row): _Standing(int(row.granted), int(row.mine), int(row.elsewhere))
            for row in connection.execute(query)
        }


def _counter(row: Any) -> Counter:
    return Counter(row.scope, row.unit, row.per, row.start)


def _added(want: Want, left: int) -> int:
    if want.amount < 0:
        return want.amount
    if want.amount == 0 or left <= 0 or left < want.least:
        return 0
    return min(left, max(want.amount, left // SHARE))


def _read(one: Any) -> tuple[Counter, int] | None:
    """What a line says was spent, if it can be read."""
    try:
        scope, unit, window, start, amount = one
        atoms = round(amount * PER_UNIT[unit])
        known = window in _KEPT and 0 < atoms < 2**53 and isinstance(start, int) and 0 <= start < 2**40
    except (TypeError, ValueError, KeyError, OverflowError):
        return None
    # What is not printable is in no name, and not every database takes it.
    named = isinstance(scope, str) and scope.isprintable() and len(scope) <= 300
    return (Counter(scope, unit, window, start), atoms) if known and named else None
