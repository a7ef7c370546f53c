"""Connections, transactions, bodies and migrations on SQLite and PostgreSQL. Knows no noun of the domain."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.store.blobs import BLOB_ROOM, BLOB_STEPS, Blobs, sha256_of
    from ferrata.store.database import Store
    from ferrata.store.direct import DirectStore
    from ferrata.store.migrations import Migration
    from ferrata.store.sql import Connection, Transactions, run
else:
    __getattr__ = door(
        __name__,
        blobs=["BLOB_ROOM", "BLOB_STEPS", "Blobs", "sha256_of"],
        database=["Store"],
        direct=["DirectStore"],
        migrations=["Migration"],
        sql=["Connection", "Transactions", "run"],
    )

__all__ = [
    "BLOB_ROOM",
    "BLOB_STEPS",
    "Blobs",
    "Connection",
    "DirectStore",
    "Migration",
    "Store",
    "Transactions",
    "run",
    "sha256_of",
]
