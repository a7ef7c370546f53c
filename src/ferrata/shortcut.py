"""The short way to a project's registry and ledger: past the rooms that only an assessment needs, and past SQLAlchemy where it can.

It comes to the same registry as `app`, which it asks wherever the database is not a SQLite file that is up to date.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ferrata import __version__
from ferrata.actor import current_actor
from ferrata.assets import LEDGER_SCHEMA, SCHEMA, Journal
from ferrata.caches import UserCache, digest_of_texts
from ferrata.clock import SystemClock
from ferrata.errors import StoreUnavailable
from ferrata.state import LocalState
from ferrata.store import DirectStore

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from ferrata.app import App
    from ferrata.assets import RecordDraft, Registry
    from ferrata.clock import Clock
    from ferrata.store import Transactions

__all__ = ["append_record", "open_registry", "write_record"]

FILE = "ferrata.yaml"
FOLDER = ".ferrata"
_FILE = "sqlite:///"
_DATABASE = "ferrata.db"
_MOST_BYTES = 1_000_000


@contextmanager
def open_registry(root: Path) -> Generator[Registry]:
    """The registry of the project in `root`; its tables are made where they are missing.

    Raises:
        NotFound: there is no such folder.
        InvalidDocument: its `ferrata.yaml` is wrong.
        StoreUnavailable: the database cannot be used.
    """
    place = _place(root)
    from ferrata.assets import Registry

    store = _direct(place, SCHEMA)
    if store is None:
        from ferrata.app import open_app

        with open_app(root) as app:
            yield _registry_of(app)
        return
    try:
        clock = SystemClock()
        yield Registry(
            store, clock, Journal(store, clock, current_actor(), project=place.project), project=place.project
        )
    finally:
        store.close()


def write_record(root: Path, draft: RecordDraft) -> None:
    """Put a drafted record into the ledger of the project in `root`.

    Raises:
        NotFound, InvalidDocument, StoreUnavailable: as `open_registry`.
    """
    place = _place(root)
    store = _direct(place, LEDGER_SCHEMA)
    if store is None:
        from ferrata.app import open_app

        with open_app(root) as app:
            _write(app.store, app.clock, place.project, draft)
        return
    try:
        _write(store, SystemClock(), place.project, draft)
    finally:
        store.close()


def append_record(app: App, draft: RecordDraft) -> None:
    """Put a drafted record into the ledger of a project that is open already.

    Raises:
        StoreUnavailable: the database cannot be used.
    """
    store = None if "store" in app.__dict__ else _direct(app.settings, LEDGER_SCHEMA)
    if store is None:
        _write(app.store, app.clock, app.settings.project, draft)
        return
    try:
        _write(store, app.clock, app.settings.project, draft)
    finally:
        store.close()


def _write(store: Transactions, clock: Clock, project: str, draft: RecordDraft) -> None:
    journal = Journal(store, clock, current_actor(), project=project)
    with store.write() as connection:
        journal.write(connection, draft)


def _registry_of(app: App) -> Registry:
    try:
        return app.registry
    except StoreUnavailable as error:
        # No command of the registry can do without it, whatever others can.
        hint = error.hint.partition(", or keep nothing")[0]
        raise StoreUnavailable(error.message, hint=hint) from None


class _Located(Protocol):
    """As much of a project's settings as says where its database is."""

    @property
    def root(self) -> Path: ...

    @property
    def state(self) -> Path: ...

    @property
    def store_url(self) -> str | None: ...


class _Place(NamedTuple):
    """What the registry needs of a project's settings."""

    root: Path
    state: Path
    project: str
    store_url: str | None


def _place(root: Path) -> _Place:
    """As the settings say; without loading what reads `ferrata.yaml` where there is none, or where it has been read before."""
    name = root.resolve().name
    if name and name.isascii() and name.isprintable() and root.is_dir() and not os.path.lexists(root / FILE):
        return _Place(root, root / FOLDER, name, os.environ.get("FERRATA_STORE") or None)
    memory, key = UserCache.of_user(away_from=root), _key(root)
    project = memory.find(key) if key else None
    if project is not None:
        return _Place(root, root / FOLDER, project.decode(), os.environ.get("FERRATA_STORE") or None)
    from ferrata.settings import load_settings

    settings = load_settings(root)
    if key and settings.file.store is None:  # what names a database is read anew each time, as its variable is
        memory.keep(key, settings.project.encode())
    return _Place(root, settings.state, settings.project, settings.store_url)


def _key(root: Path) -> str:
    """The name under which the project of a `ferrata.yaml` without mistakes is remembered; empty where it cannot be read."""
    file = root / FILE
    try:
        if file.is_file() and file.stat().st_size < _MOST_BYTES:
            return (
                f"project-{digest_of_texts([__version__, str(root.resolve()), file.read_text(encoding='utf-8')])}.txt"
            )
    except (OSError, ValueError):  # the settings say what is wrong
        pass
    return ""


def _direct(place: _Located, steps: Mapping[str, Sequence[str]]) -> DirectStore | None:
    """The direct way to the project's database, where there is one with these steps of its rooms."""
    url = place.store_url
    if url is None:
        folder = LocalState(place).usable
        file = folder / _DATABASE if folder else None
    else:
        path = url.removeprefix(_FILE)
        # What else a URL may hold, SQLAlchemy knows.
        file = None if path == url or set(path) & set("?%:") else Path(path)
    return None if file is None else DirectStore.of_file(file, steps)
