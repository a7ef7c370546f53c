"""Ends calls whose time is up, with one timer for all of them.

A timer of its own for each call, as `asyncio.timeout` sets, takes several microseconds, and nearly none of them is ever needed. Knows
nothing of what a call does.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DeadlineWatch", "Watched"]


class Watched:
    """The running task, and the moment at which it is cancelled. A class, so that what has a deadline can be one itself.

    Args:
        deadline: that moment, by the watch's clock.

    Raises:
        RuntimeError: no task is running.

    Attributes:
        task: as above.
        deadline: as above; may be moved.
        late: whether it was cancelled for that.
    """

    __slots__ = ("deadline", "late", "task")

    def __init__(self, deadline: float) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline needs a running task")
        self.task = task
        self.deadline = deadline
        self.late = False


class DeadlineWatch:
    """Looks every so often which deadlines have passed. Belongs to one event loop.

    Args:
        every: seconds between two looks, by which a call can be late.
        clock: seconds, those of deadlines.
    """

    __slots__ = ("_clock", "_every", "_timer", "_watched")

    def __init__(self, *, every: float = 0.05, clock: Callable[[], float] = monotonic) -> None:
        self._every = every
        self._clock = clock
        self._watched = set[Watched]()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._watched)

    def begin(self, watched: Watched) -> None:
        """Watch until `end`. The task is cancelled once, when the deadline has passed."""
        self._watched.add(watched)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._every, self._look)

    def end(self, watched: Watched) -> bool:
        """Watch no longer.

        Returns:
            Whether the task was cancelled because the deadline passed, and for nothing else: then the cancellation is over with this.
        """
        if watched.late and watched in self._watched:
            self._watched.remove(watched)
            return watched.task.uncancel() == 0
        self._watched.discard(watched)
        return False

    def _look(self) -> None:
        now = self._clock()
        for watched in self._watched:
            if watched.deadline <= now and not watched.late:
                watched.late = True
                watched.task.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._every, self._look) if self._watched else None
