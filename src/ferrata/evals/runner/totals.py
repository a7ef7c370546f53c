"""Sums over a run's scores, kept as rows end: their size does not grow with the rows.

Intervals here are those of rows that are independent and run once; of others, `ferrata eval stats` has them. Knows no file and
no evaluator.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ferrata.evals.runner.records import read_score
from ferrata.evals.types import Measure
from ferrata.stats import Interval, mean_interval, rate_interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ferrata.evals.types import Score

__all__ = ["Durations", "KeyTotals", "Totals", "add_line"]

# Reasons of missing scores that are kept as examples, and their longest text.
_REASONS, _LONGEST = 3, 300
_BUCKETS_A_DOUBLING = 8


class KeyTotals:
    """Of one score.

    Attributes:
        measure: what it is.
        scored: rows with a value.
        missing: rows whose value could not be had.
        skipped: rows that are none for the evaluator, or that have a label and no value.
        passed: of the scored, those that passed.
        decided: of the scored, those that a threshold decided.
        reasons: why values are missing -> how often; the first few kinds.
    """

    def __init__(self, measure: Measure, *, repeats: int = 1) -> None:
        self.measure = measure
        self._repeats = repeats
        self.scored = self.missing = self.skipped = self.passed = self.decided = 0
        self.reasons: dict[str, int] = {}
        self._mean = self._squares = 0.0
        self._least, self._most = math.inf, -math.inf

    def add(self, score: Score) -> None:
        """Take in a score."""
        value = score.value
        if value is None:
            if score.status == "failed":
                self.miss(score.reason)
            else:  # the row is none for the evaluator, or has a label alone
                self.skipped += 1
            return
        self.scored += 1
        delta = value - self._mean  # Welford's way, which loses nothing where the mean is large
        self._mean += delta / self.scored
        self._squares += delta * (value - self._mean)
        self._least, self._most = min(self._least, value), max(self._most, value)
        if score.passed is not None:
            self.decided += 1
            self.passed += score.passed

    def miss(self, reason: str) -> None:
        """Count a value that could not be had."""
        self.missing += 1
        reason = reason[:_LONGEST]
        if reason in self.reasons or len(self.reasons) < _REASONS:
            self.reasons[reason] = self.reasons.get(reason, 0) + 1

    @property
    def mean(self) -> float | None:
        """Of the values; None without one."""
        return self._mean if self.scored else None

    @property
    def deviation(self) -> float | None:
        """The values' standard deviation (divisor n - 1); None with fewer than two."""
        return math.sqrt(self._squares / (self.scored - 1)) if self.scored > 1 else None

    @property
    def interval(self) -> Interval | None:
        """Of the mean, at 95 %: Wilson's of a rate, else Student's; None where a row was run several times, or nothing varies."""
        if self._repeats > 1:
            return None
        if self.measure.scale == "binary" and self._least in (0.0, 1.0) and self._most in (0.0, 1.0):
            return rate_interval(self.scored, self._mean)
        found = mean_interval(self.scored, self._mean, self.deviation or 0.0)
        low, high = self.measure.low, self.measure.high
        if found is None or (low is not None and self._least < low) or (high is not None and self._most > high):
            return found
        return Interval(
            found.low if low is None else max(low, found.low), found.high if high is None else min(high, found.high)
        )

    def as_json(self) -> dict[str, Any]:
        """All of it as data."""
        found: dict[str, Any] = {"mean": self.mean, "n": self.scored, "missing": self.missing}
        if (between := self.interval) is not None:
            found["interval"] = list(between)
        if self.skipped:
            found["skipped"] = self.skipped
        if self.scored:
            found |= {"min": self._least, "max": self._most}
        if self.scored > 1:
            found["stdev"] = self.deviation
        if self.decided:
            found |= {"pass_rate": self.passed / self.decided, "threshold": self.measure.threshold}
            if self._repeats == 1:
                found["pass_rate_interval"] = list(rate_interval(self.decided, self.passed / self.decided) or ())
        found["higher_is_better"] = self.measure.higher_is_better
        found["scale"] = self.measure.scale
        if self.reasons:
            found["missing_because"] = dict(self.reasons)
        return found


class Durations:
    """How long calls took, in buckets of a twelfth apart and less (9 %): quantiles are right to half of that."""

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}
        self.count = 0
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """Take in one."""
        self.count += 1
        self._sum += seconds
        bucket = math.floor(math.log2(max(seconds, 1e-6)) * _BUCKETS_A_DOUBLING)
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1

    @property
    def mean(self) -> float | None:
        """In seconds."""
        return self._sum / self.count if self.count else None

    def quantile(self, share: float) -> float | None:
        """The time within which so great a share ended, in seconds: the middle of its bucket."""
        if not self.count:
            return None
        left, bucket = share * self.count, 0
        for bucket in sorted(self._buckets):
            left -= self._buckets[bucket]
            if left <= 0:
                break
        return 2.0 ** ((bucket + 0.5) / _BUCKETS_A_DOUBLING)

    def as_json(self) -> dict[str, Any]:
        """Mean, median, 95th and 99th percentile in seconds."""
        return {
            "mean": self.mean,
            "p50": self.quantile(0.5),
            "p95": self.quantile(0.95),
            "p99": self.quantile(0.99),
            "n": self.count,
        }


class Totals:
    """Of a whole run.

    Attributes:
        keys: alias -> score's key -> its totals.
        completed: rows whose target answered.
        failed: rows whose target did not.
        reused: answers that were taken from an earlier run.
        errors: code of a target's error -> how often; messages of the first few kinds.
        latency: of the target.
    """

    def __init__(self, measures: Mapping[str, Iterable[Measure]], *, repeats: int = 1) -> None:
        self.keys = {alias: {m.key: KeyTotals(m, repeats=repeats) for m in given} for alias, given in measures.items()}
        self._repeats = repeats
        self.completed = self.failed = self.reused = 0
        self.errors: dict[str, dict[str, Any]] = {}
        self.latency = Durations()
        self.judges: dict[str, dict[str, float]] = {}

    def answered(self, seconds: float, *, reused: bool) -> None:
        """Count a row whose target answered."""
        self.completed += 1
        self.reused += reused
        self.latency.add(seconds)

    def refused(self, error: Mapping[str, Any]) -> None:
        """Count a row whose target failed; its scores are missing."""
        self.failed += 1
        kind = self.errors.setdefault(str(error.get("code")), {"count": 0, "message": error.get("message", "")})
        kind["count"] += 1
        for alias in self.keys:
            self.miss(alias, f"the target failed: {error.get('code')}")

    def add(self, alias: str, scores: Iterable[Score]) -> None:
        """Take in the scores of a row."""
        known = self.keys[alias]
        for score in scores:
            if score.key not in known:  # an evaluator of one's own gives what it likes
                measure = Measure(score.key, low=None, high=None, threshold=score.threshold)
                known[score.key] = KeyTotals(measure, repeats=self._repeats)
            known[score.key].add(score)

    def miss(self, alias: str, reason: str) -> None:
        """Count the scores of a row that could not be had."""
        for totals in self.keys[alias].values():
            totals.miss(reason)

    @property
    def missing(self) -> int:
        """Scores that could not be had, of all keys."""
        return sum(totals.missing for keys in self.keys.values() for totals in keys.values())

    def metrics(self) -> dict[str, Any]:
        """`ALIAS.KEY` -> its totals as data."""
        return {f"{alias}.{key}": totals.as_json() for alias, keys in self.keys.items() for key, totals in keys.items()}


def add_line(totals: Totals, line: dict[str, Any]) -> None:
    """Count a record of a run."""
    alias = line.get("evaluator")
    if alias is not None:
        if "error" in line:
            totals.miss(alias, f"{line['error']['code']}: {line['error']['message']}")
        else:
            totals.add(alias, [read_score(key, about) for key, about in line["scores"].items()])
        return
    if "error" in line:
        totals.refused(line["error"])
        return
    totals.answered(float(line.get("seconds") or 0.0), reused=bool(line.get("reused")))
    for name, scores in line.get("scores", {}).items():
        totals.add(name, [read_score(key, about) for key, about in scores.items()])
