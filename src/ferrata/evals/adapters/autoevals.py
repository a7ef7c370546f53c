"""Scorers of autoevals: `autoevals:Levenshtein`. Knows of them their `eval(output, expected, ...)` and the `Score` that it gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ferrata.evals.adapters.base import Adapter
from ferrata.evals.evaluators.base import skipped
from ferrata.evals.evaluators.custom.making import Inputs
from ferrata.evals.evaluators.custom.results import scores_of
from ferrata.evals.types import Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.evals.types import Evaluator, Score

__all__ = ["AutoevalsAdapter"]

_THEIRS = {"response": "output", "ground_truth": "expected", "query": "input"}


class AutoevalsAdapter(Adapter):
    """To autoevals; it sends nothing of its own."""

    prefix: ClassVar[str] = "autoevals"
    package: ClassVar[str] = "autoevals"
    pip: ClassVar[str] = "autoevals"
    modules: ClassVar[tuple[str, ...]] = ("autoevals",)

    def wrap(self, made: Any, alias: str, threshold: float | None) -> Evaluator:
        """As `Adapter.wrap`."""

        def call(**values: Any) -> Any:
            return made.eval(**{_THEIRS.get(name, name): value for name, value in values.items()})

        inputs = Inputs(frozenset({"response"}), frozenset({"ground_truth", "query", "context"}))
        return self.judging(made, Measure(alias, threshold=threshold), inputs, call, read=_read)


def _read(found: Any, measures: Sequence[Measure]) -> list[Score]:
    about = dict(found.metadata or {})
    reason = str(about.pop("rationale", "") or "")
    if found.score is None:  # which it says of rows that are none for the scorer
        return skipped(measures, reason or f"{found.name} does not apply")
    return scores_of({"score": found.score, "reason": reason, "properties": about}, measures)
