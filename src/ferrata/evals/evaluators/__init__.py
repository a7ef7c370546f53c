"""Evaluators: what they have in common, and how they are found by name."""

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
    )
    from ferrata.evals.evaluators.registry import (
        ADAPTERS,
        Judged,
        KnownEvaluator,
        Makers,
        known_evaluators,
        make_evaluator,
    )
else:
    __getattr__ = door(
        __name__,
        base=["ComputedEvaluator", "EvaluatorBase", "JudgeBase", "failed", "is_missing", "merge_keys", "skipped"],
        registry=["ADAPTERS", "Judged", "KnownEvaluator", "Makers", "known_evaluators", "make_evaluator"],
    )

__all__ = [
    "ADAPTERS",
    "ComputedEvaluator",
    "EvaluatorBase",
    "JudgeBase",
    "Judged",
    "KnownEvaluator",
    "Makers",
    "failed",
    "is_missing",
    "known_evaluators",
    "make_evaluator",
    "merge_keys",
    "skipped",
]
