"""How far an act has come: which gateway processes follow its table already."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ferrata.clock import format_time

if TYPE_CHECKING:
    from ferrata.catalog import Follower, Published
    from ferrata.clock import Clock

__all__ = ["Reached", "reached", "wait_reached"]

# A process says every 10 s that it is there; the clocks of hosts may differ by some seconds.
_SILENT = timedelta(seconds=60)
_POLL = 0.005


@dataclass(frozen=True)
class Reached:
    """The gateway processes that were heard of of late.

    Attributes:
        followers: all of them.
        behind: those that do not follow the table yet.
        seconds: how long was waited for them.
    """

    followers: tuple[Follower, ...]
    behind: tuple[Follower, ...]
    seconds: float

    @property
    def problems(self) -> list[str]:
        """Why processes cannot follow all of it."""
        return list(dict.fromkeys(one.problems for one in self.followers if one.problems))


def reached(published: Published, clock: Clock, seq: int, seconds: float = 0.0) -> Reached:
    """Which processes follow the table with the place `seq`, or a newer one."""
    followers = tuple(published.followers(since=format_time(clock.now() - _SILENT)))
    return Reached(followers, tuple(one for one in followers if one.seq < seq), seconds)


def wait_reached(published: Published, clock: Clock, seq: int, *, most: float = 3.0) -> Reached:
    """Wait until all processes follow it, `most` seconds at most."""
    began = time.monotonic()
    while True:
        found = reached(published, clock, seq, time.monotonic() - began)
        if not found.behind or found.seconds > most:
            return found
        time.sleep(_POLL)
