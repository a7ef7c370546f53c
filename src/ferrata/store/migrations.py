"""Named steps that bring a room's tables up to date, each applied once.

Knows nothing of what the steps do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Column, MetaData, String, Table, inspect, select

from ferrata.clock import format_time
from ferrata.errors import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from ferrata.clock import Clock

__all__ = ["MIGRATIONS_TABLE", "Migration", "apply_migrations", "missing_migrations", "other_tables"]

MIGRATIONS_TABLE = "ferrata_migrations"
"""The table by which a database is known to be Ferrata's."""

_applied = Table(
    MIGRATIONS_TABLE,
    MetaData(),
    Column("room", String(100), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("applied_at", String(40), nullable=False),
)


@dataclass(frozen=True)
class Migration:
    """One step of a room's schema.

    Attributes:
        name: `m001_...`; unique in its room and never changed once released.
        run: makes the change, in the transaction of the connection that it is given.
    """

    name: str
    run: Callable[[Connection], None]


def other_tables(connection: Connection) -> list[str]:
    """The tables of a database that is not Ferrata's (yet), by name; none where it is, or is empty."""
    found = inspect(connection)
    return [] if found.has_table(MIGRATIONS_TABLE) else sorted(found.get_table_names())


def missing_migrations(connection: Connection, room: str, migrations: Sequence[Migration]) -> list[Migration]:
    """Those of `migrations` that the database has not had, in order.

    Raises:
        StoreUnavailable: the database has had migrations that this version of Ferrata does not know.
    """
    if not inspect(connection).has_table(_applied.name):
        return list(migrations)
    applied = set(connection.scalars(select(_applied.c.name).where(_applied.c.room == room)))
    unknown = sorted(applied - {migration.name for migration in migrations})
    if unknown:
        raise StoreUnavailable(
            f"the database was written by a newer Ferrata: this one does not know its migration {room}/{unknown[-1]}",
            hint="upgrade with `pip install --upgrade ferrata`",
        )
    return [migration for migration in migrations if migration.name not in applied]


def apply_migrations(connection: Connection, room: str, migrations: Sequence[Migration], *, clock: Clock) -> None:
    """Run what is missing and note it; the caller holds the lock that keeps other migrators out."""
    _applied.create(connection, checkfirst=True)
    for migration in missing_migrations(connection, room, migrations):
        migration.run(connection)
        values = {"room": room, "name": migration.name, "applied_at": format_time(clock.now())}
        connection.execute(_applied.insert().values(values))
