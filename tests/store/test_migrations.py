from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import inspect

from ferrata.errors import StoreUnavailable
from ferrata.store import Migration, Store

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ferrata.clock import FrozenClock


def _creating(table: str, log: list[str] | None = None) -> Migration:
    def run(connection: Connection) -> None:
        if log is not None:
            log.append(table)
        connection.exec_driver_sql(f"CREATE TABLE {table} (n INTEGER)")

    return Migration(f"m_{table}", run)


def _tables(store: Store) -> set[str]:
    with store.read() as connection:
        return set(inspect(connection).get_table_names()) - {"ferrata_migrations"}


def test_each_migration_is_applied_once_in_order_and_dated(database_url: str, clock: FrozenClock) -> None:
    log: list[str] = []
    for migrations in ([], [_creating("a", log)], [_creating("a", log), _creating("b", log), _creating("c", log)]):
        for _ in range(2):
            with Store.open(database_url, clock=clock) as store:
                store.migrate("room", migrations)
    assert log == ["a", "b", "c"]
    with Store.open(database_url) as store:
        assert _tables(store) == {"a", "b", "c"}
        with store.read() as connection:
            rows = connection.exec_driver_sql(
                "SELECT room, name, applied_at FROM ferrata_migrations ORDER BY name"
            ).all()
    assert [tuple(row) for row in rows] == [("room", f"m_{n}", "2026-03-01T12:00:00.000000Z") for n in "abc"]


def test_rooms_may_use_the_same_names(store: Store) -> None:
    first, second = _creating("a"), _creating("b")
    store.migrate("one", [Migration("m001", first.run)])
    store.migrate("two", [Migration("m001", second.run)])
    assert _tables(store) == {"a", "b"}


def test_a_failing_migration_leaves_nothing_behind(store: Store) -> None:
    def fail(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE half (n INTEGER)")
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        store.migrate("room", [_creating("a"), Migration("m_fail", fail)])
    assert _tables(store) == set()
    store.migrate("room", [_creating("a")])
    assert _tables(store) == {"a"}


def test_a_database_of_a_newer_ferrata_is_refused(database_url: str) -> None:
    with Store.open(database_url) as store:
        store.migrate("room", [_creating("a"), _creating("b")])
    with Store.open(database_url) as older, pytest.raises(StoreUnavailable, match="newer Ferrata.*room/m_b") as raised:
        older.migrate("room", [_creating("a")])
    assert "upgrade" in raised.value.hint


def test_migrators_take_turns(database_url: str) -> None:
    log: list[str] = []
    failures: list[BaseException] = []
    start = threading.Barrier(8)

    def migrate() -> None:
        try:
            with Store.open(database_url) as store:
                start.wait()
                store.migrate("room", [_creating("a", log), _creating("b", log)])
        except BaseException as error:  # noqa: BLE001 - reported below
            failures.append(error)

    threads = [threading.Thread(target=migrate) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert log == ["a", "b"]
