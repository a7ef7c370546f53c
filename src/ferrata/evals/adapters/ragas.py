"""Metrics of ragas for single answers: `ragas:NonLLMStringSimilarity`.

Knows of them the two ways in which they score: with keywords (since 0.4), and a sample (before, and still).
"""

from __future__ import annotations

import inspect
import sys
import warnings
from typing import TYPE_CHECKING, Any, ClassVar

from ferrata.errors import UsageError
from ferrata.evals.adapters.base import Adapter, as_texts, renamed
from ferrata.evals.evaluators.custom.making import Inputs
from ferrata.evals.types import Measure

if TYPE_CHECKING:
    from ferrata.evals.types import Evaluator

__all__ = ["RagasAdapter"]

_OURS = {"user_input": "query", "reference": "ground_truth", "retrieved_contexts": "context"}
_LISTS = frozenset({"retrieved_contexts", "reference_contexts"})


class RagasAdapter(Adapter):
    """To ragas, with its usage tracking off."""

    prefix: ClassVar[str] = "ragas"
    package: ClassVar[str] = "ragas"
    pip: ClassVar[str] = "ragas"
    modules: ClassVar[tuple[str, ...]] = ("ragas.metrics.collections", "ragas.metrics")
    quiet = {"RAGAS_DO_NOT_TRACK": "true"}

    def be_quiet(self) -> None:
        """As `Adapter.be_quiet`; it remembers what it read before."""
        super().be_quiet()
        tracking = getattr(sys.modules.get("ragas._analytics"), "do_not_track", None)
        forget = getattr(tracking, "cache_clear", None)
        if forget is not None:
            forget()

    def find(self, name: str) -> Any:
        """As `Adapter.find`; of the old metrics it warns that they are old."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return super().find(name)

    def wrap(self, made: Any, alias: str, threshold: float | None) -> Evaluator:
        """As `Adapter.wrap`."""
        measure = Measure(alias, low=None, high=None, threshold=threshold)
        if hasattr(made, "ascore") and not hasattr(made, "single_turn_ascore"):
            parameters = inspect.signature(made.ascore).parameters.values()
            required = [p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
            further = [p.name for p in parameters if p.default is not p.empty]
        elif hasattr(made, "single_turn_ascore"):
            columns = [str(name) for name in made.required_columns.get("SINGLE_TURN", ())]
            required = [name for name in columns if not name.endswith(":optional")]
            further = [name.removesuffix(":optional") for name in columns if name.endswith(":optional")]
        else:
            raise UsageError(f"{type(made).__name__} of ragas does not score single answers")
        inputs = Inputs(renamed(required, _OURS), renamed(further, _OURS))
        return self.judging(made, measure, inputs, self._caller(made, [*required, *further]))

    def _caller(self, made: Any, names: list[str]) -> Any:
        async def call(**values: Any) -> dict[str, Any]:
            given: dict[str, Any] = {}
            for name in names:
                value = values.get(_OURS.get(name, name))
                if value is not None:
                    given[name] = as_texts(value) if name in _LISTS else value
            if hasattr(made, "single_turn_ascore"):
                samples: Any = self._load("ragas.dataset_schema")
                return {"score": await made.single_turn_ascore(samples.SingleTurnSample(**given))}
            found = await made.ascore(**given)
            return {"score": getattr(found, "value", found), "reason": getattr(found, "reason", None)}

        return call
