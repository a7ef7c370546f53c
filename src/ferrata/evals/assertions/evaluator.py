"""The evaluator `assertions`: each row has its own, and one score is made of them. Knows no data file and no importer.

The score is the mean of the assertions' scores by their weights. A row passes where all assertions with a weight hold, or, with a
threshold, where the mean reaches it. Assertions that nobody could look at are left out of the mean and counted; the row then passes or fails
only where they could not change that.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from ferrata.evals.assertions.compute import compute_assertion
from ferrata.evals.assertions.read import read_assertions
from ferrata.evals.assertions.types import AssertionSet, Outcome
from ferrata.evals.evaluators import ComputedEvaluator, JudgeBase, skipped
from ferrata.evals.together import together
from ferrata.evals.types import Measure, Score

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.evals.assertions.types import Assertion, AssertionJudge

__all__ = ["Assertions", "JudgedAssertions"]

_NEEDS = frozenset({"response", "assertions"})
_TAKES = frozenset(
    {"assertions_threshold", "latency_ms", "cost", "finish_reason", "tools", "query", "context", "ground_truth"}
)
_MEASURES = (Measure("assertions"),)


class Assertions(ComputedEvaluator):
    """Assertions, as far as they can be computed.

    Inputs: `assertions`, a list as promptfoo has it; `assertions_threshold`, of the row. Properties of a score: `assertions` (kind,
    score, passed, weight, reason of each), `metrics` (named scores) and `unscored` (how many nobody could look at).
    """

    name: ClassVar[str] = "assertions"
    needs: ClassVar[frozenset[str]] = _NEEDS
    takes: ClassVar[frozenset[str]] = _TAKES
    usual: ClassVar[tuple[Measure, ...]] = _MEASURES

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """The row's score.

        Raises:
            UsageError: the row's assertions cannot be read.
        """
        items = read_assertions(values.get("assertions"))
        found = {id(one): compute_assertion(one, values) for one in _flat(items)}
        return [_scored(items, found, values, self.measures[0])]


class JudgedAssertions(JudgeBase):
    """Assertions, where some are judged.

    Args:
        judges: kind, as `llm-rubric`, -> whom to ask.
        judges_digest: changes when their answers could; part of the evaluator's digest.
        threshold: for rows without their own.
    """

    name: ClassVar[str] = "assertions"
    needs: ClassVar[frozenset[str]] = _NEEDS
    takes: ClassVar[frozenset[str]] = _TAKES
    usual: ClassVar[tuple[Measure, ...]] = _MEASURES

    def __init__(
        self, judges: Mapping[str, AssertionJudge], *, judges_digest: str = "", threshold: float | None = None
    ) -> None:
        super().__init__(threshold=threshold, judges=sorted(judges), judges_digest=judges_digest)
        self._judges = dict(judges)

    async def judge(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """The row's score.

        Raises:
            UsageError: the row's assertions cannot be read.
            ModelError: a judge's.
        """
        items = read_assertions(values.get("assertions"))
        found: dict[int, Outcome] = {}
        asked: list[Assertion] = []
        for one in _flat(items):
            if one.kind in self._judges and not one.transform:
                asked.append(one)
            else:
                found[id(one)] = compute_assertion(one, values)
        outcomes = await together([partial(self._judges[one.kind], one, values) for one in asked])
        found |= {id(one): outcome for one, outcome in zip(asked, outcomes, strict=True)}
        return [_scored(items, found, values, self.measures[0])]


def _flat(items: Sequence[Assertion | AssertionSet]) -> list[Assertion]:
    return [one for item in items for one in (item.assertions if isinstance(item, AssertionSet) else (item,))]


def _scored(
    items: Sequence[Assertion | AssertionSet], found: Mapping[int, Outcome], values: Mapping[str, Any], measure: Measure
) -> Score:
    if not items:
        return skipped([measure], "the row has no assertions")[0]
    given = values.get("assertions_threshold")
    threshold = measure.threshold if given is None or given == "" else float(given)
    outcomes = [
        _mean([(found[id(one)], one.weight, one.metric) for one in item.assertions], item.threshold)
        if isinstance(item, AssertionSet)
        else found[id(item)]
        for item in items
    ]
    whole = _mean([(o, i.weight, i.metric) for o, i in zip(outcomes, items, strict=True)], threshold)
    each = [
        {"type": one.name, "score": o.score, "passed": o.passed, "weight": one.weight, "reason": o.reason}
        for one in _flat(items)
        for o in [found[id(one)]]
    ]
    unscored = sum(one["score"] is None for one in each)
    metrics = {name: total / weight if weight else 0.0 for name, (total, weight) in whole.metrics.items()}
    properties = {"assertions": each, "metrics": metrics, "unscored": unscored}
    status = "failed" if whole.score is None else "completed"
    return Score(measure.key, whole.score, whole.passed, threshold, "", whole.reason, status, properties)


def _mean(parts: Sequence[tuple[Outcome, float, str]], threshold: float | None) -> Outcome:
    """Several outcomes as one: their mean by weight, and whether they pass together, where that is certain."""
    known = [(o.score, weight) for o, weight, _ in parts if o.score is not None]
    weight = sum(w for _, w in known)
    total = sum(score * w for score, w in known)
    score = None if not known else total / weight if weight else 0.0
    failing = next((o.reason for o, w, _ in parts if o.passed is False and w), None)
    missing = [o for o, w, _ in parts if o.passed is None and w]
    passed: bool | None
    if threshold is None:
        passed = False if failing is not None else None if missing else True
    else:
        # What nobody looked at may be worth anything from 0 to all of its weight.
        every = sum(w for _, w, _ in parts)
        open_weight = every - weight
        least, most = (total / every, (total + open_weight) / every) if every else (0.0, 0.0)
        passed = True if least >= threshold else False if most < threshold else None
    reason = failing or ""
    if passed is None:
        reason = f"{len(missing)} of {len(parts)} could not be looked at: {missing[0].reason}"
    return Outcome(score, passed, "" if passed else reason, _named(parts))


def _named(parts: Sequence[tuple[Outcome, float, str]]) -> dict[str, tuple[float, float]]:
    """Named scores: the sum by weight, and the weight."""
    found: dict[str, tuple[float, float]] = {}

    def add(name: str, total: float, weight: float) -> None:
        before = found.get(name, (0.0, 0.0))
        found[name] = (before[0] + total, before[1] + weight)

    for outcome, weight, metric in parts:
        if metric and outcome.score is not None:
            add(metric, outcome.score * weight, weight)
        for name, (total, inner) in outcome.metrics.items():
            if name != metric:
                add(name, total * weight, inner * weight)
    return found
