"""Two sets of scores side by side: what statistics say, and which rows changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrata.errors import UsageError
from ferrata.evals.scores.of_runs import rows_scored, scores_of_eval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.evals.runner import EvalFolder
    from ferrata.stats import Comparison, Scale, Scores

__all__ = ["Changed", "Compared", "compare_evals", "compare_scores", "of_one_scale"]

_MOST_CHANGED = 5
_SCALES: tuple[Scale, ...] = ("binary", "ordinal", "continuous")


class Changed(NamedTuple):
    """A row whose score is another.

    Attributes:
        key: what the row is known by.
        before: its score, over repeats.
        after: likewise.
        row: its number in the data; None where nobody knows.
    """

    key: str
    before: float
    after: float
    row: int | None = None


@dataclass(frozen=True)
class Compared:
    """One score in two runs.

    Attributes:
        comparison: what statistics say: paired where the runs share rows, and beside it as if they did not.
        only_before: rows with a value in the first alone.
        only_after: rows with a value in the second alone.
        changed: rows that changed, the worst changes first.
    """

    comparison: Comparison
    only_before: int
    only_after: int
    changed: Sequence[Changed]

    @property
    def metric(self) -> str:
        """Its name, `ALIAS.KEY` of a run."""
        return self.comparison.metric

    @property
    def difference(self) -> float:
        """Second mean less the first."""
        return self.comparison.difference

    def as_json(self) -> dict[str, Any]:
        """All of it as data."""
        changed = [{name: value for name, value in one._asdict().items() if value is not None} for one in self.changed]
        alone = {"only_before": self.only_before, "only_after": self.only_after}
        return {**self.comparison.as_json(), **alone, "changed": changed}


def compare_evals(
    before: EvalFolder,
    after: EvalFolder,
    *,
    cluster: str | None = None,
    confidence: float = 0.95,
    effect: float | None = None,
) -> list[Compared]:
    """Two runs, row by row: rows are the same where their inputs are. Repeats of a row are averaged first.

    Args:
        before: a run.
        after: another.
        cluster: a column of the data that rows share which are not independent.
        confidence: of the intervals.
        effect: the difference that power is told for; a usual one where it is None.

    Raises:
        UsageError: a row has no such column, or the runs have no score in common.
    """
    found = compare_scores(
        scores_of_eval(before, cluster=cluster),
        scores_of_eval(after, cluster=cluster),
        confidence=confidence,
        effect=effect,
    )
    wanted = {change.key for one in found for change in one.changed}
    numbers = {row.key: row.number for row in rows_scored(after) if row.key in wanted} if wanted else {}
    return [
        replace(one, changed=[change._replace(row=numbers.get(change.key)) for change in one.changed]) for one in found
    ]


def compare_scores(
    before: Mapping[str, Scores],
    after: Mapping[str, Scores],
    *,
    confidence: float = 0.95,
    effect: float | None = None,
) -> list[Compared]:
    """The metrics that both have values of.

    Args:
        before: metric -> its scores.
        after: likewise.
        confidence: of the intervals.
        effect: the difference that power is told for; a usual one where it is None.

    Raises:
        UsageError: there is none.
    """
    shared = [name for name in before if name in after and len(before[name].keys) and len(after[name].keys)]
    if not shared:
        raise UsageError(
            "there is no score in common",
            hint=f"one has {', '.join(before) or 'none'}, the other {', '.join(after) or 'none'}",
        )
    return [_compared(before[name], after[name], confidence, effect) for name in shared]


def _compared(one: Scores, other: Scores, confidence: float, effect: float | None) -> Compared:
    from ferrata.stats import compare

    one, other = of_one_scale(one, other), of_one_scale(other, one)
    first = dict(zip(one.keys, one.values.tolist(), strict=True))
    second = dict(zip(other.keys, other.values.tolist(), strict=True))
    sign = 1 if other.higher_is_better else -1
    changed = [Changed(key, first[key], second[key]) for key in first if key in second and first[key] != second[key]]
    changed.sort(key=lambda change: sign * (change.after - change.before))
    return Compared(
        compare(one, other, confidence=confidence, effect=effect),
        len(first.keys() - second.keys()),
        len(second.keys() - first.keys()),
        changed[:_MOST_CHANGED],
    )


def of_one_scale(scores: Scores, other: Scores) -> Scores:
    """Scores on the scale and within the bounds that hold others too: what a file's values show is no more than those values."""
    scale = max(scores.scale, other.scale, key=_SCALES.index)
    low = None if scores.low is None or other.low is None else min(scores.low, other.low)
    high = None if scores.high is None or other.high is None else max(scores.high, other.high)
    return replace(scores, scale=scale, low=low, high=high)
