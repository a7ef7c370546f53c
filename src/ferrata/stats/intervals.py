"""How exact one metric of one run is: rates, means, and which of them applies. Knows no second run."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc

from ferrata.errors import UsageError
from ferrata.stats.clusters import cluster_notes, clustered, design_effect
from ferrata.stats.inference import Interval, Scored, check_confidence, quantile, tail
from ferrata.stats.means import check_values, infer_mean
from ferrata.stats.types import Estimate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.stats.inference import Bounded
    from ferrata.stats.types import Scores, Values

__all__ = ["WilsonRate", "check_scores", "estimate", "infer_rate", "infer_scores", "is_binary"]

# Successes (or failures) up to which the score test alone claims too much: it took up to 16 % where 2.5 are meant, 4.9 with mid-p.
FEW_COUNTS = 10


@dataclass(frozen=True, eq=False)
class WilsonRate(Scored):
    """A rate by Wilson's score; where at most 10 succeeded or failed, no p-value is below the binomial mid-p.

    The interval is Wilson's everywhere, the one that everybody can reproduce; with few counts a p-value may be larger than it says,
    never smaller. The guard is for the side on which the score test is false: one success among 200 rows is no evidence that a rate exceeds
    0.1 % (score: p = 0.04, exact 0.18). Brown, Cai & DasGupta (Statistical Science 16 (2001) 101-133) correct the same ends.

    Attributes:
        worth: independent rows that the rows are worth: their number, less where they are clustered.
    """

    worth: float = 1.0

    def statistic(self, boundary: float) -> float:
        """The score statistic."""
        gap = self.estimate - boundary
        spread = boundary * (1 - boundary)
        return gap / sqrt(spread / self.worth) if spread > 1e-300 else inf * np.sign(gap) if gap else 0.0

    def _above(self, boundary: float) -> float:
        score = tail(self.statistic(boundary), self.df)
        return max(score, _mid_p(self._successes, self.worth, boundary)) if self._few else score

    def _below(self, boundary: float) -> float:
        score = tail(-self.statistic(boundary), self.df)
        return max(score, _mid_p(self.worth - self._successes, self.worth, 1 - boundary)) if self._few else score

    @property
    def _successes(self) -> float:
        return self.estimate * self.worth

    @property
    def _few(self) -> bool:
        return min(self._successes, self.worth - self._successes) <= FEW_COUNTS

    def _ends(self, error: float) -> Interval:
        z, n, p = quantile(1 - error, self.df), self.worth, self.estimate
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        # Where all came out alike, one end is the very rate, which rounding must not miss.
        return Interval(p if p == 0 else middle - half, p if p == 1 else middle + half)


def _mid_p(successes: float, n: float, boundary: float) -> float:
    """P(more than `successes`) + P(as many) / 2 among n rows at the rate `boundary`; counts need not be whole."""
    least = float(betainc(successes, n - successes + 1, boundary)) if successes > 0 else 1.0
    more = float(betainc(successes + 1, n - successes, boundary)) if n > successes else 0.0
    return (least + more) / 2


def infer_rate(successes: int, n: int) -> WilsonRate:
    """Infer a rate from independent rows: Wilson's score interval, see `WilsonRate`.

    Args:
        successes: of the rows.
        n: rows.

    Raises:
        UsageError: no row, or more successes than rows.
    """
    if n < 1 or not 0 <= successes <= n:
        raise UsageError(f"{successes!r} of {n!r} rows is no rate", hint="give at least one row, and 0 to n successes")
    return WilsonRate(successes / n, n, "Wilson", 0.0, 1.0, _extreme_notes(successes, n), worth=float(n))


def _extreme_notes(successes: int, n: int) -> tuple[str, ...]:
    """The exact one-sided bound where all rows came out alike (which the rule of three, 3 / n, approximates)."""
    if 0 < successes < n:
        return ()
    what = "succeeded" if successes == 0 else "failed"
    bound = 1 - 0.05 ** (1 / n)
    return (f"0 of {n} {what}: with 95 % confidence at most {100 * bound:.2g} % do.",)


def _clustered_rate(values: Values, clusters: Sequence[str]) -> Bounded:
    """Wilson's interval with the effective number of rows, on t with the clusters' degrees of freedom (Korn & Graubard 1998).

    Where all rows came out alike, rows of a cluster are taken to be copies of each other.
    """
    n, successes, groups = len(values), int(values.sum()), len(set(clusters))
    notes = cluster_notes(groups)
    if groups < 2:
        return infer_mean(values, low=0.0, high=1.0, clusters=clusters)
    found = clustered(values, clusters)
    if successes in (0, n):
        notes = (*notes, *_extreme_notes(0 if successes == 0 else groups, groups))
        notes = (*notes, "No row of any cluster came out otherwise, so that each cluster counts as one row.")
        return WilsonRate(found.mean, n, "Wilson, clustered", 0.0, 1.0, notes, df=found.df, worth=float(groups))
    effect = design_effect(found, found.mean * (1 - found.mean))
    return WilsonRate(found.mean, n, "Wilson, clustered", 0.0, 1.0, notes, df=found.df, worth=n / effect)


def check_scores(scores: Scores) -> None:
    """Raise UsageError where scores cannot be used, naming metric and row.

    Raises:
        UsageError: no row, another number of values or clusters than of keys, a value that is not finite or outside of the scale.
    """
    metric, values = scores.metric, scores.values
    for what, count in (("values", len(values)), ("clusters", len(scores.clusters or scores.keys))):
        if count != len(scores.keys):
            raise UsageError(f"{metric!r} has {len(scores.keys)} keys and {count} {what}", hint="give one for each row")
    check_values(values, metric=metric, keys=scores.keys)
    low, high = -inf if scores.low is None else scores.low, inf if scores.high is None else scores.high
    wrong = np.flatnonzero((values < low) | (values > high))
    if len(wrong):
        row = int(wrong[0])
        raise UsageError(
            f"row {scores.keys[row]!r} of {metric!r} is {float(values[row])!r}, outside of its scale, {low!r} to {high!r}",
            hint="correct the metric's scale, or the evaluator that gave the score",
        )


def is_binary(scores: Scores) -> bool:
    """Whether each row's score is 0 or 1: a binary metric, and no repeats that disagree."""
    return scores.scale == "binary" and bool(np.all((scores.values == 0) | (scores.values == 1)))


def infer_scores(scores: Scores) -> Bounded:
    """Infer the mean of one metric: a rate where each row's score is 0 or 1, else a mean.

    Raises:
        UsageError: see `check_scores`.
    """
    check_scores(scores)
    if not is_binary(scores):
        low, high = (0.0, 1.0) if scores.scale == "binary" else (scores.low, scores.high)
        return infer_mean(scores.values, low=low, high=high, clusters=scores.clusters)
    if scores.clusters is not None:
        return _clustered_rate(scores.values, scores.clusters)
    return infer_rate(int(scores.values.sum()), len(scores.values))


def estimate(scores: Scores, *, confidence: float = 0.95) -> Estimate:
    """One metric of one run, with its interval.

    Raises:
        UsageError: see `check_scores`; or a confidence that is not between 0 and 1.
    """
    check_confidence(confidence)
    found = infer_scores(scores)
    notes = list(found.notes)
    lost = [f"{len(rows)} {what}" for rows, what in ((scores.missing, "not scored"), (scores.failed, "failed")) if rows]
    if lost:
        notes.append(f"Rows without a value are left out: {', '.join(lost)}.")
    return Estimate(
        metric=scores.metric,
        n=found.n,
        value=found.estimate,
        interval=found.interval(confidence),
        confidence=confidence,
        method=found.method,
        clusters=len(set(scores.clusters)) if scores.clusters is not None else None,
        notes=tuple(notes),
    )
