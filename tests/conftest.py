"""Databases for tests: every test that asks for `database_url` runs on SQLite and on PostgreSQL.

The PostgreSQL server is a temporary one of this pytest process, started at the first test that needs it.
"""

from __future__ import annotations

import itertools
import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from ferrata.clock import FrozenClock

# How long an example takes depends on what else the machine does; timings live in bench/.
settings.register_profile("ferrata", deadline=None)
settings.load_profile("ferrata")

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from contextlib import AbstractContextManager

    from ferrata.store import Store

_START_SECONDS = 60
# Ends the server when this process closes the pipe or dies in whatever way. INT is PostgreSQL's "fast" shutdown.
_WATCHDOG = '"$@" & read _; kill -INT $!; wait; rm -rf "$0"'


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The user's own cache folder is neither read nor written, here or in processes that tests start."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@dataclass(frozen=True)
class PostgresServer:
    """A running server: `url` without a database's name; `binaries` is the folder that it was started from."""

    url: str
    binaries: Path
    folder: Path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    binaries = _newest_binaries()
    if binaries is None:
        pytest.skip(
            "no PostgreSQL server installed: initdb and postgres are neither on PATH nor in /usr/lib/postgresql"
        )
    with _running(binaries) as server:
        yield server


_numbers = itertools.count(1)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/ferrata.db"
        return
    yield request.getfixturevalue("postgres_url")


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty PostgreSQL database of the test's own."""
    server = postgres_server
    name = f"test_{next(_numbers)}"
    # The strategy that is five times as quick where nothing is flushed; older servers know no other.
    strategy = "STRATEGY file_copy" if _version(server.binaries) >= 15 else ""
    _execute(server, f"CREATE DATABASE {name} {strategy}")
    yield f"{server.url}/{name}"
    _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    from ferrata.store import Store

    with Store.open(database_url) as opened:
        yield opened


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A temporary folder like `tmp_path` that other users may look into."""
    folder = Path(tempfile.mkdtemp(prefix="ferrata-open-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def read_only() -> Callable[..., AbstractContextManager[None]]:
    """While its block runs, nothing can be made in the folders or written to their files: they are somebody else's."""
    return _read_only


@contextmanager
def _read_only(*folders: Path) -> Generator[None]:
    paths = [path for folder in folders for path in (folder, *folder.iterdir())]
    modes = {path: path.stat().st_mode for path in paths}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222 | (0o555 if path.is_dir() else 0o444))
    # For root every file may be written, so root becomes nobody for that long.
    if os.geteuid() == 0:
        os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        if 0 in os.getresuid():
            os.setresuid(0, 0, 0)
        for path, mode in modes.items():
            if path.exists():
                path.chmod(mode)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 3, 1, 12, tzinfo=UTC))


def _newest_binaries() -> Path | None:
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    usable = [folder for folder in folders if (folder / "initdb").is_file() and (folder / "postgres").is_file()]
    return max(usable, key=_version, default=None)


@cache
def _version(folder: Path) -> int:
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"(\d+)", said)
    return int(match[1]) if match else 0


def _unprivileged_user() -> int | None:
    """Whom to run the server as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    import pwd

    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    pytest.skip("PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody to run it as")


@contextmanager
def _running(binaries: Path) -> Iterator[PostgresServer]:
    user = _unprivileged_user()
    # Not in pytest's own folder: that one is closed to other users, and its path too long for a socket.
    folder = Path(tempfile.mkdtemp(prefix="ferrata-pg-"))
    watchdog: subprocess.Popen[bytes] | None = None
    try:
        password = secrets.token_hex(16)
        (folder / "password").write_text(password)
        if user is not None:
            shutil.chown(folder, user)
            shutil.chown(folder / "password", user)
        made = subprocess.run(
            [binaries / "initdb", "-D", folder / "data", "-U", "ferrata", "--pwfile", folder / "password"]
            + ["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"],
            user=user,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": folder,
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": 60,
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        with (folder / "log").open("wb") as log:
            watchdog = subprocess.Popen(
                ["sh", "-c", _WATCHDOG, folder, binaries / "postgres", "-D", folder / "data", *options],
                user=user,
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        server = PostgresServer(f"postgresql://ferrata:{password}@127.0.0.1:{port}", binaries, folder)
        _await(server)
        yield server
    finally:
        if watchdog is not None:
            watchdog.communicate()
        shutil.rmtree(folder, ignore_errors=True)


def _await(server: PostgresServer) -> None:
    import psycopg

    give_up = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(f"{server.url}/postgres").close()
        except psycopg.OperationalError:
            log = (server.folder / "log").read_text()
            assert "FATAL:  could not" not in log and time.monotonic() < give_up, log
            time.sleep(0.1)
        else:
            return


def _execute(server: PostgresServer, statement: str) -> None:
    import psycopg

    with psycopg.connect(f"{server.url}/postgres", autocommit=True) as connection:
        connection.execute(statement)  # pyright: ignore[reportArgumentType]
