"""Several judges, and whatever is computed, as one evaluator: questions and answers over documents."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from ferrata.evals.evaluators import COMPUTED
from ferrata.evals.judges.answers import Scale
from ferrata.evals.judges.base import Judge
from ferrata.evals.judges.prompted import PromptJudge
from ferrata.evals.judges.specs import SPECS
from ferrata.evals.together import together
from ferrata.evals.types import passes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.evals.judges.asking import Asker
    from ferrata.evals.types import Score, Scoring

__all__ = ["QaJudge"]

_MEMBERS = ("groundedness", "relevance", "coherence", "fluency", "similarity")


def _usual() -> tuple[Scoring, ...]:
    return tuple(cast("Scoring", kind()) for kind in COMPUTED if kind.name == "f1_score")


class QaJudge(Judge):
    """Groundedness, relevance, coherence, fluency and similarity, and what is computed: F1 where nothing else is handed in.

    Args:
        asker: asks its model.
        others: computed evaluators that take of the same inputs; None: `f1_score`.
        threshold: of groundedness, or by key.
        expected: the judges' values are expected scores, where the model gives log probabilities.
    """

    def __init__(
        self,
        asker: Asker,
        *,
        others: Sequence[Scoring] | None = None,
        threshold: float | Mapping[str, float] | None = None,
        expected: bool = False,
    ) -> None:
        self.members = tuple(PromptJudge(SPECS[name], asker, expected=expected) for name in _MEMBERS)
        self.others = _usual() if others is None else tuple(others)
        everyone = (*self.members, *self.others)
        super().__init__(
            "qa",
            asker,
            measures=[measure for one in everyone for measure in one.measures],
            inputs=[frozenset({"query", "response", "context", "ground_truth"})],
            scale=Scale(1, 5),
            threshold=threshold,
            expected=expected,
            about=[one.digest for one in everyone],
        )

    async def judge(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """The scores of all, in the order of the measures; raises as `Judging.judge`, and what a computed one raises."""
        computed = [score for one in self.others for score in one.score(values)]  # first: they cost nothing
        asked = await together([partial(one.judge, values) for one in self.members])
        scores = [score for found in asked for score in found]
        return [
            replace(score, threshold=measure.threshold, passed=passes(score.value, measure))
            for score, measure in zip([*scores, *computed], self.measures, strict=True)
        ]
