"""The keys of a project in memory, found by their secrets. Knows no store: it is given a snapshot, and swaps it whole."""

from __future__ import annotations

import time
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.access.types import Key, Snapshot

__all__ = ["KeyRing"]

_LENGTH = len("sk-fe-") + 43
_FOREVER = float("inf")


class KeyRing:
    """Finds keys in constant time; safe to use while another thread loads.

    Args:
        now: tells the time in seconds since the epoch.
    """

    __slots__ = ("_by_digest", "_now", "version")

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._by_digest: dict[bytes, tuple[Key, float]] = {}
        self.version: int | None = None
        """Of the snapshot that was loaded; None before the first."""

    def __len__(self) -> int:
        """How many secrets are known, expired ones included."""
        return len(self._by_digest)

    def load(self, snapshot: Snapshot) -> None:
        """Take a snapshot in the place of what was there."""
        found: dict[bytes, tuple[Key, float]] = {}
        for key in snapshot.keys:
            if key.revoked is not None:
                continue
            end = _FOREVER if key.expires is None else key.expires.timestamp()
            found[bytes.fromhex(key.sha256)] = key, end
            if key.old_sha256 and key.old_until is not None:
                found[bytes.fromhex(key.old_sha256)] = key, min(end, key.old_until.timestamp())
        self._by_digest = found
        self.version = snapshot.version

    def find(self, secret: str) -> Key | None:
        """The key of a secret; None where there is none, or it has ended."""
        if len(secret) != _LENGTH:
            return None
        found = self._by_digest.get(sha256(secret.encode("utf-8", "replace")).digest())
        if found is None or self._now() >= found[1]:
            return None
        return found[0]
