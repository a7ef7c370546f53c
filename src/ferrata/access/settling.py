"""What calls used of their meters, counted in the transaction that keeps their spans. Knows no spool: whoever drains it calls this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrata.access.leases import Leases

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.store import Connection, Store

__all__ = ["Settling"]


class Settling:
    """A hook of the drain.

    Args:
        store: the database that is drained into.
        project: whose meters they are.

    Raises:
        StoreUnavailable: the database cannot be used.
    """

    def __init__(self, store: Store, project: str) -> None:
        self._leases = Leases(store, project=project, holder="")
        self._leases.prepare()

    def drained(self, connection: Connection, holder: str, spans: Sequence[Mapping[str, Any]]) -> None:
        """Some spans of a holder are kept: count the `spent` of each."""
        self._leases.settle(connection, holder, (one for span in spans for one in span.get("spent") or ()))

    def released(self, connection: Connection, holder: str) -> None:
        """A holder is dead, and its last span is kept: what it had leased and did not use comes back."""
        self._leases.release(connection, holder)
