"""Time and ids, injected so that tests and records are deterministic.

Knows nothing of time zones but UTC.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Protocol

__all__ = ["Clock", "FrozenClock", "SystemClock", "format_time", "new_id", "parse_time"]


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


class FrozenClock:
    """A clock that moves only when it is told to; for tests and replays."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """The moment the clock stands at."""
        return self._at

    def advance(self, by: timedelta) -> None:
        """Move the clock by `by` (backwards if negative)."""
        self._at += by


def format_time(at: datetime) -> str:
    """ISO 8601 in UTC with microseconds and a `Z`, so that text order is time order."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_time(text: str) -> datetime:
    """The moment that `format_time` wrote (any ISO 8601 form; without a zone it is UTC).

    Raises:
        ValueError: the text is not an ISO 8601 moment.
    """
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def new_id() -> str:
    """A fresh random id: 32 hexadecimal digits."""
    return uuid.uuid4().hex
