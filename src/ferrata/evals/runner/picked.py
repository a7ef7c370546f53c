"""Rows of runs as rows for a dataset: those whose scores are low, or high, or all. Knows no file of a dataset."""

from __future__ import annotations

from collections import Counter
from hashlib import file_digest
from typing import TYPE_CHECKING, Any

from ferrata.datasets import FoundRows, Source
from ferrata.errors import UsageError
from ferrata.evals.runner.results import rows_of_eval

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ferrata.evals.runner.folder import EvalFolder
    from ferrata.evals.runner.results import EvalRow

__all__ = ["pick_rows"]


def pick_rows(
    runs: Sequence[EvalFolder], *, below: Mapping[str, float] | None = None, above: Mapping[str, float] | None = None
) -> FoundRows:
    """The rows of runs, each with its columns, what the target made of them, its scores and where it is from.

    Beside the columns: `response` and the target's other outputs, `status` (`ok`, or `error` with `error`), `scores` and `reasons` by
    `ALIAS.KEY`, `eval_run` and `eval_row`, and `id` where the row has none. Columns of these names give way.

    Args:
        runs: open for reading.
        below: score, as `ALIAS.KEY`, or one of both where no other score has it -> rows with less are taken.
        above: likewise, rows with more. With several scores, one is enough; with none, all rows are taken.

    Raises:
        UsageError: a run has no such score, or several.
    """
    limits = [(name, value, 1) for name, value in (below or {}).items()]
    limits += [(name, value, -1) for name, value in (above or {}).items()]
    found: list[dict[str, Any]] = []
    sources: list[Source] = []
    dropped: Counter[str] = Counter()
    seen = 0
    for run in runs:
        rows = list(rows_of_eval(run))
        wanted = [(_score_named(name, rows, run), value, sign) for name, value, sign in limits]
        before = len(found)
        for row in rows:
            why = _why_not(_values(row), wanted)
            if why:
                dropped[why] += 1
            else:
                found.append(_as_row(row, run.name))
        seen += len(rows)
        sources.append(_source(run, len(found) - before))
    step: dict[str, Any] = {"step": "select", "runs": [run.name for run in runs], "rows": seen}
    step |= {name: dict(asked) for name, asked in (("below", below), ("above", above)) if asked}
    return FoundRows(found, tuple(sources), step, [], dict(dropped))


def _values(row: EvalRow) -> dict[str, float | None]:
    return {f"{alias}.{score.key}": score.value for alias, scores in row.scores.items() for score in scores}


def _score_named(name: str, rows: Iterable[EvalRow], run: EvalFolder) -> str:
    known = {(alias, score.key): None for row in rows for alias, scores in row.scores.items() for score in scores}
    for same in (
        [one for one in known if ".".join(one) == name],
        [one for one in known if one[1] == name],
        [one for one in known if one[0] == name],
    ):
        if len(same) == 1:
            return ".".join(same[0])
        if same:
            raise UsageError(
                f"the run {run.name!r} has several scores {name!r}", hint=f"name {' or '.join(map('.'.join, same))}"
            )
    names = ", ".join(map(".".join, known)) or "none"
    raise UsageError(f"the run {run.name!r} has no score {name!r}", hint=f"its scores are: {names}")


def _why_not(values: Mapping[str, float | None], wanted: Sequence[tuple[str, float, int]]) -> str:
    """Why a row is not taken; empty where it is."""
    if not wanted:
        return ""
    there = [(value, limit, sign) for name, limit, sign in wanted if (value := values.get(name)) is not None]
    if any(sign * value < sign * limit for value, limit, sign in there):
        return ""
    return "within the limits" if there else "no score"


def _as_row(row: EvalRow, run: str) -> dict[str, Any]:
    made = dict(row.inputs)
    made.setdefault("id", f"{run}:{row.number}" + (f":{row.repeat}" if row.repeat else ""))
    if "response" in row.output:
        response = made["response"] = row.output["response"]
        # The target's own name for the answer says nothing more, and `answer` would be taken for the expected one.
        others = {name: value for name, value in row.output.items() if name not in made and value != response}
        made |= others
    made |= {"status": "ok", "eval_run": run, "eval_row": row.number}
    made.pop("error", None)
    if row.error is not None:
        made |= {"status": "error", "error": f"{row.error.get('code')}: {row.error.get('message')}"}
    made["scores"] = _values(row)
    made["reasons"] = {f"{alias}.{s.key}": s.reason for alias, scores in row.scores.items() for s in scores if s.reason}
    return made


def _source(run: EvalFolder, count: int) -> Source:
    path = run.path / "lines.jsonl"
    with path.open("rb") as file:
        return Source(str(path), file_digest(file, "sha256").hexdigest(), count)
