"""How many calls at a time: more while nobody minds, fewer when somebody does.

Doubles from a few until the first refusal or until answers take longer than they did; from then on adds one for each round of
answers, and takes a third away at a refusal, at most once a round (additive increase, multiplicative decrease: Chiu and Jain,
1989). Knows no model.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Pace"]

_FIRST = 8
_LESS = 2 / 3
# Answers count as slower when a round's mean is so many times the quickest round's.
_SLOWER = 2.0
# A pause without the vendor's word for how long, in seconds.
_PAUSE = 1.0


class Pace:
    """The number of calls at a time.

    Args:
        most: never more.
        fixed: begin with `most`; only refusals make it less.
        now: seconds that only grow.

    Attributes:
        limit: calls at a time, at the moment.
        refused: refusals so far.
    """

    def __init__(self, most: int, *, fixed: bool = False, now: Callable[[], float] = monotonic) -> None:
        self.limit = most if fixed else min(_FIRST, most)
        self.refused = 0
        self._most = most
        self._doubling = True
        self._now = now
        self._in_round = 0
        self._seconds = 0.0
        self._quickest: float | None = None
        self._until = 0.0
        self._lessened = float("-inf")
        self._refused_since: float | None = None

    @property
    def pause(self) -> float:
        """Seconds until a call may begin; 0 if it may at once."""
        return max(0.0, self._until - self._now()) if self._until else 0.0

    def refused_for(self) -> float:
        """Seconds since the first refusal after the last answer; 0 if an answer came since."""
        return 0.0 if self._refused_since is None else self._now() - self._refused_since

    def answered(self, seconds: float) -> None:
        """Somebody answered, after so long."""
        self._refused_since = None
        self._in_round += 1
        self._seconds += seconds
        if self._in_round >= self.limit:
            self._end_round()

    def refuse(self, retry_after: float | None = None) -> None:
        """Somebody refused because of too many calls; and may have said when to come again."""
        now = self._now()
        self.refused += 1
        if self._refused_since is None:
            self._refused_since = now
        self._until = max(self._until, now + (_PAUSE if retry_after is None else retry_after))
        # All calls of one round are refused together; that is one refusal.
        if now - self._lessened > (self._quickest or _PAUSE):
            self._lessened = now
            self._doubling = False
            self.limit = max(1, int(self.limit * _LESS))
            self._in_round, self._seconds = 0, 0.0

    def _end_round(self) -> None:
        mean = self._seconds / self._in_round
        self._in_round, self._seconds = 0, 0.0
        if self._quickest is None or mean < self._quickest:
            self._quickest = mean
        if mean > _SLOWER * self._quickest:
            self._doubling = False
            self.limit = max(1, self.limit - 1)
        else:
            self.limit = min(self._most, self.limit * 2 if self._doubling else self.limit + 1)
