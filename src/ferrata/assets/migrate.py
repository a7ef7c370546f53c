"""Brings the registry's tables up to date. Loads the database library, so it is apart from what must start at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.assets.schema import REGISTRY_ROOM, REGISTRY_STEPS
from ferrata.store import BLOB_ROOM, BLOB_STEPS, Migration

if TYPE_CHECKING:
    from ferrata.store import Store

__all__ = ["migrate_registry"]


def migrate_registry(store: Store) -> None:
    """Make the tables of bodies and of the registry, where they are missing or old.

    Raises:
        StoreUnavailable: the database cannot be used.
    """
    store.migrate(BLOB_ROOM, [Migration(*step) for step in BLOB_STEPS])
    store.migrate(REGISTRY_ROOM, [Migration(*step) for step in REGISTRY_STEPS])
