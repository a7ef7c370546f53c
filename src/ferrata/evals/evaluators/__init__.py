"""Evaluators: what they have in common."""

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
