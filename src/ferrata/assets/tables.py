"""The ledger's table and the migrations that make it.

Knows nothing of what records mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from ferrata.store import Migration

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["LEDGER", "MIGRATIONS"]

LEDGER = Table(
    "ledger",
    MetaData(),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False, unique=True),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subjects", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("project", Text),
)
"""`at` is `clock.format_time`; `subjects` and `payload` are canonical JSON; `project` is null in records from before m002."""

# REPLACE deletes rows without asking the delete trigger; hence the trigger on INSERT.
_SQLITE_GUARDS = (
    """CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
    """CREATE TRIGGER ledger_no_replace BEFORE INSERT ON ledger
    WHEN EXISTS (SELECT 1 FROM ledger WHERE seq = NEW.seq OR id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END""",
)
_POSTGRES_GUARDS = (
    """CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
    """CREATE TRIGGER ledger_no_change BEFORE UPDATE OR DELETE ON ledger
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse()""",
    """CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()""",
)


def m001_ledger(connection: Connection) -> None:
    """Make the ledger: one table that refuses UPDATE and DELETE."""
    sqlite = connection.dialect.name == "sqlite"
    # Text order must be byte order on every server, whatever its locale: times are compared as texts.
    integer, text = ("INTEGER", "TEXT") if sqlite else ("BIGINT", 'TEXT COLLATE "C"')
    names = ("at", "actor", "action", "subjects", "payload", "previous", "hash")
    columns = ", ".join(f"{name} {text} NOT NULL" for name in names)
    connection.exec_driver_sql(
        f"CREATE TABLE ledger (seq {integer} NOT NULL PRIMARY KEY, id {text} NOT NULL UNIQUE, {columns})"
    )
    connection.exec_driver_sql("CREATE INDEX ledger_by_action ON ledger (action, seq)")
    for guard in _SQLITE_GUARDS if sqlite else _POSTGRES_GUARDS:
        connection.exec_driver_sql(guard)


def m002_project(connection: Connection) -> None:
    """Let a record say of which project it is; those that are there stay as they are."""
    text = "TEXT" if connection.dialect.name == "sqlite" else 'TEXT COLLATE "C"'
    connection.exec_driver_sql(f"ALTER TABLE ledger ADD COLUMN project {text}")


MIGRATIONS = (Migration("m001_ledger", m001_ledger), Migration("m002_project", m002_project))
