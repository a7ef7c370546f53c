"""How many calls at a time: more while nobody minds, fewer when somebody does.

Doubles from a few until the first refusal, or until answers take longer than they did at first; from then on adds one for each
round of answers. A refusal takes a part away, at most once a round (additive increase, multiplicative decrease: Chiu and Jain,
1989), and the number that was refused is not tried again at once. Where answers only get slower, the number goes back to how many
were worked on and not waiting: so many times the first answers' seconds by the present ones' (Little, 1961; Brakmo and Peterson,
1995). Where that makes them no quicker, it is what answers take from now on: a slower model costs one step back, not all of them.

Knows no model.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Pace"]

_FIRST = 8
_LESS = 0.85
# Answers count as slower when they take so many times as long as the first ones.
_SLOWER = 2.0
# Never less than this part at a time because of slower answers.
_LEAST_PART = 0.25
# Fewer at a time helped if answers are so many times as quick as before.
_HELPED = 1.25
# So many answers of a kind say what it takes; so many answers of any kind say whether that is slower.
_MEASURED, _JUDGED = 16, 32
# Rounds that pass before the number that was refused is tried again.
_HELD = 10
# Seconds: what an answer takes as long as nobody knows; the shortest and the longest pause without the vendor's word for how long.
_UNKNOWN, _SHORTEST, _LONGEST = 1.0, 0.05, 30.0


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
        self._fixed = fixed
        self._now = now
        self._doubling = True
        self._ceiling: int | None = None
        self._in_round = self._held = self._strikes = 0
        self._until = 0.0
        self._lessened = float("-inf")
        self._refused_since: float | None = None
        self._usual = _UNKNOWN
        # Kind of call -> answers and their seconds, of the first ones; then sums over the later ones.
        self._first: dict[str, tuple[int, float]] = {}
        self._judged, self._took, self._expected = 0, 0.0, 0.0
        # So many calls began when there were more at a time: their answers say nothing of the present.
        self._old = 0
        self._stepped, self._part = False, 1.0

    @property
    def pause(self) -> float:
        """Seconds until a call may begin; 0 if it may at once."""
        return max(0.0, self._until - self._now()) if self._until else 0.0

    def refused_for(self) -> float:
        """Seconds since the first refusal after the last answer; 0 if an answer came since."""
        return 0.0 if self._refused_since is None else self._now() - self._refused_since

    def answered(self, seconds: float | None, kind: str = "") -> None:
        """Somebody answered.

        Args:
            seconds: after so long; None where that says nothing of how busy they are.
            kind: of call; each has its own usual time.
        """
        self._refused_since = None
        self._strikes = 0
        self._in_round += 1
        if seconds is not None:
            self._usual += (seconds - self._usual) / _MEASURED
            self._compare(seconds, kind)
        if self._in_round >= self.limit:
            self._in_round = 0
            self._end_round()

    def refuse(self, retry_after: float | None = None) -> None:
        """Somebody refused because of too many calls; and may have said when to come again."""
        now = self._now()
        self.refused += 1
        if self._refused_since is None:
            self._refused_since = now
        # All calls of one round are refused together; that is one refusal.
        if now >= self._until and now - self._lessened > self._usual:
            self._lessened = now
            self._strikes += 1
            self._lessen()
        own = min(max(self._usual / 2, _SHORTEST) * 2.0 ** max(0, min(self._strikes - 1, 16)), _LONGEST)
        self._until = max(self._until, now + (own if retry_after is None else retry_after))

    def _lessen(self) -> None:
        self._old = self._ceiling = self.limit
        self._held = self._in_round = 0
        # While it doubles, half of it was not refused.
        self.limit = max(1, self.limit // 2 if self._doubling and not self._fixed else int(self.limit * _LESS))
        self._doubling = False

    def _compare(self, seconds: float, kind: str) -> None:
        if self._old:
            self._old -= 1
            return
        count, total = self._first.get(kind, (0, 0.0))
        if count < _MEASURED:
            self._first[kind] = count + 1, total + seconds
        else:
            self._judged += 1
            self._took += seconds
            self._expected += total / count

    def _end_round(self) -> None:
        if self._judged >= _JUDGED and not self._fixed:
            self._judge()
        if self._stepped or (self._doubling and self._first and not self._measured):
            return
        if self._ceiling is not None and self.limit + 1 >= self._ceiling:
            self._held += 1
            if self._held < _HELD:
                return
            self._ceiling, self._held = None, 0
        self.limit = min(self._most, self.limit * 2 if self._doubling else self.limit + 1)

    @property
    def _measured(self) -> bool:
        return any(count == _MEASURED for count, _ in self._first.values())

    def _judge(self) -> None:
        """Step back where answers are slower; where that does not help, take it for what they take."""
        before, self._part = self._part, self._expected / max(self._took, 1e-9)
        self._judged, self._took, self._expected = 0, 0.0, 0.0
        if self._part * _SLOWER >= 1:
            self._stepped = False
        elif self._stepped and self._part < before * _HELPED:
            self._stepped = False
            self._first.clear()
            self._doubling = self._ceiling is None and self._part < _LEAST_PART
        else:
            self._stepped, self._doubling, self._old = True, False, self.limit
            self.limit = max(1, round(self.limit * max(self._part, _LEAST_PART)))
