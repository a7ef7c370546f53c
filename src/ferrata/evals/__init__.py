"""Evaluation: evaluators, and a runner that takes a target over a dataset."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.evals.judges import (
        AskingOptions,
        Judge,
        PromptyJudge,
        Rubric,
        judge_names,
        judge_prompt_path,
        judge_summaries,
        make_judge,
        read_rubric,
    )
    from ferrata.evals.types import Evaluator, Judging, Measure, Produced, Score, Scoring, Target, passes
else:
    __getattr__ = door(
        __name__,
        judges=[
            "AskingOptions",
            "Judge",
            "PromptyJudge",
            "Rubric",
            "judge_names",
            "judge_prompt_path",
            "judge_summaries",
            "make_judge",
            "read_rubric",
        ],
        types=["Evaluator", "Judging", "Measure", "Produced", "Score", "Scoring", "Target", "passes"],
    )

__all__ = [
    "AskingOptions",
    "Evaluator",
    "Judge",
    "Judging",
    "Measure",
    "Produced",
    "PromptyJudge",
    "Rubric",
    "Score",
    "Scoring",
    "Target",
    "judge_names",
    "judge_prompt_path",
    "judge_summaries",
    "make_judge",
    "passes",
    "read_rubric",
]
