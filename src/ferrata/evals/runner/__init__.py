"""The runner: a target over a dataset under evaluators, recorded answer by answer."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.evals.runner.folder import EvalFolder
    from ferrata.evals.runner.reuse import Reuse
    from ferrata.evals.runner.run import (
        EvalSummary,
        existing,
        new_eval,
        resume_eval,
        reusable,
        run_eval,
        run_name,
        summary_of,
    )
    from ferrata.evals.runner.types import Asked, DataRow, EvalPlan, Options, Progress, StoppedEarly
else:
    __getattr__ = door(
        __name__,
        folder=["EvalFolder"],
        reuse=["Reuse"],
        run=[
            "EvalSummary",
            "existing",
            "new_eval",
            "resume_eval",
            "reusable",
            "run_eval",
            "run_name",
            "summary_of",
        ],
        types=["Asked", "DataRow", "EvalPlan", "Options", "Progress", "StoppedEarly"],
    )

__all__ = [
    "Asked",
    "DataRow",
    "EvalFolder",
    "EvalPlan",
    "EvalSummary",
    "Options",
    "Progress",
    "Reuse",
    "StoppedEarly",
    "existing",
    "new_eval",
    "resume_eval",
    "reusable",
    "run_eval",
    "run_name",
    "summary_of",
]
