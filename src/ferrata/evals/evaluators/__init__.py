"""Evaluators: what they have in common, and those that compute."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.evals.evaluators.base import (
        ComputedEvaluator,
        EvaluatorBase,
        JudgeBase,
        failed,
        is_missing,
        merge_keys,
        skipped,
        with_thresholds,
    )
    from ferrata.evals.evaluators.computed import COMPUTED
    from ferrata.evals.evaluators.custom import load_evaluator
    from ferrata.evals.evaluators.embedded import EmbeddingSimilarity
else:
    __getattr__ = door(
        __name__,
        base=[
            "ComputedEvaluator",
            "EvaluatorBase",
            "JudgeBase",
            "failed",
            "is_missing",
            "merge_keys",
            "skipped",
            "with_thresholds",
        ],
        computed=["COMPUTED"],
        custom=["load_evaluator"],
        embedded=["EmbeddingSimilarity"],
    )

__all__ = [
    "COMPUTED",
    "ComputedEvaluator",
    "EmbeddingSimilarity",
    "EvaluatorBase",
    "JudgeBase",
    "failed",
    "is_missing",
    "load_evaluator",
    "merge_keys",
    "skipped",
    "with_thresholds",
]
