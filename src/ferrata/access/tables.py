"""Tables of keys, and of what was used of meters.

A lease's row counts what a process was given of a meter (`amount`) and what is known to be spent of it (`spent`). The first is
changed by the process alone, the second by whoever reads what it wrote; so neither needs to know how far the other is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Column, Integer, MetaData, PrimaryKeyConstraint, Table, Text, UniqueConstraint

from ferrata.store import Migration

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["KEY", "LEASE", "MIGRATIONS", "USED", "VERSION"]

_METADATA = MetaData()
KEY = Table(
    "access_key",
    _METADATA,
    Column("id", Text, primary_key=True),
    Column("project", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("shown", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("user_name", Text, nullable=False),
    Column("endpoints", Text, nullable=False),
    Column("budgets", Text, nullable=False),
    Column("concurrency", Integer),
    Column("created", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires", Text),
    Column("revoked", Text),
    Column("old_sha256", Text, nullable=False),
    Column("old_until", Text),
    UniqueConstraint("sha256"),
)
VERSION = Table(
    "access_version",
    _METADATA,
    Column("project", Text, primary_key=True),
    Column("version", Integer, nullable=False),
)
USED = Table(
    "meter_used",
    _METADATA,
    Column("project", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("per", Text, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("used", BigInteger, nullable=False),
    PrimaryKeyConstraint("project", "scope", "unit", "per", "start"),
)
LEASE = Table(
    "meter_lease",
    _METADATA,
    Column("project", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("per", Text, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("spent", BigInteger, nullable=False),
    Column("renewed", BigInteger, nullable=False),
    PrimaryKeyConstraint("project", "scope", "unit", "per", "start", "holder"),
)


def m001_access(connection: Connection) -> None:
    """Make the four tables."""
    _METADATA.create_all(connection, checkfirst=False)
    connection.exec_driver_sql("CREATE INDEX access_key_by_project ON access_key (project, name)")
    connection.exec_driver_sql("CREATE INDEX meter_lease_by_holder ON meter_lease (project, holder)")


MIGRATIONS = (Migration("m001_access", m001_access),)
