"""The registry's tables, and the steps that make them. Loads no database library.

Everything belongs to a project, so that projects can share a database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.store import BLOB_ROOM, BLOB_STEPS

if TYPE_CHECKING:
    from ferrata.store import Connection

__all__ = ["LEDGER_SCHEMA", "REGISTRY_ROOM", "REGISTRY_STEPS", "SCHEMA"]

REGISTRY_ROOM = "registry"

_TABLES = (
    # `newest` is the last number given; the version of that number always exists.
    """CREATE TABLE asset (id {serial}, project {text} NOT NULL, kind {text} NOT NULL, name {text} NOT NULL,
    newest {integer} NOT NULL, UNIQUE (project, kind, name))""",
    """CREATE TABLE version (id {serial}, asset {integer} NOT NULL REFERENCES asset (id), number {integer} NOT NULL,
    digest {text} NOT NULL, author {text} NOT NULL, at {text} NOT NULL, message {text} NOT NULL, labels {text} NOT NULL,
    UNIQUE (asset, number))""",
    "CREATE INDEX version_by_digest ON version (digest)",
    "CREATE INDEX version_by_time ON version (at)",
    # The files of a digest, once however many versions have it.
    """CREATE TABLE content (digest {text} NOT NULL, path {text} NOT NULL, body {text} NOT NULL REFERENCES blob (digest),
    PRIMARY KEY (digest, path))""",
    "CREATE INDEX content_by_body ON content (body)",
    """CREATE TABLE parent (version {integer} NOT NULL REFERENCES version (id), role {text} NOT NULL,
    parent {integer} NOT NULL REFERENCES version (id), PRIMARY KEY (version, role, parent))""",
    "CREATE INDEX parent_by_parent ON parent (parent)",
    # The newest move of an alias says where it points. `back` is 0 for a move, 1 for a rollback, and 2 for a removal, whose target
    # is where the alias was.
    """CREATE TABLE move (id {serial}, asset {integer} NOT NULL REFERENCES asset (id), alias {text} NOT NULL,
    before {integer}, target {integer} NOT NULL, actor {text} NOT NULL, at {text} NOT NULL, why {text} NOT NULL,
    back {integer} NOT NULL, FOREIGN KEY (asset, target) REFERENCES version (asset, number))""",
    "CREATE INDEX move_by_alias ON move (asset, alias, id)",
    "CREATE INDEX move_by_target ON move (asset, target)",
)


def m001_registry(connection: Connection) -> None:
    """Make the tables; `blob` is there already."""
    sqlite = connection.dialect.name == "sqlite"
    types = {
        "serial": "INTEGER PRIMARY KEY AUTOINCREMENT" if sqlite else "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "integer": "INTEGER" if sqlite else "BIGINT",
        # Text order must be byte order on every server, whatever its locale.
        "text": "TEXT" if sqlite else 'TEXT COLLATE "C"',
    }
    for table in _TABLES:
        connection.exec_driver_sql(table.format(**types))


REGISTRY_STEPS = (("m001_registry", m001_registry),)

LEDGER_SCHEMA = {"assets": ("m001_ledger", "m002_project")}
"""The names of all steps of the ledger's table."""

SCHEMA = {
    **LEDGER_SCHEMA,
    BLOB_ROOM: tuple(name for name, _ in BLOB_STEPS),
    REGISTRY_ROOM: tuple(name for name, _ in REGISTRY_STEPS),
}
"""The names of all steps of the tables that the registry reads and writes, the ledger's included, by room."""
