"""Evaluators that ask a model: prompts, asking until there is a valid answer, and what is made of answers."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.evals.judges.answers import Scale
    from ferrata.evals.judges.asking import Asker, AskingOptions, Verdict
    from ferrata.evals.judges.base import Judge
    from ferrata.evals.judges.composite import QaJudge
    from ferrata.evals.judges.judges import judge_names, judge_summaries, make_judge
    from ferrata.evals.judges.labels import LabelJudge
    from ferrata.evals.judges.preference import PreferenceJudge
    from ferrata.evals.judges.prompted import PromptJudge, PromptyJudge
    from ferrata.evals.judges.rubric import Dimension, Rubric, RubricJudge, read_rubric
    from ferrata.evals.judges.specs import SPECS, JudgeSpec, judge_prompt_path
else:
    __getattr__ = door(
        __name__,
        answers=["Scale"],
        asking=["Asker", "AskingOptions", "Verdict"],
        base=["Judge"],
        composite=["QaJudge"],
        judges=["judge_names", "judge_summaries", "make_judge"],
        labels=["LabelJudge"],
        preference=["PreferenceJudge"],
        prompted=["PromptJudge", "PromptyJudge"],
        rubric=["Dimension", "Rubric", "RubricJudge", "read_rubric"],
        specs=["SPECS", "JudgeSpec", "judge_prompt_path"],
    )

__all__ = [
    "SPECS",
    "Asker",
    "AskingOptions",
    "Dimension",
    "Judge",
    "JudgeSpec",
    "LabelJudge",
    "PreferenceJudge",
    "PromptJudge",
    "PromptyJudge",
    "QaJudge",
    "Rubric",
    "RubricJudge",
    "Scale",
    "Verdict",
    "judge_names",
    "judge_prompt_path",
    "judge_summaries",
    "make_judge",
    "read_rubric",
]
