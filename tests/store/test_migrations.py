from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import inspect, make_url

from ferrata.errors import StoreUnavailable
from ferrata.store import Migration, Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy import Connection

    from ferrata.clock import FrozenClock

    ReadOnly = Callable[..., AbstractContextManager[None]]


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


def test_rooms_are_migrated_together_or_not_at_all(store: Store) -> None:
    def collide(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE a (n INTEGER)")

    rooms = {"one": [_creating("a")], "two": [Migration("m001", collide)]}
    with pytest.raises(StoreUnavailable, match='"?a"? already exists; nothing was written') as raised:
        store.migrate_all(rooms)
    assert raised.value.hint == "name a database of Ferrata's own"
    with store.read() as connection:
        assert inspect(connection).get_table_names() == []


def test_another_programs_sqlite_file_gets_no_tables(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript("CREATE TABLE songs (title TEXT); CREATE TABLE b (n); CREATE TABLE c (n); CREATE TABLE d (n)")
    before = path.read_bytes()
    with (
        Store.open(f"sqlite:///{path}") as store,
        pytest.raises(
            StoreUnavailable, match=r"other\.db' is another program's: .*\('b', 'c', 'd', \.\.\.\)"
        ) as raised,
    ):
        store.migrate("room", [_creating("a")])
    assert raised.value.hint == "name another file, or move this one away"
    assert (path.read_bytes(), [file.name for file in tmp_path.iterdir()]) == (before, ["other.db"])


def test_a_sqlite_file_of_ferratas_may_hold_more(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/ferrata.db") as store:
        store.migrate("room", [_creating("a")])
        with store.write() as connection:
            connection.exec_driver_sql("CREATE TABLE mine (n INTEGER)")
    with Store.open(f"sqlite:///{tmp_path}/ferrata.db") as store:
        store.migrate("room", [_creating("a"), _creating("b")])
        assert _tables(store) == {"a", "b", "mine"}


def test_on_a_server_other_programs_tables_may_lie_beside(postgres_url: str) -> None:
    with Store.open(postgres_url) as store:
        with store.write() as connection:
            connection.exec_driver_sql("CREATE TABLE songs (title TEXT)")
        store.migrate("room", [_creating("a")])
        assert _tables(store) == {"a", "songs"}


def test_an_account_that_may_make_no_tables_is_told_so(postgres_url: str) -> None:
    with Store.open(postgres_url) as owner, owner.write() as connection:
        connection.exec_driver_sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        connection.exec_driver_sql("DROP ROLE IF EXISTS guest")
        connection.exec_driver_sql("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    guest = make_url(postgres_url).set(username="guest", password="guest")
    with Store.open(guest) as store, pytest.raises(StoreUnavailable, match="permission denied") as raised:
        store.migrate("room", [_creating("a")])
    assert "as the owner of the tables" in raised.value.hint
    with Store.open(postgres_url) as owner, owner.write() as connection:
        connection.exec_driver_sql("DROP OWNED BY guest")
        connection.exec_driver_sql("DROP ROLE guest")


def test_an_older_file_that_cannot_be_brought_up_to_date(open_path: Path, read_only: ReadOnly) -> None:
    path = open_path / "ferrata.db"
    with Store.open(f"sqlite:///{path}") as store:
        store.migrate("room", [_creating("a")])
    with (
        read_only(open_path),
        Store.open(f"sqlite:///{path}") as store,
        pytest.raises(StoreUnavailable, match=r"readonly database \(its tables must first be .* up to date\)"),
    ):
        store.migrate("room", [_creating("a"), _creating("b")])


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
