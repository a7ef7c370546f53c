"""What a person wants to see of a comparison: the rows that changed most, and how scores are distributed. Decides nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ferrata.evals import rows_of_eval
from ferrata.gates.types import Change, Distribution

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ferrata.evals import EvalFolder
    from ferrata.gates.sides import Scored
    from ferrata.gates.types import RuleResult
    from ferrata.stats import Scores

__all__ = ["changes_of", "with_distributions"]

_MOST = 10
_BINS = 20
_FEW = 11
# Characters of an answer.
_LONGEST = 4000


class _Moved(NamedTuple):
    metric: str
    key: str
    before: float
    after: float
    better: float


def changes_of(
    rules: Sequence[RuleResult],
    baseline: Scored,
    candidate: Scored,
    *,
    before: EvalFolder | None = None,
    after: EvalFolder | None = None,
) -> list[Change]:
    """The rows whose scores changed most, the worst first, a few of each rule that compares.

    Args:
        rules: of the gate.
        baseline: scores of.
        candidate: likewise.
        before: the baseline's run, for its answers; None where there is only a file.
        after: the candidate's run.
    """
    metrics = list(dict.fromkeys(one.rule.metric for one in rules if one.comparison is not None))
    metrics = [metric for metric in metrics if metric in baseline.scores]
    moved = [one for metric in metrics for one in _moved(metric, baseline.scores[metric], candidate.scores[metric])]
    wanted = {one.key for one in moved}
    old, new = _rows(before, wanted), _rows(after, wanted)
    found: list[Change] = []
    for one in moved:
        row, was = new.get(one.key) or old.get(one.key), old.get(one.key)
        found.append(
            Change(
                one.metric,
                row.number if row else 0,
                one.key,
                one.before,
                one.after,
                dict(row.inputs) if row else {},
                was.text if was else "",
                row.text if row and one.key in new else "",
            )
        )
    return found


def _moved(metric: str, baseline: Scores, candidate: Scores) -> list[_Moved]:
    """The rows of one metric that changed most, in standard deviations so that metrics can be put side by side."""
    there = dict(zip(baseline.keys, baseline.values.tolist(), strict=True))
    sign = 1 if candidate.higher_is_better else -1
    both = [(k, there[k], v) for k, v in zip(candidate.keys, candidate.values.tolist(), strict=True) if k in there]
    rows = [_Moved(metric, key, was, now, sign * (now - was)) for key, was, now in both if was != now]
    rows.sort(key=lambda one: one.better)
    worst = [one for one in rows if one.better < 0][:_MOST]
    best = [one for one in rows if one.better > 0][-_MOST // 2 :]
    return worst + best


class _Row(NamedTuple):
    number: int
    inputs: Mapping[str, Any]
    text: str


def _rows(folder: EvalFolder | None, wanted: set[str]) -> dict[str, _Row]:
    if folder is None or not wanted:
        return {}
    found: dict[str, _Row] = {}
    for row in rows_of_eval(folder):
        if (key := row.key) in wanted and key not in found:
            said = row.error["message"] if row.error else _text(row.output)
            found[key] = _Row(row.number, row.inputs, str(said)[:_LONGEST])
    return found


def _text(output: Mapping[str, Any]) -> str:
    response = output.get("response")
    if isinstance(response, str):
        return response
    return json.dumps(response if response is not None else dict(output), ensure_ascii=False, default=str)


def with_distributions(rules: Iterable[RuleResult], candidate: Scored, baseline: Scored | None) -> list[RuleResult]:
    """The results with how the scores of both sides are distributed, over the same bins."""
    return [replace(one, distributions=_distributions(one.rule.metric, candidate, baseline)) for one in rules]


def _distributions(metric: str, candidate: Scored, baseline: Scored | None) -> dict[str, Distribution]:
    sides = {"baseline": baseline, "candidate": candidate}
    values = {name: side.scores[metric].values for name, side in sides.items() if side and metric in side.scores}
    values = {name: found[np.isfinite(found)] for name, found in values.items()}
    every = np.concatenate(list(values.values())) if values else np.empty(0)
    if not len(every):
        return {}
    edges = _edges(every, candidate.scores[metric])
    return {
        name: Distribution(edges.tolist(), [int(count) for count in np.histogram(found, edges)[0]])
        for name, found in values.items()
    }


def _edges(values: np.ndarray[Any, np.dtype[np.float64]], scores: Scores) -> np.ndarray[Any, np.dtype[np.float64]]:
    low = float(values.min()) if scores.low is None else min(scores.low, float(values.min()))
    high = float(values.max()) if scores.high is None else max(scores.high, float(values.max()))
    few = high - low < _FEW and bool((values == np.round(values)).all()) and low == round(low) and high == round(high)
    if few:  # a bin a number
        return np.arange(low - 0.5, high + 1.0)
    return np.linspace(low, high if high > low else low + 1.0, _BINS + 1)
