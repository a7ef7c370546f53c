from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from registries import open_registry

from ferrata.assets import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from ferrata.assets import Registry
    from ferrata.clock import FrozenClock
    from ferrata.store import Store


@pytest.fixture
def ledger(store: Store, clock: FrozenClock) -> Ledger:
    return Ledger(store, clock, "ann", project="bot")


@pytest.fixture
def tamper(store: Store) -> Callable[[str], None]:
    """Run a statement on the ledger's table as somebody would who may do anything on the database."""

    def run(statement: str) -> None:
        with store.write() as connection, _unguarded(connection):
            connection.exec_driver_sql(statement)

    return run


@contextmanager
def _unguarded(connection: Connection) -> Iterator[None]:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ALTER TABLE ledger DISABLE TRIGGER USER")
    else:
        for name in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield


@pytest.fixture
def registry(store: Store, clock: FrozenClock) -> Registry:
    return open_registry(store, clock, "ann")
