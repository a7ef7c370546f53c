"""The short way to a project's registry: past the rooms that only an assessment needs, and past SQLAlchemy where it can.

It comes to the same registry as `app`, which it asks wherever the database is not a SQLite file that is up to date.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ferrata.assets import SCHEMA, Journal, Registry
from ferrata.clock import SystemClock
from ferrata.settings import current_actor, load_settings
from ferrata.state import LocalState
from ferrata.store import DirectStore

if TYPE_CHECKING:
    from collections.abc import Generator

    from ferrata.settings import Settings

__all__ = ["open_registry"]

_FILE = "sqlite:///"
_DATABASE = "ferrata.db"


@contextmanager
def open_registry(root: Path) -> Generator[Registry]:
    """The registry of the project in `root`; its tables are made where they are missing.

    Raises:
        NotFound: there is no such folder.
        InvalidDocument: its `ferrata.yaml` is wrong.
        StoreUnavailable: the database cannot be used.
    """
    settings = load_settings(root)
    store = _direct(settings)
    if store is None:
        from ferrata.app import open_app

        with open_app(root) as app:
            yield app.registry
        return
    try:
        clock = SystemClock()
        yield Registry(store, clock, Journal(store, clock, current_actor()), project=settings.project)
    finally:
        store.close()


def _direct(settings: Settings) -> DirectStore | None:
    """The direct way to the project's database, where there is one."""
    url = settings.store_url
    if url is None:
        folder = LocalState(settings).usable
        file = folder / _DATABASE if folder else None
    else:
        path = url.removeprefix(_FILE)
        # What else a URL may hold, SQLAlchemy knows.
        file = None if path == url or set(path) & set("?%:") else Path(path)
    return None if file is None else DirectStore.of_file(file, SCHEMA)
