"""The scores of a run. Rows of two runs are the same where their inputs are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ferrata.errors import UsageError
from ferrata.evals.runner import EvalRow, row_of_eval, rows_of_eval
from ferrata.evals.runner.records import key_of, sorted_text
from ferrata.evals.scores.table import ScoreTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ferrata.evals.runner import EvalFolder
    from ferrata.stats import Scores

__all__ = ["RATE_KEY", "RowScores", "key_of_values", "row_scored", "rows_scored", "scores_of_eval"]

RATE_KEY = "pass_rate"
_PASSED = {"scale": "binary", "low": 0.0, "high": 1.0, "higher_is_better": True}


class RowScores(NamedTuple):
    """One row of a run (one of its repeats).

    Attributes:
        key: of its inputs.
        number: of the row in the data.
        cluster: what it shares with other rows; None where nobody asked.
        values: `ALIAS.KEY` -> value, None where it is missing; what is none for the row is left out. `ALIAS.KEY.pass_rate` -> 1
            where it passed its threshold, else 0.
        failed: the target failed.
    """

    key: str
    number: int
    cluster: str | None
    values: dict[str, float | None]
    failed: bool


def key_of_values(values: Mapping[str, Any]) -> str:
    """The key that a row with these columns has in every run, `EvalRow.key`."""
    return key_of(sorted_text(values))


def rows_scored(folder: EvalFolder, *, cluster: str | None = None) -> Iterator[RowScores]:
    """The rows of a run as statistics need them, one at a time.

    Args:
        folder: the run.
        cluster: a column of the data.

    Raises:
        UsageError: a row has no such column.
    """
    seen = False
    for row in rows_of_eval(folder):
        if cluster is not None and row.inputs.get(cluster) is None:
            raise _no_cluster(row, cluster, seen)
        seen = True
        shared = None if cluster is None else str(row.inputs[cluster])
        yield _scored(folder, row, shared)


def _no_cluster(row: EvalRow, cluster: str, others: bool) -> UsageError:
    """The error for a row without its cluster; `others` have one."""
    if others or cluster in row.inputs:
        said = f"{row.place}: this row has no value in {cluster!r} to tell clusters by"
        return UsageError(said, hint="give it one in the data, and evaluate them again")
    columns = ", ".join(row.inputs)
    return UsageError(f"{row.place}: there is no {cluster!r} to tell clusters by; the columns are {columns}")


def row_scored(folder: EvalFolder, unit: int) -> RowScores | None:
    """One row of a run that may still go on, as `rows_scored` gives it; None until all its parts have ended.

    Args:
        folder: the run.
        unit: the row's number times the number of repeats, plus the repeat.
    """
    row = row_of_eval(folder, unit)
    return None if row is None else _scored(folder, row, None)


def _scored(folder: EvalFolder, row: EvalRow, cluster: str | None) -> RowScores:
    values: dict[str, float | None] = {}
    for alias, scores in row.scores.items():
        for score in scores:
            if score.value is None and score.status != "failed":
                continue
            values[f"{alias}.{score.key}"] = score.value
            if score.threshold is not None or score.passed is not None:
                values[f"{alias}.{score.key}.{RATE_KEY}"] = None if score.passed is None else float(score.passed)
    for alias in row.judge_errors:
        values |= dict.fromkeys(_metrics(folder, alias))
    return RowScores(row.key, row.number, cluster, values, row.error is not None)


def _metrics(folder: EvalFolder, alias: str) -> list[str]:
    about = next((one for one in folder.document.get("evaluators", []) if one["alias"] == alias), None)
    if about is None:
        return []
    names = [f"{alias}.{measure['key']}" for measure in about["measures"]]
    decided = [measure["threshold"] is not None for measure in about["measures"]]
    return names + [f"{name}.{RATE_KEY}" for name, by in zip(names, decided, strict=True) if by]


def scores_of_eval(folder: EvalFolder, *, cluster: str | None = None, pass_rates: bool = False) -> dict[str, Scores]:
    """`ALIAS.KEY` -> the scores of a run, repeats of a row averaged.

    Args:
        folder: the run.
        cluster: a column of the data that rows share which are not independent, as `conversation`.
        pass_rates: also `ALIAS.KEY.pass_rate`, by row 1 or 0, where a threshold decides.

    Raises:
        UsageError: a row has no such column.
    """
    table = ScoreTable()
    for row in rows_scored(folder, cluster=cluster):
        number = table.row(row.key, row.cluster)
        if row.failed:
            table.fail(number)
        for metric, value in row.values.items():
            if not pass_rates and metric.endswith(f".{RATE_KEY}"):
                continue
            if value is None:
                table.miss(number, metric)
            else:
                table.add(number, metric, value)
    known = {f"{one['alias']}.{m['key']}": m for one in folder.document.get("evaluators", []) for m in one["measures"]}
    names = dict.fromkeys([*known, *table.metrics])
    return {name: table.scores(name, **_about(name, known.get(name, {}))) for name in names}


def _about(name: str, measure: dict[str, Any]) -> dict[str, Any]:
    if name.endswith(f".{RATE_KEY}"):
        return dict(_PASSED)
    return {name: measure[name] for name in ("scale", "low", "high", "higher_is_better") if name in measure}
