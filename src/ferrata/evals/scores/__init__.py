"""Scores by row, for statistics: of runs, and of any tool's files."""

from ferrata.evals.scores.comparing import Changed, Compared, compare_evals, compare_scores, of_one_scale
from ferrata.evals.scores.of_files import Columns, read_scores
from ferrata.evals.scores.of_runs import RowScores, key_of_values, row_scored, rows_scored, scores_of_eval

__all__ = [
    "Changed",
    "Columns",
    "Compared",
    "RowScores",
    "compare_evals",
    "compare_scores",
    "key_of_values",
    "of_one_scale",
    "read_scores",
    "row_scored",
    "rows_scored",
    "scores_of_eval",
]
