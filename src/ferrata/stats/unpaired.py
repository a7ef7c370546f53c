"""Two runs over different rows: the difference of their means. Knows no keys and no power."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import acos, cos, inf, isfinite, nextafter, pi, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ferrata.errors import UsageError
from ferrata.stats.clusters import cluster_notes, clustered, design_effect
from ferrata.stats.inference import Bounded, Interval, Scored, StudentT, bisect, two_sided
from ferrata.stats.means import infer_mean
from ferrata.stats.ranks import Tested, brunner_munzel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.stats.types import Scale, Values

__all__ = ["DifferenceOfMeans", "Rates", "infer_unpaired_rates", "unpaired_difference"]


@dataclass(frozen=True, eq=False)
class Rates(Scored):
    """A difference of two rates, by Miettinen & Nurminen's score (Statistics in Medicine 4 (1985) 213-226).

    Attributes:
        first: rate of the baseline.
        first_worth: independent rows that its rows are worth.
        second: rate of the candidate.
        second_worth: likewise.
    """

    first: float = 0.0
    first_worth: float = 1.0
    second: float = 0.0
    second_worth: float = 1.0

    def statistic(self, boundary: float) -> float:
        """The score statistic, its variance as it would be were the difference `boundary`."""
        n, m = self.first_worth, self.second_worth
        first = self._first_if(boundary)
        second = first + boundary
        variance = (second * (1 - second) / m + first * (1 - first) / n) * (n + m) / (n + m - 1)
        gap = self.estimate - boundary
        return gap / sqrt(variance) if variance > 1e-12 else inf * np.sign(gap) if abs(gap) > 1e-9 else 0.0

    def _first_if(self, boundary: float) -> float:
        """The most likely rate of the baseline were the difference `boundary`: a root of a cubic."""
        n, m, d = self.first_worth, self.second_worth, boundary
        x, total = self.first * n, self.first * n + self.second * m
        cubic = n + m
        square = (m + 2 * n) * d - cubic - total
        linear = (n * d - cubic - 2 * x) * d + total
        constant = x * d * (1 - d)
        third = square / (3 * cubic)
        v = third**3 - square * linear / (6 * cubic**2) + constant / (2 * cubic)
        u = sqrt(max(0.0, third**2 - linear / (3 * cubic))) * (1 if v > 0 else -1)
        angle = (pi + acos(max(-1.0, min(1.0, v / u**3)))) / 3 if u else 0.0
        return min(max(2 * u * cos(angle) - third, 0.0, -d), 1.0, 1 - d)


def infer_unpaired_rates(
    baseline: float,
    baseline_n: float,
    candidate: float,
    candidate_n: float,
    *,
    df: float = inf,
    rows: int | None = None,
) -> Rates:
    """Infer the difference of two rates over different rows, candidate less baseline.

    Args:
        baseline: successes of the baseline.
        baseline_n: its rows; what they are worth, where they are clustered.
        candidate: successes of the candidate.
        candidate_n: likewise.
        df: degrees of freedom of the statistic; infinite: normal.
        rows: of both together, where they are not worth as many.

    Raises:
        UsageError: no row, or more successes than rows.
    """
    for x, n in ((baseline, baseline_n), (candidate, candidate_n)):
        if n <= 0 or not 0 <= x <= n:
            raise UsageError(f"{x!r} of {n!r} rows is no rate", hint="give at least one row, and 0 to n successes")
    first, second = baseline / baseline_n, candidate / candidate_n
    return Rates(
        estimate=second - first,
        n=round(baseline_n + candidate_n) if rows is None else rows,
        method="Miettinen-Nurminen",
        low=-1.0,
        high=1.0,
        df=df,
        first=first,
        first_worth=baseline_n,
        second=second,
        second_worth=candidate_n,
    )


@dataclass(frozen=True, eq=False)
class DifferenceOfMeans(Bounded):
    """A difference of two means whose inferences are not by t: its error is split between them (a union bound).

    Attributes:
        first: of the baseline.
        second: of the candidate.
    """

    first: Bounded | None = None
    second: Bounded | None = None

    def _above(self, boundary: float) -> float:
        return _apart(self.first, self.second, boundary)

    def _below(self, boundary: float) -> float:
        return _apart(self.second, self.first, -boundary)

    def _ends(self, error: float) -> Interval:
        if self.first is None or self.second is None:
            return Interval(self.low, self.high)
        # Of each interval, half of the error at one end counts.
        one, other = self.first.interval(1 - error), self.second.interval(1 - error)
        return Interval(other.low - one.high, other.high - one.low)


def _apart(lower: Bounded | None, upper: Bounded | None, gap: float) -> float:
    """The least error of two intervals, shared equally, that have `upper` above `lower` by more than `gap`."""
    if lower is None or upper is None or not (isfinite(lower.low) and isfinite(lower.high)):
        return 1.0
    # The place between them where both claims are equally bold: one p-value falls with it, the other rises.
    place = bisect(
        lambda s: lower.p_less(s) <= upper.p_greater(s + gap), low=lower.low - abs(gap), high=lower.high + abs(gap)
    )
    # Where a p-value jumps, at an end of its scale, they meet on either side of the jump.
    places = (place, nextafter(place, -inf))
    return min(1.0, *(2 * max(lower.p_less(s), upper.p_greater(s + gap)) for s in places))


class _Part(NamedTuple):
    """One run's mean, for Welch's difference."""

    mean: float
    variance: float
    df: float
    third: float


def unpaired_difference(
    baseline: Values,
    candidate: Values,
    *,
    scale: Scale,
    low: float | None = None,
    high: float | None = None,
    clusters: tuple[Sequence[str] | None, Sequence[str] | None] = (None, None),
) -> tuple[Bounded, Tested]:
    """The difference of two means over different rows, candidate less baseline, and the test of no difference.

    - 0 or 1 in every row: Miettinen & Nurminen's score, with the effective number of rows where they are clustered.
    - Else Welch's t, with the clusters' errors where there are clusters, widened for skewness as `infer_mean` is; where a sample is nearly all
      ties, the two means' own intervals, each with half of the error.
    - The test is Brunner & Munzel's where the scale is ordinal and rows are independent, else the inference's own p-value.

    Args:
        baseline: shape (rows of the baseline,).
        candidate: shape (rows of the candidate,).
        scale: of single scores.
        low: the least that a score can be; None: no bound.
        high: the greatest; None: no bound.
        clusters: of the baseline's rows, and of the candidate's; None: independent.
    """
    if scale == "binary":
        low, high = 0.0, 1.0
        if bool(np.all(np.isin(np.concatenate((baseline, candidate)), (0.0, 1.0)))):
            rates = _rates(baseline, candidate, clusters)
            return rates, Tested(two_sided(rates), rates.method)
    first = infer_mean(baseline, low=low, high=high, clusters=clusters[0])
    second = infer_mean(candidate, low=low, high=high, clusters=clusters[1])
    inference = _difference(first, second)
    if scale == "ordinal" and clusters == (None, None):
        return inference, brunner_munzel(baseline, candidate)
    return inference, Tested(two_sided(inference), inference.method)


def _rates(baseline: Values, candidate: Values, clusters: tuple[Sequence[str] | None, Sequence[str] | None]) -> Bounded:
    worth: list[float] = []
    parts: list[_Part] = []
    notes: tuple[str, ...] = ()
    for values, of in ((baseline, clusters[0]), (candidate, clusters[1])):
        n, p = len(values), float(values.mean())
        if of is None:
            worth.append(float(n))
            parts.append(_Part(p, p * (1 - p) / n, inf, 0.0))
            continue
        groups = len(set(of))
        notes = tuple(dict.fromkeys((*notes, *cluster_notes(groups))))
        if groups < 2:
            return Bounded(
                float(candidate.mean() - baseline.mean()), len(baseline) + len(candidate), "none", -1, 1, notes
            )
        group = clustered(values, of)
        worth.append(float(groups) if p in (0.0, 1.0) else n / design_effect(group, p * (1 - p)))
        parts.append(_Part(p, group.se**2, group.df, 0.0))
    counts = [float(values.mean()) * w for values, w in zip((baseline, candidate), worth, strict=True)]
    found = infer_unpaired_rates(
        counts[0], worth[0], counts[1], worth[1], df=_welch_df(parts), rows=len(baseline) + len(candidate)
    )
    if clusters == (None, None):
        return found
    return replace(found, method="Miettinen-Nurminen, clustered", notes=notes)


def _welch_df(parts: Sequence[_Part]) -> float:
    whole = sum(part.variance for part in parts)
    if not whole:
        return min(part.df for part in parts)
    shares = sum(part.variance**2 / part.df for part in parts if isfinite(part.df))
    return whole**2 / shares if shares else inf


def _difference(first: Bounded, second: Bounded) -> Bounded:
    estimate, n = second.estimate - first.estimate, first.n + second.n
    low, high = second.low - first.high, second.high - first.low
    notes = tuple(dict.fromkeys((*first.notes, *second.notes)))
    if not (isinstance(first, StudentT) and isinstance(second, StudentT)):
        return DifferenceOfMeans(estimate, n, "two intervals", low, high, notes, first=first, second=second)
    parts = [_Part(one.estimate, one.se**2, one.df, one.skew * one.se**3 / sqrt(one.units)) for one in (first, second)]
    variance = parts[0].variance + parts[1].variance
    # The third cumulant of a difference is the difference of third cumulants; as skewness of one of `units` contributions.
    units = min(first.units, second.units)
    skew = (parts[1].third - parts[0].third) / variance**1.5 * sqrt(units)
    return StudentT(
        estimate=estimate,
        n=n,
        method="Welch t" + (", widened for skewness" if skew else ""),
        low=low,
        high=high,
        notes=notes,
        se=sqrt(variance),
        df=_welch_df(parts),
        skew=skew,
        units=units,
    )
