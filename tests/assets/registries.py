"""A registry on a store, for tests and for the processes that they start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.assets import Journal, Ledger, Registry, migrate_registry

if TYPE_CHECKING:
    from ferrata.clock import Clock
    from ferrata.store import Store


def open_registry(store: Store, clock: Clock, actor: str, project: str = "support-bot") -> Registry:
    """The registry on a store, its tables made where they are missing."""
    Ledger(store, clock, actor, project=project)
    migrate_registry(store)
    return Registry(store, clock, Journal(store, clock, actor, project=project), project=project)
