"""Connections, transactions and migrations on SQLite and PostgreSQL. Knows no noun of the domain."""

from ferrata.store.database import Store
from ferrata.store.migrations import Migration

__all__ = ["Migration", "Store"]
