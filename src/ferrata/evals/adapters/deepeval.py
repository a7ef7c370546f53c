"""Metrics of deepeval: `deepeval:ExactMatchMetric`. Knows of them the test case that they measure and what they keep of it."""

from __future__ import annotations

import copy
import inspect
from typing import TYPE_CHECKING, Any, ClassVar

from ferrata.evals.adapters.base import Adapter, as_texts, renamed
from ferrata.evals.evaluators.custom.making import Inputs
from ferrata.evals.types import Measure

if TYPE_CHECKING:
    from ferrata.evals.types import Evaluator

__all__ = ["DeepevalAdapter"]

_OURS = {
    "input": "query",
    "actual_output": "response",
    "expected_output": "ground_truth",
    "retrieval_context": "context",
}
_LISTS = frozenset({"context", "retrieval_context"})


class DeepevalAdapter(Adapter):
    """To deepeval, with its telemetry off."""

    prefix: ClassVar[str] = "deepeval"
    package: ClassVar[str] = "deepeval"
    pip: ClassVar[str] = "deepeval"
    modules: ClassVar[tuple[str, ...]] = ("deepeval.metrics",)
    quiet = {"DEEPEVAL_TELEMETRY_OPT_OUT": "1"}

    def wrap(self, made: Any, alias: str, threshold: float | None) -> Evaluator:
        """As `Adapter.wrap`."""
        cases: Any = self._load("deepeval.test_case")
        theirs = [str(getattr(one, "value", one)) for one in getattr(made, "_required_params", ())] or ["actual_output"]
        needs = renamed(theirs, _OURS)
        hidden = {"_show_indicator": False} if "_show_indicator" in inspect.signature(made.a_measure).parameters else {}

        async def call(**values: Any) -> dict[str, Any]:
            given: dict[str, Any] = {"input": "", "actual_output": ""}
            for name in {*theirs, *_OURS}:
                value = values.get(_OURS.get(name, name))
                if value is not None:
                    given[name] = as_texts(value) if name in _LISTS else value
            metric = copy.copy(made)  # it keeps what it finds, and rows run at the same time
            await metric.a_measure(cases.LLMTestCase(**given), **hidden)
            if getattr(metric, "skipped", False):
                return {"score": None, "status": "skipped", "reason": metric.reason}
            return {"score": metric.score, "reason": metric.reason, "properties": {}}

        limit = threshold if threshold is not None else getattr(made, "threshold", None)
        measure = Measure(alias, higher_is_better=_is_higher_better(made), threshold=limit)
        return self.judging(made, measure, Inputs(needs, frozenset(_OURS.values()) - needs), call)


def _is_higher_better(made: Any) -> bool:
    """Which way a metric decides: asked of a copy that found nothing at all."""
    probe = copy.copy(made)
    probe.score, probe.threshold, probe.error = 0.0, 0.5, None
    return not probe.is_successful()
