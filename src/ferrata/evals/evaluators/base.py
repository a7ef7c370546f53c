"""What evaluators have in common: to be called with keywords, a digest of their settings, scores against thresholds.

Knows no single evaluator.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar

from ferrata.errors import UsageError
from ferrata.evals.types import Measure, Score, passes
from ferrata.redaction import hide_secrets

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "ComputedEvaluator",
    "EvaluatorBase",
    "JudgeBase",
    "failed",
    "is_missing",
    "merge_keys",
    "skipped",
    "with_thresholds",
]


def is_missing(value: Any) -> bool:
    """Whether an input is as good as not there: None, or a text of nothing but white space."""
    return value is None or (isinstance(value, str) and not value.strip())


def failed(measures: Sequence[Measure], reason: str) -> list[Score]:
    """Scores without a value, because none could be had; the reason without secrets."""
    reason = hide_secrets(reason)
    return [Score(m.key, None, threshold=m.threshold, reason=reason, status="failed") for m in measures]


def skipped(measures: Sequence[Measure], reason: str) -> list[Score]:
    """Scores without a value, because the row is not one for the evaluator."""
    return [Score(m.key, None, threshold=m.threshold, reason=reason, status="skipped") for m in measures]


def merge_keys(scores: Sequence[Score]) -> dict[str, Any]:
    """The conventional keys of several scores together."""
    found: dict[str, Any] = {}
    for score in scores:
        found |= score.as_keys()
    return found


class EvaluatorBase:
    """An evaluator with fixed inputs and measures.

    Args:
        threshold: of the main measure, in the place of its usual one; or by key.
        parameters: what else was set; part of the digest.

    Class attributes:
        name: of the kind.
        needs: inputs without which it cannot score.
        takes: further inputs.
        usual: the measures with their usual thresholds.
        version: changed by whoever changes what the scores are.
    """

    name: ClassVar[str]
    needs: ClassVar[frozenset[str]] = frozenset({"response"})
    takes: ClassVar[frozenset[str]] = frozenset()
    usual: ClassVar[tuple[Measure, ...]]
    version: ClassVar[str] = "1"

    def __init__(self, *, threshold: float | Mapping[str, float] | None = None, **parameters: Any) -> None:
        self.parameters = {key: value for key, value in parameters.items() if value is not None}
        self.measures: tuple[Measure, ...] = with_thresholds(self.usual, threshold, self.name)

    @property
    def digest(self) -> str:
        """Of kind, version, parameters and thresholds."""
        about = [self.name, self.version, self.parameters, [(m.key, m.threshold) for m in self.measures]]
        return sha256(json.dumps(about, sort_keys=True, default=repr).encode()).hexdigest()

    def made(self, values: Sequence[float | None], *, reason: str = "", **properties: Any) -> list[Score]:
        """Scores of values, one for each measure, against the thresholds; the properties go to the first."""
        scores: list[Score] = []
        for measure, value in zip(self.measures, values, strict=True):
            about = {} if scores else properties
            if value is None or math.isnan(value):
                why = reason or "no value could be computed"
                score = Score(measure.key, None, None, measure.threshold, "", why, "failed", about)
            else:
                known = float(value)
                score = Score(
                    measure.key, known, passes(known, measure), measure.threshold, "", reason, "completed", about
                )
            scores.append(score)
        return scores


class ComputedEvaluator(EvaluatorBase):
    """One that computes: a subclass gives `score`."""

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Scoring.score`."""
        raise TypeError(f"{type(self).__name__} does not say how it scores {sorted(values)}")

    def __call__(self, **values: Any) -> dict[str, Any]:
        """The conventional keys of one row, given as keywords.

        Raises:
            UsageError: an input that it needs is not there.
        """
        _check_needs(self, values)
        return merge_keys(self.score(values))


class JudgeBase(EvaluatorBase):
    """One that asks: a subclass gives `judge`.

    Attributes:
        opinion: it asks for an opinion, which people may not share; a model that makes embeddings has none.
    """

    opinion: ClassVar[bool] = True

    async def judge(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Judging.judge`."""
        raise TypeError(f"{type(self).__name__} does not say how it judges {sorted(values)}")

    def __call__(self, **values: Any) -> dict[str, Any]:
        """The conventional keys of one row, given as keywords; where an event loop runs, use `judge`.

        Raises:
            UsageError: an input that it needs is not there.
        """
        _check_needs(self, values)
        return merge_keys(asyncio.run(_awaited(self.judge(values))))


async def _awaited(scores: Any) -> Sequence[Score]:
    return await scores


def _check_needs(evaluator: EvaluatorBase, values: Mapping[str, Any]) -> None:
    missing = sorted(evaluator.needs - values.keys())
    if missing:
        names = ", ".join(repr(name) for name in missing)
        raise UsageError(
            f"{evaluator.name} needs {names}", hint=f"it takes {', '.join(sorted(evaluator.needs | evaluator.takes))}"
        )


def with_thresholds(
    measures: Sequence[Measure], threshold: float | Mapping[str, float] | None, name: str
) -> tuple[Measure, ...]:
    """The measures with other thresholds: of the main one, or by key; `name` is whose they are.

    Raises:
        UsageError: there is no measure of that key.
    """
    if threshold is None:
        return tuple(measures)
    given = threshold if isinstance(threshold, Mapping) else {measures[0].key: threshold}
    unknown = sorted(given.keys() - {m.key for m in measures})
    if unknown:
        keys = ", ".join(m.key for m in measures)
        raise UsageError(f"{name} has no score {unknown[0]!r}", hint=f"it gives {keys}")
    return tuple(replace(m, threshold=float(given[m.key])) if m.key in given else m for m in measures)
