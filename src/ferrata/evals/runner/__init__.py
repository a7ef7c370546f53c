"""The runner: a target over a dataset under evaluators, recorded answer by answer."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.evals.runner.folder import EvalFolder
    from ferrata.evals.runner.picked import pick_rows
    from ferrata.evals.runner.ray import RayEngine, Worker
    from ferrata.evals.runner.results import EvalRow, flat_row, row_of_eval, rows_of_eval
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
    from ferrata.evals.runner.totals import KeyTotals, Totals
    from ferrata.evals.runner.types import Asked, DataRow, EvalPlan, Options, Progress, StoppedEarly
    from ferrata.evals.runner.values import values_for
else:
    __getattr__ = door(
        __name__,
        folder=["EvalFolder"],
        picked=["pick_rows"],
        ray=["RayEngine", "Worker"],
        results=["EvalRow", "flat_row", "row_of_eval", "rows_of_eval"],
        reuse=["Reuse"],
        run=["EvalSummary", "existing", "new_eval", "resume_eval", "reusable", "run_eval", "run_name", "summary_of"],
        totals=["KeyTotals", "Totals"],
        types=["Asked", "DataRow", "EvalPlan", "Options", "Progress", "StoppedEarly"],
        values=["values_for"],
    )

__all__ = [
    "Asked",
    "DataRow",
    "EvalFolder",
    "EvalPlan",
    "EvalRow",
    "EvalSummary",
    "KeyTotals",
    "Options",
    "Progress",
    "RayEngine",
    "Reuse",
    "StoppedEarly",
    "Totals",
    "Worker",
    "existing",
    "flat_row",
    "new_eval",
    "pick_rows",
    "resume_eval",
    "reusable",
    "row_of_eval",
    "rows_of_eval",
    "run_eval",
    "run_name",
    "summary_of",
    "values_for",
]
