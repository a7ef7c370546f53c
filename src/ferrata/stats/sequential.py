"""Tests and intervals for means of bounded values that stay valid however often one looks. Knows no rollout and no gate.

The method is betting (Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by betting", JRSS-B 86:1):
somebody who believes that the mean is at most m cannot mind a game that pays 1 + f * (x - m) / (m - low) for a stake of 1; if
the stake grows twentyfold nevertheless, m is refuted at 0.05, at whatever moment that is (Ville's inequality). Here the stake is
split evenly over constant bets f, so no bet needs tuning; a bet's pay-off falls in m, so what is not refuted is an interval.

What is tested is that *every* row's mean, given the rows before, is at most (or at least) the boundary. A mean that moves to both
sides of it refutes both. Nothing here holds for values without bounds: there is no such test.
"""

from __future__ import annotations

from math import ceil, exp, isfinite, log
from typing import TYPE_CHECKING, Literal

import numpy as np

from ferrata.errors import UsageError
from ferrata.stats.arrays import floats, within
from ferrata.stats.types import Interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Values = NDArray[np.float64]

__all__ = ["BettingTest", "ConfidenceSequence", "TwoStreams"]

# Shares of the most that can be bet: finer where more rows are needed to tell.
BETS = np.concatenate([1.0 / 2.0 ** np.arange(10, 0, -1), [0.75, 0.9, 1.0]])
ROWS_AT_ONCE = 4096
# Below this, a part of the stake counts as lost: it cannot come back, and tiny numbers are slow.
LOST = 1e-200
# And above this, it has won all that matters.
WON = 1e50


class BettingTest:
    """Whether the mean of a stream is above or below a boundary, to be asked after every row."""

    def __init__(self, boundary: float, *, low: float, high: float) -> None:
        """Starts without a row.

        Args:
            boundary: strictly between low and high.
            low: the least that a value can be.
            high: the greatest.

        Raises:
            UsageError: the bounds are infinite or in the wrong order, or the boundary is not between them.
        """
        check_bounds(low, high)
        if not low < boundary < high:
            raise UsageError(
                f"the boundary {boundary:g} is not between {low:g} and {high:g}",
                hint="A mean at a bound cannot be tested.",
            )
        self.boundary = boundary
        self.low = low
        self.high = high
        self.n = 0
        self._sum = 0.0
        # Logarithms of the stakes, shape (2, bets): on greater, on less. The best that each side ever had.
        self._stakes = np.full((2, len(BETS)), -np.log(len(BETS)))
        self._best = [0.0, 0.0]

    def add(self, value: float) -> None:
        """Takes the next row.

        Raises:
            UsageError: the value is NaN or outside of the bounds.
        """
        check_value(value, "sequential test", self.n + 1, low=self.low, high=self.high)
        self._bet(np.array([value], dtype=np.float64))
        self.n += 1
        self._sum += value

    def add_many(self, values: ArrayLike) -> None:
        """Takes rows in their order; the same as adding them one by one, every look counted.

        Raises:
            UsageError: a value is NaN or outside of the bounds; then none is taken.
        """
        rows = within(floats(values, "sequential test", least=0), "sequential test", low=self.low, high=self.high)
        for start in range(0, len(rows), ROWS_AT_ONCE):
            self._bet(rows[start : start + ROWS_AT_ONCE])
        self.n += len(rows)
        self._sum += float(rows.sum())

    def _bet(self, rows: Values) -> None:
        above = (rows - self.low) / (self.boundary - self.low)
        below = (self.high - rows) / (self.high - self.boundary)
        for side, pays in enumerate((above, below)):
            with np.errstate(divide="ignore"):
                grown = np.log((1.0 - BETS) + pays[:, None] * BETS)
            stakes = np.cumsum(grown, axis=0) + self._stakes[side]
            top = stakes.max(axis=1)
            total = top + np.log(np.exp(stakes - top[:, None]).sum(axis=1))
            self._best[side] = max(self._best[side], float(total.max()))
            self._stakes[side] = stakes[-1]

    def more_rows(self, side: Literal["greater", "less"], error: float) -> int | None:
        """How many more rows until a side is shown, if they are as those so far; 0: it is shown; None: never, or none came yet.

        Args:
            side: that the mean is greater, or less, than the boundary.
            error: at which it is to be shown.
        """
        place = 0 if side == "greater" else 1
        if self._best[place] >= -log(error):
            return 0
        stakes = self._stakes[place]
        if not self.n:
            return None
        growth = float((stakes.max() + log(len(BETS))) / self.n)
        missing = -log(error) + log(len(BETS)) - growth * self.n
        return ceil(missing / growth) if growth > 0 else None

    @property
    def mean(self) -> float | None:
        """Of the rows so far; None before the first."""
        return self._sum / self.n if self.n else None

    @property
    def p_greater(self) -> float:
        """Against "the mean is at most the boundary"; small: it is greater. Valid at every moment, and never grows."""
        return exp(-self._best[0])

    @property
    def p_less(self) -> float:
        """Against "the mean is at least the boundary"; small: it is less. Valid at every moment, and never grows."""
        return exp(-self._best[1])


class ConfidenceSequence:
    """An interval of the mean of a stream that is right at all moments at once, with the given confidence.

    Its ends are the boundaries that `BettingTest` refutes at half the error each, on a grid, rounded to the outside.
    """

    def __init__(self, low: float, high: float, confidence: float = 0.95, *, steps: int = 1000) -> None:
        """Starts without a row, with the interval low to high.

        Args:
            low: the least that a value can be.
            high: the greatest.
            confidence: that no interval ever shown is wrong.
            steps: into which low to high is cut.

        Raises:
            UsageError: the bounds are infinite or in the wrong order, or the confidence is not between 0 and 1.
        """
        check_bounds(low, high)
        if not 0.0 < confidence < 1.0:
            raise UsageError(f"a confidence of {confidence:g} is not between 0 and 1", hint="0.95 is usual.")
        self.low = low
        self.high = high
        self.confidence = confidence
        self.n = 0
        self.drifted: bool = False
        self._sum = 0.0
        self._limit = 2.0 / (1.0 - confidence)
        self._least: float = 0.0
        self._greatest: float = 1.0
        self._step = 1.0 / steps
        self._means = np.arange(1, steps) / steps
        # The stakes by bet and candidate; candidates that are refuted are dropped.
        self._above = np.full((len(BETS), len(self._means)), 1.0 / len(BETS))
        self._below = self._above.copy()

    def add(self, value: float) -> None:
        """Takes the next row.

        Raises:
            UsageError: the value is NaN or outside of the bounds.
        """
        check_value(value, "sequence", self.n + 1, low=self.low, high=self.high)
        self.n += 1
        self._bet((value - self.low) / (self.high - self.low))
        self._sum += value

    def add_many(self, values: ArrayLike) -> None:
        """Takes rows in their order; the same as adding them one by one.

        Raises:
            UsageError: a value is NaN or outside of the bounds; then none is taken.
        """
        rows = within(floats(values, "sequence", least=0), "sequence", low=self.low, high=self.high)
        for value in (rows - self.low) / (self.high - self.low):
            self.n += 1
            self._bet(float(value))
        self._sum += float(rows.sum())

    def _bet(self, value: float) -> None:
        if self.drifted:
            return
        self._above *= (1.0 - BETS)[:, None] + np.multiply.outer(BETS, value / self._means)
        self._below *= (1.0 - BETS)[:, None] + np.multiply.outer(BETS, (1.0 - value) / (1.0 - self._means))
        if self.n % 64 == 0:
            for stakes in (self._above, self._below):
                stakes[stakes < LOST] = 0.0
                np.minimum(stakes, WON, out=stakes)
        too_low = self._means[self._above.sum(axis=0) >= self._limit]
        too_high = self._means[self._below.sum(axis=0) >= self._limit]
        least = max(self._least, float(too_low[-1])) if len(too_low) else self._least
        greatest = min(self._greatest, float(too_high[0])) if len(too_high) else self._greatest
        if (least, greatest) == (self._least, self._greatest):
            return
        self._least, self._greatest = least, greatest
        self.drifted = least > greatest
        # Some beyond each end stay, so that a mean that moved is seen to refute both sides of a value.
        kept = (self._means > least - 2.5 * self._step) & (self._means < greatest + 2.5 * self._step)
        self._means, self._above, self._below = self._means[kept], self._above[:, kept], self._below[:, kept]

    @property
    def mean(self) -> float | None:
        """Of the rows so far; None before the first."""
        return self._sum / self.n if self.n else None

    @property
    def interval(self) -> Interval:
        """What no row so far has refuted; it only shrinks. Low to high again, once no single mean is left (`notes`)."""
        if self.drifted:
            return Interval(self.low, self.high)
        size = self.high - self.low
        return Interval(self.low + size * self._least, self.low + size * self._greatest)

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know before one believes it."""
        if not self.drifted:
            return ()
        return ("No single mean fits all rows: it moved while they came. The interval is all that the score can be.",)


class TwoStreams:
    """Whether the mean of a candidate's stream, less that of a baseline's, is above or below a boundary.

    As soon as both have new rows, the mean of the candidate's new rows less that of the baseline's is one bet of a
    `BettingTest`; so a small share of traffic is held against all of the large one. Rows must be dealt to the two regardless of
    their values. Means that drift for both alike do no harm while they move slowly against the time between two bets.
    """

    def __init__(self, boundary: float = 0.0, *, low: float, high: float) -> None:
        """Starts without a row.

        Args:
            boundary: of candidate less baseline, strictly between low - high and high - low.
            low: the least that a value can be, in either stream.
            high: the greatest.

        Raises:
            UsageError: the bounds are infinite or in the wrong order, or the boundary is not possible.
        """
        check_bounds(low, high)
        self.low = low
        self.high = high
        self.pairs = BettingTest(boundary, low=low - high, high=high - low)
        self._new: dict[str, list[float]] = {"baseline": [], "candidate": []}
        self._counts = {"baseline": 0, "candidate": 0}
        self._sums = {"baseline": 0.0, "candidate": 0.0}

    def add(self, stream: Literal["baseline", "candidate"], value: float) -> None:
        """Takes the next row of a stream.

        Raises:
            UsageError: the value is NaN or outside of the bounds.
        """
        check_value(value, stream, self._counts[stream] + 1, low=self.low, high=self.high)
        self._new[stream].append(value)
        self._counts[stream] += 1
        self._sums[stream] += value
        if all(self._new.values()):
            means = {name: sum(new) / len(new) for name, new in self._new.items()}
            self.pairs.add(means["candidate"] - means["baseline"])
            for new in self._new.values():
                new.clear()

    def add_many(self, candidate: ArrayLike, values: ArrayLike) -> None:
        """Takes rows in their order; the same as adding them one by one.

        Args:
            candidate: shape (rows,), bool: whether a row is the candidate's.
            values: shape (rows,).

        Raises:
            UsageError: a value is NaN or outside of the bounds; then none is taken.
        """
        given = within(
            floats(values, "rows of two streams", least=0), "rows of two streams", low=self.low, high=self.high
        )
        arms = np.asarray(candidate, dtype=bool)
        for arm, name in ((False, "baseline"), (True, "candidate")):
            self._counts[name] += int((arms == arm).sum())
            self._sums[name] += float(given[arms == arm].sum())
        # What is left of the rows before goes first.
        waiting = [(name == "candidate", value) for name, new in self._new.items() for value in new]
        arms = np.concatenate([np.array([arm for arm, _ in waiting], dtype=bool), arms])
        given = np.concatenate([np.array([value for _, value in waiting], dtype=np.float64), given])
        changes = np.append(np.flatnonzero(arms[1:] != arms[:-1]) + 1, len(arms))
        sums = np.concatenate([[0.0], np.cumsum(given)])
        differences: list[float] = []
        begin = 0
        for end in changes[:-1].tolist():
            # A bet: the rows of one stream from `begin`, and the first one of the other.
            if end <= begin:
                continue
            difference = float(given[end]) - float(sums[end] - sums[begin]) / (end - begin)
            differences.append(difference if arms[end] else -difference)
            begin = end + 1
        self.pairs.add_many(np.clip(differences, self.pairs.low, self.pairs.high))
        for new in self._new.values():
            new.clear()
        for arm, value in zip(arms[begin:].tolist(), given[begin:].tolist(), strict=True):
            self._new["candidate" if arm else "baseline"].append(value)

    def mean(self, stream: Literal["baseline", "candidate"]) -> float | None:
        """Of all rows of a stream; None before the first."""
        return self._sums[stream] / self._counts[stream] if self._counts[stream] else None

    def rows(self, stream: Literal["baseline", "candidate"]) -> int:
        """How many rows of a stream there were."""
        return self._counts[stream]

    @property
    def boundary(self) -> float:
        """Of candidate less baseline."""
        return self.pairs.boundary

    @property
    def n(self) -> int:
        """Rows of both."""
        return sum(self._counts.values())

    @property
    def difference(self) -> float | None:
        """Candidate less baseline, over all rows; None before both have one."""
        if not all(self._counts.values()):
            return None
        return self._sums["candidate"] / self._counts["candidate"] - self._sums["baseline"] / self._counts["baseline"]

    @property
    def p_greater(self) -> float:
        """Against "the difference is at most the boundary"; small: it is greater. Valid at every moment."""
        return self.pairs.p_greater

    @property
    def p_less(self) -> float:
        """Against "the difference is at least the boundary"; small: it is less. Valid at every moment."""
        return self.pairs.p_less


def check_bounds(low: float, high: float) -> None:
    """Refuses bounds that are none.

    Raises:
        UsageError: one is infinite, or they are in the wrong order.
    """
    if not (isfinite(low) and isfinite(high) and low < high):
        raise UsageError(
            f"a sequential test needs bounds that the values cannot leave, not {low!r} to {high!r}",
            hint="Give a score its bounds; cut a latency or a cost at a limit, and test the share of rows over it.",
        )


def check_value(value: float, what: str, row: int, *, low: float, high: float) -> None:
    """Refuses a value that cannot be.

    Raises:
        UsageError: it is NaN or outside of the bounds.
    """
    if not low <= value <= high:
        raise UsageError(
            f"{what}: the value of row {row} is {value:g}, outside of {low:g} to {high:g}",
            hint="Give the bounds that the score really has, and leave rows without a score out.",
        )
