"""Means from a judge's many scores and people's few labels. Knows no judge and no run.

Labelled rows must be a random sample of what was judged, labelled without a look at the judge's score.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtr, stdtrit

from ferrata.errors import UsageError
from ferrata.stats.arrays import cluster_sums, floats, within
from ferrata.stats.types import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Values = NDArray[np.float64]

__all__ = ["CorrectedDifference", "CorrectedMean", "prediction_powered", "prediction_powered_difference"]

# A scale with more values than these is taken for continuous.
STEPS = 11
# Of a continuous scale, the part by which a judge is taken to be wrong once more in each direction.
CONTINUOUS = 0.4
FEW_LABELS = 20


@dataclass(frozen=True)
class CorrectedMean:
    """A mean from a judge's scores and labelled rows; an `Inference` by Student's t.

    Attributes:
        estimate: within low to high.
        n: rows that the judge scored, the labelled ones not counted.
        labelled: rows with a label.
        error: standard error.
        freedom: degrees of freedom.
        trust: 0 to 1: how far the judge's scores are used (lambda of PPI++); 0: the labels alone.
        low: the least that the mean can be.
        high: the greatest.
        notes: what to know before one believes it.
    """

    estimate: float
    n: int
    labelled: int
    error: float
    freedom: float
    trust: float
    low: float
    high: float
    notes: tuple[str, ...] = ()
    method: str = "prediction-powered t"

    def interval(self, confidence: float = 0.95) -> Interval:
        """The two-sided interval, cut to what the mean can be."""
        half = float(stdtrit(self.freedom, (1.0 + confidence) / 2)) * self.error
        return Interval(max(self.low, self.estimate - half), min(self.high, self.estimate + half))

    def p_greater(self, boundary: float) -> float:
        """One-sided p-value against `mean <= boundary`."""
        if boundary < self.low or boundary >= self.high:
            return 0.0 if boundary < self.low else 1.0
        return float(stdtr(self.freedom, (boundary - self.estimate) / self.error))

    def p_less(self, boundary: float) -> float:
        """One-sided p-value against `mean >= boundary`."""
        if boundary > self.high or boundary <= self.low:
            return 0.0 if boundary > self.high else 1.0
        return float(stdtr(self.freedom, (self.estimate - boundary) / self.error))


def prediction_powered(
    judged: ArrayLike,
    judge_on_labelled: ArrayLike,
    human_on_labelled: ArrayLike,
    *,
    low: float,
    high: float,
    clusters: Sequence[str] | None = None,
    labelled_clusters: Sequence[str] | None = None,
) -> CorrectedMean:
    """The mean that people would have given, from many judged rows and few labelled ones.

    Angelopoulos, Duchi & Zrnic 2023, "PPI++: efficient prediction-powered inference": trust * mean(judged) + mean(human - trust *
    judge), with the trust that makes the variance least. The plain interval covers 45 to 95 % instead of 95 with 20 to 100 labels
    of a good judge, whose rare mistakes a small sample has not seen. So the judge is taken to be wrong once more in each
    direction, by a step of the scale (0.4 of a continuous one). Over 20 to 100 labels and 200 to 2,000 judged rows that covers 95 to
    100 % of binary labels, and 91 to 99 % of others; the least where one row in twenty gets a grossly wrong score.

    Args:
        judged: the judge's scores of rows without a label.
        judge_on_labelled: the judge's scores of the labelled rows.
        human_on_labelled: the labels, in the same order.
        low: the least that a score can be.
        high: the greatest.
        clusters: of the judged rows.
        labelled_clusters: of the labelled rows; a cluster may have rows of both kinds.

    Raises:
        UsageError: a score is NaN or out of bounds, the labels do not fit the scores, or there are fewer than 3.
    """
    many = within(floats(judged, "judge's scores", least=2), "judge's scores", low=low, high=high)
    few = within(floats(judge_on_labelled, "judge's scores of labelled rows"), "judge's scores", low=low, high=high)
    labels = within(floats(human_on_labelled, "labels", least=3), "labels", low=low, high=high)
    if len(few) != len(labels):
        raise UsageError(f"{len(few)} scores of the judge for {len(labels)} labels", hint="Give both for each row.")
    if (clusters is None) != (labelled_clusters is None):
        raise UsageError(
            "clusters were given for one kind of rows only", hint="Give them for labelled rows and others."
        )
    step = step_of(np.concatenate([many, few, labels]), low=low, high=high)
    judge, human = once_more_wrong(few, labels, step=step, low=low, high=high)
    trust = least_variance(many, judge, human)
    rest = human - trust * judge
    estimate = float(trust * many.mean() + rest.mean())
    if clusters is None or labelled_clusters is None:
        of_labels, of_judged = float(rest.var(ddof=1)) / len(rest), trust**2 * float(many.var(ddof=1)) / len(many)
        freedom = welch((of_labels, len(labels) - 2), (of_judged, len(many) - 1))
        error = sqrt(of_labels + of_judged)
    else:
        error, freedom = clustered(many, rest, trust=trust, names=(clusters, labelled_clusters))
    notes = notes_on(few, labels, trust=trust)
    estimate = min(high, max(low, estimate))
    return CorrectedMean(estimate, len(many), len(labels), error, freedom, trust, low, high, notes)


@dataclass(frozen=True)
class CorrectedDifference:
    """A difference under three readings of a judge's mistakes; an `Inference` that is right if one of them is.

    Attributes:
        estimate: the judge's own difference.
        n: rows of baseline and candidate together, or pairs.
        labelled: rows with a label.
        error: standard error of the judge's own difference.
        follow: slope of labels over the judge's scores, and its standard error.
        show: slope of the judge's scores over labels, and its standard error.
        freedom: degrees of freedom.
        most: the greatest that the difference can be; less of it is the least.
        notes: what to know before one believes it.
    """

    estimate: float
    n: int
    labelled: int
    error: float
    follow: tuple[float, float]
    show: tuple[float, float]
    freedom: float
    most: float
    notes: tuple[str, ...] = ()
    method: str = "judged difference, widest of three corrections"

    def interval(self, confidence: float = 0.95) -> Interval:
        """The two-sided interval that holds those of all readings, cut to what the difference can be."""
        error = (1.0 - confidence) / 2
        return Interval(-self._end(error, -1.0), self._end(error, 1.0))

    def _end(self, error: float, sign: float) -> float:
        """The greatest of `sign * difference` that is not refuted."""
        low, high = -self.most, self.most
        for _ in range(60):
            middle = (low + high) / 2
            # Against `sign * difference >= middle`.
            low, high = (middle, high) if self._p_value(-middle, -sign) >= error else (low, middle)
        return high

    def p_greater(self, boundary: float) -> float:
        """One-sided p-value against `difference <= boundary`: the largest of all readings."""
        return self._p_value(boundary, 1.0)

    def p_less(self, boundary: float) -> float:
        """One-sided p-value against `difference >= boundary`: the largest of all readings."""
        return self._p_value(-boundary, -1.0)

    def _p_value(self, boundary: float, sign: float) -> float:
        """Against `sign * difference <= boundary`."""
        if abs(boundary) > self.most:
            return 0.0 if boundary < 0.0 else 1.0
        shift, variance = sign * self.estimate, self.error**2
        slope, uncertain = self.follow
        follows = (slope * shift - boundary) / sqrt(slope**2 * variance + (shift**2 + variance) * uncertain**2)
        shown, uncertain = self.show
        # Fieller 1954: the difference times the slope is what the judge shows. Below its turning point it does not grow.
        turn = -shown * variance / (uncertain**2 * shift) if shift > 0.0 else -inf
        at = max(boundary, turn)
        unknown = shown <= 0.0 or uncertain == inf
        shows = -inf if unknown else (shift - at * shown) / sqrt(variance + (at * uncertain) ** 2)
        return float(stdtr(self.freedom, -min((shift - boundary) / self.error, follows, shows)))


def prediction_powered_difference(
    baseline: ArrayLike,
    candidate: ArrayLike,
    judge_on_labelled: ArrayLike,
    human_on_labelled: ArrayLike,
    *,
    low: float,
    high: float,
    paired: bool = True,
) -> CorrectedDifference:
    """The difference that people would have found between two runs that one judge scored, from labels of either run.

    There is no one right correction, so three are made and the interval holds all of them:

    - the judge's mistakes are as large on average in both runs: they cancel, and its own difference stands;
    - its scores depend on what people would say in the same way in both runs, as with a fixed sensitivity and specificity: then it
      shows less than the true difference, by the slope of its scores over the labels (0.6 at a sensitivity and specificity of 0.8);
    - labels depend on its scores in the same way in both runs: then the difference is less than it shows.

    None covers a judge that prefers one run for reasons of its own, as answers of its own model family or longer ones. Against that
    there are only labels of both runs: where the same rows of both have labels, give the differences of scores to
    `prediction_powered` (`low - high` to `high - low`), which assumes nothing of the kind.

    Args:
        baseline: the judge's scores of the baseline's rows.
        candidate: those of the candidate's rows, in the same order where paired.
        judge_on_labelled: the judge's scores of the labelled rows of either run.
        human_on_labelled: the labels, in the same order.
        low: the least that a score can be.
        high: the greatest.
        paired: whether the runs have the same rows.

    Raises:
        UsageError: a score is NaN or out of bounds, the lengths differ, or there are fewer than 5 labels.
    """
    before = within(floats(baseline, "baseline", least=2), "baseline", low=low, high=high)
    after = within(floats(candidate, "candidate", least=2), "candidate", low=low, high=high)
    few = within(floats(judge_on_labelled, "judge's scores of labelled rows"), "judge's scores", low=low, high=high)
    labels = within(floats(human_on_labelled, "labels", least=5), "labels", low=low, high=high)
    if len(few) != len(labels) or (paired and len(before) != len(after)):
        raise UsageError(
            f"{len(before)} and {len(after)} scores of the runs, {len(few)} of the labelled rows, {len(labels)} labels",
            hint="Each labelled row needs a score and a label, and paired runs the same rows.",
        )
    step = step_of(np.concatenate([before, after, few, labels]), low=low, high=high)
    if paired:
        apart = np.append(after - before, [step, -step])
        variance, n = float(apart.var(ddof=1)) / len(apart), len(before)
    else:
        padded = [np.append(run, run.mean() + [step / 2, -step / 2]) for run in (before, after)]
        variance, n = sum(float(run.var(ddof=1)) / len(run) for run in padded), len(before) + len(after)
    judge, human = once_more_wrong(few, labels, step=step, low=low, high=high)
    follow, show = slope_of(judge, human), slope_of(human, judge)
    shift, freedom = float(after.mean() - before.mean()), float(min(len(labels) - 2, n - 1))
    return CorrectedDifference(
        shift, n, len(labels), sqrt(variance), follow, show, freedom, high - low, notes_on_slope(show)
    )


def once_more_wrong(judge: Values, human: Values, *, step: float, low: float, high: float) -> tuple[Values, Values]:
    """Labelled rows, and two more in which the judge is wrong by a step, once in each direction, around people's mean."""
    middle = float(np.clip(human.mean(), low + step / 2, high - step / 2))
    ends = [middle - step / 2, middle + step / 2]
    return np.append(judge, ends), np.append(human, ends[::-1])


def notes_on(few: Values, labels: Values, *, trust: float) -> tuple[str, ...]:
    """What to know before one believes a corrected mean."""
    notes: list[str] = []
    if len(labels) < FEW_LABELS:
        notes.append(f"Only {len(labels)} labelled rows: the correction rests on few people's labels.")
    if np.array_equal(few, labels):
        notes.append(
            "Judge and people agree on all labelled rows; the interval allows for mistakes that these did not show."
        )
    if trust == 0.0:
        notes.append("The judge's scores tell nothing about the labels, so only the labels are used.")
    return tuple(notes)


def notes_on_slope(show: tuple[float, float]) -> tuple[str, ...]:
    """What to know before one believes a corrected difference; `show` is the slope of scores over labels, and its error."""
    first = "Labels of one run cannot show whether the judge prefers a run; label the same rows of both to know."
    if show[0] <= 0.0 or show[1] == inf:
        return first, "The labels do not show that the judge's scores rise with them, so any difference is possible."
    if show[0] < 0.5:
        return (
            first,
            f"Where people give 1 more, the judge gives {show[0]:.2f} more: it shows little of a true difference.",
        )
    return (first,)


def step_of(values: Values, *, low: float, high: float) -> float:
    """By how much a judge is wrong when it is: the step of a scale, or a part of a continuous one."""
    distinct = np.unique(values)
    if len(distinct) > STEPS:
        return CONTINUOUS * (high - low)
    return float(np.diff(distinct).min()) if len(distinct) > 1 else high - low


def least_variance(many: Values, judge: Values, human: Values) -> float:
    """The trust in the judge's scores, 0 to 1, that makes the variance of the corrected mean least."""
    together = float(np.cov(judge, human)[0, 1])
    spread = float(judge.var(ddof=1)) + len(judge) / len(many) * float(many.var(ddof=1))
    return min(1.0, max(0.0, together / spread)) if spread > 0.0 else 0.0


def welch(*parts: tuple[float, int]) -> float:
    """Degrees of freedom of a sum of variances of means, each with its own."""
    total = sum(variance for variance, _ in parts)
    return total**2 / sum(variance**2 / freedom for variance, freedom in parts) if total > 0.0 else inf


def clustered(
    many: Values, rest: Values, *, trust: float, names: tuple[Sequence[str], Sequence[str]]
) -> tuple[float, float]:
    """Standard error and degrees of freedom where rows share clusters; the two added rows are clusters of their own."""
    clusters, labelled_clusters = names
    if len(clusters) != len(many) or len(labelled_clusters) != len(rest) - 2:
        raise UsageError("not every row has a cluster", hint="Give one to each judged and each labelled row.")
    of_judged = trust * (many - many.mean()) / len(many)
    of_labels = (rest - rest.mean()) / len(rest)
    sums = cluster_sums(
        np.concatenate([of_judged, of_labels])[:, None],
        [*(f"={name}" for name in clusters), *(f"={name}" for name in labelled_clusters), "+", "-"],
    )
    groups = len(set(labelled_clusters))
    if groups < 3:
        raise UsageError(f"the labels are of {groups} clusters", hint="Label rows of at least 3 clusters.")
    # Clusters of unequal size tell less than their number says.
    sizes = np.unique(np.asarray(labelled_clusters, dtype=str), return_counts=True)[1].astype(float)
    effective = float(sizes.sum() ** 2 / (sizes**2).sum())
    return sqrt(groups / (groups - 1) * float((sums**2).sum())), max(1.0, effective - 1.0)


def slope_of(x: Values, y: Values) -> tuple[float, float]:
    """Of y over x, and its standard error that does not presume equal spread (HC3)."""
    apart = x - x.mean()
    total = float((apart**2).sum())
    slope = float((apart * y).sum()) / total
    rest = y - y.mean() - slope * apart
    leverage = 1.0 / len(x) + apart**2 / total
    if leverage.max() > 1.0 - 1e-9:
        # One row alone makes the slope, so nothing says how exact it is.
        return slope, inf
    return slope, sqrt(float(((apart * rest / (1.0 - leverage)) ** 2).sum())) / total
