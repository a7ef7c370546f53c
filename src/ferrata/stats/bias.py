"""What makes a judge err in one direction: length, position, kinship. Knows no judge, no person and no model's name."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from ferrata.errors import UsageError
from ferrata.stats.agreement import share_of
from ferrata.stats.arrays import cluster_sums, floats, within
from ferrata.stats.types import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Values = NDArray[np.float64]

__all__ = ["Bias", "PositionBias", "length_bias", "position_bias", "self_preference"]

FEW = 20


@dataclass(frozen=True)
class Bias:
    """One inclination of a judge.

    Attributes:
        name: `length`, `position`, `flips` or `self-preference`.
        estimate: none is 0.
        interval: of it.
        confidence: of the interval.
        n: rows or pairs.
        p_value: two-sided, against none; None where none is not to be expected.
        unit: of the estimate, in words.
        notes: what to know before one believes it.
    """

    name: str
    estimate: float
    interval: Interval
    confidence: float
    n: int
    p_value: float | None
    unit: str
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """All of it as data."""
        return {
            "name": self.name,
            "estimate": self.estimate,
            "interval": list(self.interval),
            "confidence": self.confidence,
            "n": self.n,
            "p_value": self.p_value,
            "unit": self.unit,
            "notes": list(self.notes),
        }


class PositionBias(NamedTuple):
    """Of a judge of pairs: how often position decides, and which position wins."""

    flips: Bias
    first: Bias


def length_bias(
    judge: ArrayLike,
    human: ArrayLike,
    lengths: ArrayLike,
    *,
    clusters: Sequence[str] | None = None,
    confidence: float = 0.95,
) -> Bias:
    """Whether the judge's error, judge less human, grows with the response: the slope per doubling of its length.

    A regression on the logarithm of the length; its standard error is the jackknife's over clusters (rows, where there are none),
    which presumes neither equal spread nor a normal distribution.

    Args:
        judge: the judge's scores, by row.
        human: people's scores of the same rows.
        lengths: of the responses, in words, tokens or characters; positive.
        clusters: of the rows.
        confidence: of the interval.

    Raises:
        UsageError: a number is NaN, lengths are not positive or all the same, or there are fewer than 5 rows or clusters.
    """
    errors = errors_of(judge, human, least=5)
    sizes = floats(lengths, "lengths", least=5)
    if len(sizes) != len(errors) or sizes.min() <= 0:
        raise UsageError("length bias: a positive length of each response is needed", hint="Leave empty responses out.")
    doublings = np.log2(sizes)
    doublings -= doublings.mean()
    if doublings.max() - doublings.min() < 1e-9:
        raise UsageError("length bias: all responses have the same length", hint="Label responses of several lengths.")
    sums = cluster_sums(
        np.column_stack([np.ones(len(errors)), doublings, errors, doublings**2, doublings * errors]), clusters
    )
    groups = len(sums)
    if groups < 5:
        raise UsageError(f"length bias: {groups} clusters, and at least 5 are needed", hint="Label more of them.")
    slope = float(slopes(sums.sum(axis=0)))
    without = slopes(sums.sum(axis=0) - sums)
    without = without[np.isfinite(without)]
    error = sqrt((groups - 1) / groups * float(((without - slope) ** 2).sum()))
    notes: list[str] = []
    if len(without) < groups or groups < FEW:
        notes.append(f"Only {groups} {'rows' if clusters is None else 'clusters'}: one of them may decide.")
    if error < 1e-12:
        notes.append(
            "All errors are the same, so nothing shows how exact the slope is; a step of the score is allowed for."
        )
        error = one_step(errors) / sqrt(float((doublings**2).sum()))
    return student(
        "length",
        slope,
        error,
        freedom=groups - 2,
        n=len(errors),
        confidence=confidence,
        notes=notes,
        unit="score per doubling of the response's length",
    )


def position_bias(forward: ArrayLike, swapped: ArrayLike, *, confidence: float = 0.95) -> PositionBias:
    """Whether a judge of pairs goes by the position: each pair was judged twice, with the positions exchanged.

    The interval of the preference is that of Bonett & Price 2012 ("Adjusted Wald confidence interval for a difference of binomial
    proportions based on paired data"): one pair more in which the first wins twice, and one in which the second does.

    Args:
        forward: by pair, how far the response that stood first was preferred: 1, 0, or 0.5 for a tie.
        swapped: the same response's, when it stood second.
        confidence: of the intervals.

    Raises:
        UsageError: a preference is not between 0 and 1, or the two have not the same pairs.
    """
    first = within(floats(forward, "preferences"), "preferences", low=0.0, high=1.0)
    second = within(floats(swapped, "preferences, swapped"), "preferences, swapped", low=0.0, high=1.0)
    if len(first) != len(second):
        raise UsageError(f"{len(first)} pairs were judged in one order and {len(second)} in the other")
    n = len(first)
    share = share_of(int((first != second).sum()), n, confidence)
    notes = (f"Only {n} pairs.",) if n < FEW else ()
    flips = Bias(
        "flips", share.value, share.interval, confidence, n, None, "share of pairs whose verdict changes", notes
    )
    gains = np.append(first - second, [1.0, -1.0]) / 2
    estimate = float(gains.sum()) / (n + 2)
    error = sqrt(float((gains**2).sum()) / (n + 2) - estimate**2) / sqrt(n + 2)
    half = float(ndtri((1.0 + confidence) / 2)) * error
    seen = float((first - second).mean()) / 2
    interval = Interval(max(-0.5, min(estimate - half, seen)), min(0.5, max(estimate + half, seen)))
    p_value = 2.0 * float(ndtr(-abs(estimate) / error))
    unit = "share of verdicts for the first position, less a half"
    return PositionBias(flips, Bias("position", seen, interval, confidence, n, p_value, unit, notes))


def self_preference(
    judge: ArrayLike,
    human: ArrayLike,
    own: Sequence[bool] | NDArray[np.bool_],
    *,
    clusters: Sequence[str] | None = None,
    confidence: float = 0.95,
) -> Bias:
    """Whether the judge errs upwards on responses of its own model family: mean error on these, less that on others'.

    Args:
        judge: the judge's scores, by row.
        human: people's scores of the same rows.
        own: whether the response is of the judge's family, by row.
        clusters: of the rows.
        confidence: of the interval.

    Raises:
        UsageError: a number is NaN, or either side has fewer than 3 rows or clusters.
    """
    errors = errors_of(judge, human, least=6)
    mine = np.asarray(own, dtype=bool)
    if len(mine) != len(errors):
        raise UsageError(f"self-preference: {len(mine)} families for {len(errors)} rows")
    sides = np.column_stack([mine * errors, mine, ~mine * errors, ~mine]).astype(np.float64)
    sums = cluster_sums(sides, clusters)
    groups = [int((sums[:, column] > 0).sum()) for column in (1, 3)]
    if min(groups) < 3:
        raise UsageError(
            f"self-preference: {groups[0]} of the judge's own family and {groups[1]} of others, and 3 of each are needed",
            hint="Label responses of both.",
        )
    means = [float(errors[mine].mean()), float(errors[~mine].mean())]
    own_part = (sums[:, 0] - means[0] * sums[:, 1]) / mine.sum()
    other_part = (sums[:, 2] - means[1] * sums[:, 3]) / (~mine).sum()
    parts = [
        float((part**2).sum()) * count / (count - 1) for part, count in ((own_part, groups[0]), (other_part, groups[1]))
    ]
    notes: list[str] = []
    if min(groups) < FEW:
        notes.append(f"Only {min(groups)} {'rows' if clusters is None else 'clusters'} on one side.")
    if min(parts) < 1e-12:
        notes.append("All errors of one side are the same; a step of the score either way is allowed for.")
        step = one_step(errors)
        parts = [max(part, 2 * step**2 / (count + 2) ** 2) for part, count in zip(parts, groups, strict=True)]
    # Where clusters hold rows of both sides, the parts are not independent.
    together = 2.0 * float((own_part * other_part).sum()) * min(groups) / (min(groups) - 1)
    variance = max(sum(parts) - together, 0.1 * sum(parts))
    freedom = sum(parts) ** 2 / sum(part**2 / (count - 1) for part, count in zip(parts, groups, strict=True))
    return student(
        "self-preference",
        means[0] - means[1],
        sqrt(variance),
        freedom=freedom,
        n=len(errors),
        confidence=confidence,
        notes=notes,
        unit="score",
    )


def errors_of(judge: ArrayLike, human: ArrayLike, *, least: int) -> Values:
    """Judge less human, by row."""
    scores, labels = floats(judge, "judge's scores", least=least), floats(human, "people's scores", least=least)
    if len(scores) != len(labels):
        raise UsageError(f"{len(scores)} scores of the judge and {len(labels)} of people", hint="Give the same rows.")
    return scores - labels


def slopes(sums: Values) -> Values:
    """Of the regression, from sums of 1, x, y, x * x and x * y in the last axis; NaN where x does not vary."""
    n, x, y, xx, xy = np.moveaxis(sums, -1, 0)
    spread = n * xx - x * x
    return np.divide(n * xy - x * y, spread, out=np.full_like(spread, np.nan), where=spread > 1e-9)


def one_step(errors: Values) -> float:
    """The least difference between two errors; 1 where all are the same."""
    distinct = np.unique(errors)
    return float(np.diff(distinct).min()) if len(distinct) > 1 else 1.0


def student(
    name: str,
    estimate: float,
    error: float,
    *,
    freedom: float,
    n: int,
    confidence: float,
    notes: Sequence[str],
    unit: str,
) -> Bias:
    """A bias by Student's t."""
    half = float(stdtrit(freedom, (1.0 + confidence) / 2)) * error
    p_value = 2.0 * float(stdtr(freedom, -abs(estimate) / error))
    return Bias(name, estimate, Interval(estimate - half, estimate + half), confidence, n, p_value, unit, tuple(notes))
