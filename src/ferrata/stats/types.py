"""What statistics take and give: scores by row, estimates, comparisons. Knows no run, no file and no gate.

Everywhere: `confidence` is between 0 and 1, a p-value is one-sided unless its name says otherwise, a *row* is what was sampled,
a *cluster* is what rows of it share (a conversation, a document), and `better` is by the score's own direction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

__all__ = ["Comparison", "Estimate", "Inference", "Interval", "Scale", "Scores"]

Scale = Literal["binary", "ordinal", "continuous"]


class Interval(NamedTuple):
    """Of plausible values: low to high, both included. An end without a bound is infinite."""

    low: float
    high: float


@dataclass(frozen=True)
class Scores:
    """One metric over rows, repeats of a row already averaged; no value is NaN.

    Attributes:
        metric: its name.
        keys: of the rows, each once.
        values: shape (rows,), the mean over a row's repeats.
        clusters: of the rows; None where rows are independent.
        scale: of the single scores, before repeats were averaged.
        low: the least that a score can be; None: no bound.
        high: the greatest; None: no bound.
        higher_is_better: the direction.
        missing: keys of rows that have no value: nobody could score them.
        failed: keys of rows whose target failed.
    """

    metric: str
    keys: Sequence[str]
    values: Values
    clusters: Sequence[str] | None = None
    scale: Scale = "continuous"
    low: float | None = None
    high: float | None = None
    higher_is_better: bool = True
    missing: Sequence[str] = ()
    failed: Sequence[str] = ()


class Inference(Protocol):
    """What data say about one quantity. Interval and p-values are each other's inversions, so they never disagree."""

    @property
    def estimate(self) -> float:
        """The point estimate."""
        ...

    @property
    def n(self) -> int:
        """Rows (or pairs of rows) behind it."""
        ...

    @property
    def method(self) -> str:
        """For reports, as `Wilson` or `paired t`."""
        ...

    def interval(self, confidence: float = 0.95) -> Interval:
        """The two-sided interval, half of the error at each end."""
        ...

    def p_greater(self, boundary: float) -> float:
        """One-sided p-value against `quantity <= boundary`; small: it is greater."""
        ...

    def p_less(self, boundary: float) -> float:
        """One-sided p-value against `quantity >= boundary`; small: it is less."""
        ...


@dataclass(frozen=True)
class Estimate:
    """One metric of one run.

    Attributes:
        metric: its name.
        n: rows with a value.
        value: the mean, which is the rate where the score is 0 or 1.
        interval: of it.
        confidence: of the interval.
        method: that made the interval.
        clusters: how many, where rows are not independent.
        notes: what to know before one believes it, in sentences.
    """

    metric: str
    n: int
    value: float
    interval: Interval
    confidence: float
    method: str
    clusters: int | None = None
    notes: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        """All of it as data."""
        found: dict[str, Any] = {
            "metric": self.metric,
            "n": self.n,
            "value": self.value,
            "interval": [self.interval.low, self.interval.high],
            "confidence": self.confidence,
            "method": self.method,
        }
        return found | ({"clusters": self.clusters} if self.clusters else {}) | {"notes": list(self.notes)}


@dataclass(frozen=True)
class Comparison:
    """One metric of two runs, candidate less baseline.

    Attributes:
        metric: its name.
        paired: over the rows that both have; else over all rows of each.
        n: pairs, or rows of baseline and candidate together.
        baseline: mean over these rows.
        candidate: mean over these rows.
        difference: candidate less baseline.
        interval: of the difference.
        confidence: of the interval.
        p_value: two-sided, against no difference.
        test: that gave it.
        effect: the difference in standard deviations (of the differences where paired, pooled otherwise); None: they do not vary.
        power: probability to see a true difference of `power_for` with these rows, two-sided at 1 - confidence.
        power_for: the difference meant, in the score's units.
        smallest: the smallest true difference that is seen with a probability of 0.8.
        higher_is_better: the direction.
        better: pairs in which the candidate is better.
        worse: pairs in which it is worse.
        clusters: how many, where rows are not independent.
        notes: what to know before one believes it, in sentences.
        inference: on the difference, for further questions.
        unpaired: the same as if the rows were not the same; None where this is that.
    """

    metric: str
    paired: bool
    n: int
    baseline: float
    candidate: float
    difference: float
    interval: Interval
    confidence: float
    p_value: float
    test: str
    effect: float | None
    power: float | None
    power_for: float | None
    smallest: float | None
    higher_is_better: bool = True
    better: int = 0
    worse: int = 0
    clusters: int | None = None
    notes: Sequence[str] = ()
    inference: Inference | None = field(default=None, repr=False, compare=False)
    unpaired: Comparison | None = None

    @property
    def verdict(self) -> Literal["better", "worse", "no difference seen"]:
        """What the interval says, without a margin."""
        if self.interval.low > 0 or self.interval.high < 0:
            return "better" if (self.difference > 0) == self.higher_is_better else "worse"
        return "no difference seen"

    def as_json(self) -> dict[str, Any]:
        """All of it as data."""
        found: dict[str, Any] = {
            "metric": self.metric,
            "paired": self.paired,
            "n": self.n,
            "baseline": self.baseline,
            "candidate": self.candidate,
            "difference": self.difference,
            "interval": [self.interval.low, self.interval.high],
            "confidence": self.confidence,
            "p_value": self.p_value,
            "test": self.test,
            "effect": self.effect,
            "power": self.power,
            "power_for": self.power_for,
            "smallest_detectable": self.smallest,
            "higher_is_better": self.higher_is_better,
            "verdict": self.verdict,
        }
        if self.paired:
            found |= {"better": self.better, "worse": self.worse}
        if self.clusters:
            found["clusters"] = self.clusters
        found["notes"] = list(self.notes)
        if self.unpaired is not None:
            found["unpaired"] = self.unpaired.as_json()
        return found
