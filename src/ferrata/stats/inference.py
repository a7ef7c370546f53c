"""What the methods of this room have in common: intervals and p-values that are each other's inversions.

A method says how improbable the data are where a boundary is true (`_above`, `_below`); the interval is the boundaries that are not
improbable. Knows no data.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import cbrt, inf, isfinite, sqrt
from typing import TYPE_CHECKING

from scipy.special import stdtr, stdtrit

from ferrata.errors import UsageError
from ferrata.stats.types import Interval

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Bounded", "Scored", "StudentT", "bisect", "check_confidence", "quantile", "tail", "two_sided"]

# Halvings of a search: 2 ** -60 of the range, below what a float shows.
HALVINGS = 60


def check_confidence(confidence: float) -> None:
    """Raise UsageError unless it is between 0 and 1."""
    if not 0 < confidence < 1:
        raise UsageError(
            f"a confidence of {confidence!r} makes no sense", hint="give one between 0 and 1, as 0.95 for 95 %"
        )


def tail(statistic: float, df: float = inf) -> float:
    """Probability above `statistic` in Student's t with `df` degrees of freedom; infinite: the normal distribution."""
    return float(stdtr(df, -statistic))


def quantile(probability: float, df: float = inf) -> float:
    """Of Student's t with `df` degrees of freedom, positive for probabilities above one half."""
    return float(stdtrit(df, probability))


def bisect(reached: Callable[[float], bool], *, low: float, high: float) -> float:
    """The place in [low, high] from which on `reached` is True; `high` where it never is."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if reached(middle):
            high = middle
        else:
            low = middle
    return high


def two_sided(inference: Bounded, boundary: float = 0.0) -> float:
    """Two-sided p-value against `quantity == boundary`: twice the smaller side, at most 1."""
    return min(1.0, 2 * min(inference.p_greater(boundary), inference.p_less(boundary)))


@dataclass(frozen=True, eq=False)
class Bounded:
    """An inference on a quantity that lies in [low, high]. As it stands, data say nothing: any value there is plausible.

    Attributes:
        estimate: the point estimate.
        n: rows (or pairs) behind it.
        method: its name, for reports.
        low: the least that the quantity can be.
        high: the greatest.
        notes: what to know before one believes it, in sentences.
    """

    estimate: float
    n: int
    method: str
    low: float = -inf
    high: float = inf
    notes: tuple[str, ...] = ()

    def _above(self, boundary: float) -> float:
        """P-value against `quantity <= boundary`, for a boundary in [low, high)."""
        return 1.0

    def _below(self, boundary: float) -> float:
        """P-value against `quantity >= boundary`, for a boundary in (low, high]."""
        return 1.0

    def p_greater(self, boundary: float) -> float:
        """One-sided p-value against `quantity <= boundary`; small: it is greater."""
        return 0.0 if boundary < self.low else 1.0 if boundary >= self.high else self._above(boundary)

    def p_less(self, boundary: float) -> float:
        """One-sided p-value against `quantity >= boundary`; small: it is less."""
        return 0.0 if boundary > self.high else 1.0 if boundary <= self.low else self._below(boundary)

    def interval(self, confidence: float = 0.95) -> Interval:
        """The two-sided interval, half of the error at each end, within [low, high].

        Raises:
            UsageError: a confidence that is not between 0 and 1.
        """
        check_confidence(confidence)
        low, high = self._ends((1 - confidence) / 2)
        return Interval(float(max(low, self.low)), float(min(high, self.high)))

    def _ends(self, error: float) -> Interval:
        """Where each p-value is `error`, found by bisection; needs finite bounds."""
        if not (isfinite(self.low) and isfinite(self.high)):
            return Interval(self.low, self.high)
        return Interval(
            bisect(lambda b: self.p_greater(b) > error, low=self.low, high=min(self.estimate, self.high)),
            bisect(lambda b: self.p_less(b) <= error, low=max(self.estimate, self.low), high=self.high),
        )


@dataclass(frozen=True, eq=False)
class Scored(Bounded, ABC):
    """An inference by a statistic that falls as the boundary rises, and is normal or t where the boundary is true.

    Attributes:
        df: degrees of freedom of the statistic; infinite: normal.
    """

    df: float = inf

    @abstractmethod
    def statistic(self, boundary: float) -> float:
        """How many standard errors, taken as if the boundary were true, the estimate lies above it."""

    def _above(self, boundary: float) -> float:
        return tail(self.statistic(boundary), self.df)

    def _below(self, boundary: float) -> float:
        return tail(-self.statistic(boundary), self.df)


@dataclass(frozen=True, eq=False)
class StudentT(Bounded):
    """An estimate with a standard error, by Student's t; where `skew` is not 0, also without the skewness of t (Hall 1992).

    Of the two p-values the larger one counts, so that the interval spans both: skewness widens it and never narrows it. Hall's
    transformation of t is a cubic that always rises, so that it is inverted in closed form. It was chosen by simulation; one-sided
    errors in per cent where 2.5 are meant, truth above / below the interval:

    ==================  ============  ============  ============  ===============
    rows                t             BCa           Hall          here
    ==================  ============  ============  ============  ===============
    30 normal           2.5 / 2.6     3.4 / 3.3     2.6 / 2.6     2.5 / 2.6
    30 exponential      7.0 / 0.7     5.0 / 2.5     3.7 / 1.8     4.0 / 0.7
    50 log-normal       9.9 / 0.3     6.8 / 2.6     5.4 / 1.7     5.4 / 0.3
    100 gamma(1/4)      7.4 / 0.6     4.2 / 2.4     3.2 / 1.9     3.2 / 0.6
    50 t(3)             2.3 / 2.2     4.5 / 4.2     3.7 / 3.5     2.3 / 2.1
    ==================  ============  ============  ============  ===============

    P. Hall, On the removal of skewness by transformation, JRSS-B 54 (1992) 221-228.

    Attributes:
        se: the standard error, above 0.
        df: degrees of freedom; infinite: normal.
        skew: skewness of one independent contribution (a row's or a cluster's).
        units: how many independent contributions there are; for `skew` only.
    """

    se: float = 1.0
    df: float = inf
    skew: float = 0.0
    units: float = 1.0

    def _above(self, boundary: float) -> float:
        t = (self.estimate - boundary) / self.se
        return max(tail(t, self.df), tail(self._unskewed(t), self.df))

    def _below(self, boundary: float) -> float:
        t = (self.estimate - boundary) / self.se
        return max(tail(-t, self.df), tail(-self._unskewed(t), self.df))

    def _unskewed(self, t: float) -> float:
        root, skew = sqrt(self.units), self.skew
        return t + skew * t**2 / (3 * root) + skew**2 * t**3 / (27 * self.units) + skew / (6 * root)

    def _skewed(self, statistic: float) -> float:
        """The t that has this value without its skewness."""
        if not self.skew:
            return statistic
        root, skew = sqrt(self.units), self.skew
        return 3 * root / skew * (cbrt(1 + skew * (statistic / root - skew / (6 * self.units))) - 1)

    def _ends(self, error: float) -> Interval:
        wide = quantile(1 - error, self.df)
        above, below = max(wide, self._skewed(wide)), min(-wide, self._skewed(-wide))
        return Interval(self.estimate - above * self.se, self.estimate - below * self.se)
