"""How many further attempts an endpoint may make, and how long one waits before each.

Knows nothing of routes and of what is called.
"""

from __future__ import annotations

__all__ = ["RetryBudget", "pause"]

_SHARE = 0.2
_RESERVE = 10.0
_PER_SECOND = 0.1
_BASE = 0.2
_MOST = 5.0


class RetryBudget:
    """Keeps attempts beyond the first from multiplying the load when a vendor is down.

    In any time, further attempts are at most 20 % of the calls, and 10, and one for each 10 s (for endpoints with few calls). Only what
    repeats load is counted: asking the same route again, and asking a second one beside it. Going on to another route is free: each
    route sees a call once at most by that.

    Attributes:
        calls: calls so far; whoever makes one adds 1.
        taken: further attempts so far.
        refused: how often there was nothing left.
    """

    __slots__ = ("_at", "_counted", "_left", "calls", "refused", "taken")

    def __init__(self) -> None:
        self.calls = 0
        self.taken = 0
        self.refused = 0
        self._counted = 0
        self._left = _RESERVE
        self._at: float | None = None

    def has(self, now: float) -> bool:
        """Whether one further attempt may be made."""
        # What calls and time have added is worked out here only, so that a call costs one addition.
        added = _SHARE * (self.calls - self._counted) + _PER_SECOND * (now - (now if self._at is None else self._at))
        self._left = min(_RESERVE, self._left + added)
        self._counted = self.calls
        self._at = now
        enough = self._left >= 1.0
        self.refused += not enough
        return enough

    def take(self, now: float) -> bool:
        """Take one further attempt; False where there is none left."""
        if not self.has(now):
            return False
        self._left -= 1.0
        self.taken += 1
        return True


def pause(failed: int, asked: float | None, drawn: float) -> float:
    """Seconds to wait before an attempt.

    Uniform between 0 and a bound that doubles ("full jitter": Brooker, Exponential backoff and jitter, AWS, 2015), after what the vendor
    asked for.

    Args:
        failed: attempts on the route that failed, from 1.
        asked: seconds that the vendor asked for, or None.
        drawn: a random number from 0 up to 1.
    """
    return (asked or 0.0) + drawn * min(_MOST, _BASE * 2.0 ** (failed - 1))
