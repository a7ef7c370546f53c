"""Evaluation: evaluators, and a runner that takes a target over a dataset."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.evals.assertions import Assertions, JudgedAssertions
    from ferrata.evals.importing import Imported, files_of, import_promptfoo, write_imported
    from ferrata.evals.types import Evaluator, Judging, Measure, Produced, Score, Scoring, Target, passes
else:
    __getattr__ = door(
        __name__,
        assertions=["Assertions", "JudgedAssertions"],
        importing=["Imported", "files_of", "import_promptfoo", "write_imported"],
        types=["Evaluator", "Judging", "Measure", "Produced", "Score", "Scoring", "Target", "passes"],
    )

__all__ = [
    "Assertions",
    "Evaluator",
    "Imported",
    "JudgedAssertions",
    "Judging",
    "Measure",
    "Produced",
    "Score",
    "Scoring",
    "Target",
    "files_of",
    "import_promptfoo",
    "passes",
    "write_imported",
]
