"""The direct way to a SQLite file: taken where the file is up to date, and the same as the store."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest

from ferrata.assets import SCHEMA, Ledger, migrate_registry
from ferrata.assets.tables import MIGRATIONS
from ferrata.errors import StoreUnavailable
from ferrata.store import DirectStore, Migration, Store, run

if TYPE_CHECKING:
    from pathlib import Path

    from ferrata.clock import FrozenClock
    from ferrata.store import Connection

STEPS = {"room": ("m001",)}


def make(connection: Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "odd name?#%.db"
    from sqlalchemy import URL

    with Store.open(URL.create("sqlite", database=str(path))) as store:  # pyright: ignore[reportArgumentType]
        store.migrate("room", [Migration("m001", make)])
    return path


@pytest.fixture
def direct(file: Path):
    found = DirectStore.of_file(file, STEPS)
    assert found is not None
    yield found
    found.close()


def names(direct: DirectStore) -> list[str]:
    with direct.read() as connection:
        return [name for (name,) in run(connection, "SELECT name FROM thing ORDER BY id").fetchall()]


def test_a_transaction_is_committed_or_undone(direct: DirectStore) -> None:
    with direct.write() as connection:
        run(connection, "INSERT INTO thing (name) VALUES (?)", [("a",), ("b",)])
    with pytest.raises(ZeroDivisionError), direct.write() as connection:
        run(connection, "INSERT INTO thing (name) VALUES (?)", ("c",))
        _ = 1 / 0
    assert names(direct) == ["a", "b"]


def test_a_reader_writes_nothing(direct: DirectStore) -> None:
    with pytest.raises(StoreUnavailable), direct.read() as connection:
        run(connection, "INSERT INTO thing (name) VALUES (?)", ("c",))
    assert names(direct) == []


def test_a_wrong_statement_is_no_fault_of_the_store(direct: DirectStore) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"), direct.read() as connection:
        run(connection, "SELECT * FROM things")
    with direct.write() as connection:
        run(connection, "INSERT INTO thing (name) VALUES (?)", ("a",))
    with pytest.raises(sqlite3.IntegrityError), direct.write() as connection:
        run(connection, "INSERT INTO thing (name) VALUES (?)", ("a",))


def test_a_file_that_is_damaged_is_said_to_be(direct: DirectStore, file: Path) -> None:
    with direct.write() as connection:
        run(connection, "INSERT INTO thing (name) VALUES (?)", [(f"{n:0500}",) for n in range(200)])
    direct._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(file.read_bytes())
    data[4096 * 3 :] = b"\xff" * len(data[4096 * 3 :])
    file.write_bytes(bytes(data))
    fresh = DirectStore.of_file(file, STEPS)
    assert fresh is not None
    with pytest.raises(StoreUnavailable) as raised, fresh.read() as connection:
        run(connection, "SELECT name FROM thing").fetchall()
    assert "restore the file from a backup" in raised.value.hint
    fresh.close()


@pytest.mark.parametrize("steps", [{"room": ()}, {"room": ("m001", "m002")}, {"room": ("m002",)}, {"hall": ("m001",)}])
def test_a_file_of_another_age_is_left_to_the_store(file: Path, steps: dict[str, tuple[str, ...]]) -> None:
    assert DirectStore.of_file(file, steps) is None


def test_what_is_no_database_of_ferratas_is_left_to_the_store_and_as_it_is(tmp_path: Path) -> None:
    assert DirectStore.of_file(tmp_path / "none.db", STEPS) is None
    text = tmp_path / "text.db"
    text.write_text("hello" * 1000)
    assert DirectStore.of_file(text, STEPS) is None
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE ledger (x)")
    connection.close()
    before = other.read_bytes()
    assert DirectStore.of_file(other, STEPS) is None
    assert (other.read_bytes(), text.read_text()) == (before, "hello" * 1000)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.db", "text.db"]


def test_the_steps_of_the_registry_are_those_that_the_store_applies(tmp_path: Path, clock: FrozenClock) -> None:
    assert SCHEMA["assets"] == tuple(migration.name for migration in MIGRATIONS)
    path = tmp_path / "ferrata.db"
    with Store.open(f"sqlite:///{path}") as store:
        Ledger(store, clock, "ann", project="support-bot")
        assert DirectStore.of_file(path, SCHEMA) is None
        migrate_registry(store)
    direct = DirectStore.of_file(path, SCHEMA)
    assert direct is not None
    direct.close()
