"""Scores by row, for statistics: of runs, and of any tool's files."""

from ferrata.evals.scores.of_files import Columns, read_scores
from ferrata.evals.scores.of_runs import RowScores, key_of_row, row_scored, rows_scored, scores_of_eval

__all__ = ["Columns", "RowScores", "key_of_row", "read_scores", "row_scored", "rows_scored", "scores_of_eval"]
