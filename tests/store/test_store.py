from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, IntegrityError

from ferrata.errors import FerrataError, StoreUnavailable, UsageError
from ferrata.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from conftest import PostgresServer

    ReadOnly = Callable[..., AbstractContextManager[None]]


@pytest.fixture
def numbers(store: Store) -> Store:
    with store.write() as connection:
        connection.exec_driver_sql("CREATE TABLE numbers (n INTEGER PRIMARY KEY)")
    return store


def _count(store: Store) -> int:
    with store.read() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM numbers").scalar_one()


def test_a_write_is_committed_at_the_end_of_its_block(numbers: Store) -> None:
    with numbers.write() as connection:
        connection.exec_driver_sql("INSERT INTO numbers VALUES (1)")
        assert _count(numbers) == 0
    assert _count(numbers) == 1


def test_an_exception_undoes_a_write_and_its_tables(numbers: Store) -> None:
    with pytest.raises(RuntimeError, match="stop"), numbers.write() as connection:
        connection.exec_driver_sql("CREATE TABLE more (n INTEGER)")
        connection.exec_driver_sql("INSERT INTO numbers VALUES (1)")
        raise RuntimeError("stop")
    assert _count(numbers) == 0
    with numbers.write() as connection:
        connection.exec_driver_sql("CREATE TABLE more (n INTEGER)")


def test_a_read_sees_one_snapshot(numbers: Store) -> None:
    with numbers.read() as connection:
        query = "SELECT count(*) FROM numbers"
        before = connection.exec_driver_sql(query).scalar_one()
        with numbers.write() as writer:
            writer.exec_driver_sql("INSERT INTO numbers VALUES (1)")
        assert connection.exec_driver_sql(query).scalar_one() == before == 0


def test_a_read_cannot_write(numbers: Store) -> None:
    with pytest.raises((DBAPIError, StoreUnavailable), match=r"read-?only"), numbers.read() as connection:
        connection.exec_driver_sql("INSERT INTO numbers VALUES (1)")
    # The next transaction on the same connection writes again.
    with numbers.write() as connection:
        connection.exec_driver_sql("INSERT INTO numbers VALUES (1)")
    assert _count(numbers) == 1


def test_a_wrong_statement_is_not_called_an_unavailable_database(numbers: Store) -> None:
    with pytest.raises(DBAPIError, match="nothing"), numbers.read() as connection:
        connection.exec_driver_sql("SELECT * FROM nothing")
    with pytest.raises(IntegrityError), numbers.write() as connection:
        connection.exec_driver_sql("INSERT INTO numbers VALUES (1), (1)")


def test_locked_read_and_write_lose_no_update_between_threads(numbers: Store) -> None:
    def add_one_to_the_largest() -> None:
        for _ in range(10):
            with numbers.write() as connection:
                numbers.lock(connection, "numbers")
                largest = connection.exec_driver_sql("SELECT coalesce(max(n), 0) FROM numbers").scalar_one()
                connection.exec_driver_sql(f"INSERT INTO numbers VALUES ({largest + 1})")

    threads = [threading.Thread(target=add_one_to_the_largest) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with numbers.read() as connection:
        assert connection.exec_driver_sql("SELECT n FROM numbers ORDER BY n").scalars().all() == list(range(1, 61))


def test_sqlite_is_set_up_for_many_processes(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/new/folders/ferrata.db") as store, store.write() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys")
        }
    assert found == {"journal_mode": "wal", "synchronous": 1, "busy_timeout": 30_000, "foreign_keys": 1}


def test_sqlite_enforces_foreign_keys(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/ferrata.db") as store:
        with store.write() as connection:
            connection.exec_driver_sql("CREATE TABLE a (n INTEGER PRIMARY KEY)")
            connection.exec_driver_sql("CREATE TABLE b (n INTEGER REFERENCES a (n))")
        with pytest.raises(IntegrityError, match="FOREIGN KEY"), store.write() as connection:
            connection.exec_driver_sql("INSERT INTO b VALUES (1)")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database\n" * 100)
    with (
        Store.open(f"sqlite:///{path}") as store,
        pytest.raises(StoreUnavailable, match=r"notes\.txt.*file is not a database") as raised,
        store.read(),
    ):
        pass
    assert "name another file" in raised.value.hint
    assert path.read_text() == "not a database\n" * 100


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "ferrata.db"
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE words (word TEXT)")
        raw.execute("INSERT INTO words VALUES (CAST(x'ff' AS TEXT))")
    raw.close()
    with (
        Store.open(f"sqlite:///{path}") as store,
        pytest.raises(StoreUnavailable, match="decode to UTF-8"),
        store.read() as connection,
    ):
        connection.exec_driver_sql("SELECT word FROM words").all()


def test_a_path_that_cannot_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="cannot make the folder") as raised:
        Store.open(f"sqlite:///{tmp_path}/file/ferrata.db")
    assert raised.value.hint
    with (
        Store.open(f"sqlite:///{tmp_path}") as store,
        pytest.raises(StoreUnavailable, match="unable to open database file"),
        store.read(),
    ):
        pass


@pytest.fixture
def left(open_path: Path) -> Path:
    """A database with one number, in a folder of others, as processes that have ended leave it."""
    path = open_path / "a folder#1?" / "ferrata.db"
    with Store.open(URL.create("sqlite", database=str(path))) as store, store.write() as connection:
        connection.exec_driver_sql("CREATE TABLE ferrata_migrations (room TEXT, name TEXT)")
        connection.exec_driver_sql("CREATE TABLE numbers (n INTEGER PRIMARY KEY)")
        connection.exec_driver_sql("INSERT INTO numbers VALUES (1)")
    return path


def _reopened(path: Path) -> Store:
    return Store.open(URL.create("sqlite", database=str(path)))


def test_a_folder_that_may_not_be_written_is_read(left: Path, read_only: ReadOnly) -> None:
    before = left.read_bytes()
    with read_only(left.parent), _reopened(left) as store:
        assert _count(store) == 1
        with pytest.raises(StoreUnavailable, match="readonly") as raised, store.write() as connection:
            connection.exec_driver_sql("INSERT INTO numbers VALUES (2)")
    assert "may be written" in raised.value.hint
    assert [path.name for path in left.parent.iterdir()] == ["ferrata.db"]
    assert left.read_bytes() == before


def test_what_somebody_else_writes_at_the_same_time_is_read(left: Path, read_only: ReadOnly) -> None:
    with _reopened(left) as writer:
        with writer.write() as connection:
            connection.exec_driver_sql("INSERT INTO numbers VALUES (2)")
        with read_only(left.parent), _reopened(left) as reader:
            assert _count(reader) == 2


def test_changes_that_only_a_writable_folder_shows(left: Path, read_only: ReadOnly) -> None:
    with _reopened(left) as writer:
        with writer.write() as connection:
            connection.exec_driver_sql("INSERT INTO numbers VALUES (2)")
        kept = {suffix: Path(f"{left}{suffix}").read_bytes() for suffix in ("", "-wal")}
    for suffix, content in kept.items():  # as a process that was killed leaves them, or a copy without `-shm`
        Path(f"{left}{suffix}").write_bytes(content)
    with read_only(left.parent), _reopened(left) as store:
        with pytest.raises(StoreUnavailable, match=r"newest changes are in .*ferrata\.db-wal") as raised, store.read():
            pass
        assert f"make {str(left.parent)!r} writable" in raised.value.hint
    with _reopened(left) as store:
        assert _count(store) == 2


def test_a_file_that_may_not_be_written(left: Path, read_only: ReadOnly) -> None:
    left.parent.chmod(0o777)
    left.chmod(0o444)
    with read_only(), _reopened(left) as store:
        assert _count(store) == 1
        with pytest.raises(StoreUnavailable, match="readonly"), store.write() as connection:
            connection.exec_driver_sql("INSERT INTO numbers VALUES (2)")


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_another_programs_file_is_looked_at_and_not_touched(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as raw:
        raw.execute(f"PRAGMA journal_mode={mode}")
        raw.execute("CREATE TABLE songs (title TEXT)")
    before = path.read_bytes()
    with _reopened(path) as store:
        with pytest.raises(StoreUnavailable, match="readonly"), store.write() as connection:
            connection.exec_driver_sql("CREATE TABLE numbers (n INTEGER)")
        with store.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM songs").scalar_one() == 0
    assert path.read_bytes() == before


@pytest.mark.parametrize("query", ["", "?password=s3cr3t", "?sslpassword=s3cr3t"])
def test_an_unreachable_server_is_named_without_the_password(query: str) -> None:
    with (
        Store.open(f"postgresql://ann:s3cr3t@127.0.0.1:1/ferrata{query}") as store,
        pytest.raises(StoreUnavailable, match=r"ann:\*\*\*@127\.0\.0\.1:1/ferrata.*refused") as raised,
        store.read(),
    ):
        pass
    assert "s3cr3t" not in str(raised.value) + raised.value.hint + store.location
    assert "server is running" in raised.value.hint


def test_a_wrong_password_and_a_missing_database(postgres_server: PostgresServer) -> None:
    server = postgres_server.url.replace("ferrata:", "ferrata:wr0ng-", 1)
    with Store.open(f"{server}/postgres") as store, pytest.raises(StoreUnavailable) as raised, store.read():
        pass
    assert "password authentication failed" in raised.value.message
    assert "wr0ng" not in raised.value.message
    with (
        Store.open(f"{postgres_server.url}/nowhere") as store,
        pytest.raises(StoreUnavailable, match='"nowhere" does not exist'),
        store.read(),
    ):
        pass


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://u:s3cr3t@host:port/db", "cannot be read"),
        ("s3cr3t", "cannot be read"),
        ("postgresql://u:pa@s3cr3t@host/db", "more than one `@`"),
        ("mysql://u:s3cr3t@host/db", "'mysql'"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("sqlite:///file:/x.db?mode=ro&uri=true", "needs a file"),
    ],
)
def test_a_url_that_is_not_understood(url: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        Store.open(url)
    assert raised.value.hint
    assert "s3cr3t" not in str(raised.value)


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferrata.store.postgres.find_spec", lambda _name: None)
    with pytest.raises(FerrataError, match="psycopg") as raised:
        Store.open("postgresql://host/db")
    assert raised.value.hint == "pip install 'ferrata[postgres]'"


def test_connections_come_back_after_the_server_dropped_them(postgres_server: PostgresServer) -> None:
    with Store.open(f"{postgres_server.url}/postgres") as store:
        with store.read() as connection:
            backend = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with Store.open(f"{postgres_server.url}/postgres") as other, other.write() as connection:
            connection.exec_driver_sql(f"SELECT pg_terminate_backend({backend})")
        with store.read() as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1


def test_opening_a_store_on_sqlite_does_not_load_psycopg(tmp_path: Path) -> None:
    code = "import sys; from ferrata.store import Store; Store.open(sys.argv[1]).close(); sys.exit('psycopg' in sys.modules)"
    subprocess.run([sys.executable, "-c", code, f"sqlite:///{tmp_path}/x.db"], check=True)
