"""Evaluation: evaluators, and a runner that takes a target over a dataset."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.evals.evaluators.custom import evaluator, evaluator_of, load_evaluator
    from ferrata.evals.types import Evaluator, Judging, Measure, Produced, Score, Scoring, Target, passes
else:
    __getattr__ = door(
        __name__,
        evaluators__custom=["evaluator", "evaluator_of", "load_evaluator"],
        types=["Evaluator", "Judging", "Measure", "Produced", "Score", "Scoring", "Target", "passes"],
    )

__all__ = [
    "Evaluator",
    "Judging",
    "Measure",
    "Produced",
    "Score",
    "Scoring",
    "Target",
    "evaluator",
    "evaluator_of",
    "load_evaluator",
    "passes",
]
