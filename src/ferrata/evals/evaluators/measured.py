"""Evaluators of what an answer took: time, tokens, money. The runner measures; they hold it against a threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ferrata.evals.evaluators.base import ComputedEvaluator, skipped
from ferrata.evals.types import Measure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.evals.types import Score

__all__ = ["MEASURED"]


class Latency(ComputedEvaluator):
    """Seconds that the target took."""

    name: ClassVar[str] = "latency"
    needs: ClassVar[frozenset[str]] = frozenset({"latency_seconds"})
    usual: ClassVar[tuple[Measure, ...]] = (Measure("latency", high=None, higher_is_better=False),)

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Scoring.score`."""
        return self.made([float(values["latency_seconds"])])


class Tokens(ComputedEvaluator):
    """Tokens that the target's models read and wrote; skipped where nobody counted."""

    name: ClassVar[str] = "tokens"
    needs: ClassVar[frozenset[str]] = frozenset[str]()
    takes: ClassVar[frozenset[str]] = frozenset({"input_tokens", "output_tokens"})
    usual: ClassVar[tuple[Measure, ...]] = (
        Measure("tokens", high=None, higher_is_better=False),
        Measure("output_tokens", high=None, higher_is_better=False),
        Measure("input_tokens", high=None, higher_is_better=False),
    )

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Scoring.score`."""
        if values.get("input_tokens") is None and values.get("output_tokens") is None:
            return skipped(self.measures, "nobody counted tokens")
        read, written = int(values.get("input_tokens") or 0), int(values.get("output_tokens") or 0)
        return self.made([read + written, written, read])


class Cost(ComputedEvaluator):
    """US dollars that the target's models cost; skipped where the price is not known."""

    name: ClassVar[str] = "cost"
    needs: ClassVar[frozenset[str]] = frozenset[str]()
    takes: ClassVar[frozenset[str]] = frozenset({"cost_usd"})
    usual: ClassVar[tuple[Measure, ...]] = (Measure("cost", high=None, higher_is_better=False),)

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """As `Scoring.score`."""
        if values.get("cost_usd") is None:
            return skipped(self.measures, "the price is not known")
        return self.made([float(values["cost_usd"])])


MEASURED: tuple[type[ComputedEvaluator], ...] = (Latency, Tokens, Cost)
