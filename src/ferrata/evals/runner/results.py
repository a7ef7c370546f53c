"""The rows of a run, each with its output and all its scores together.

`inputs.COLUMN`, `outputs.target.NAME` and `outputs.ALIAS.KEY` are the names that azure-ai-evaluation gives them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferrata.evals.runner.records import key_of, read_score, sorted_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.evals.runner.folder import EvalFolder
    from ferrata.evals.types import Score

__all__ = ["EvalRow", "flat_row", "row_of_eval", "rows_of_eval"]


@dataclass(frozen=True)
class EvalRow:
    """A row of a run.

    Attributes:
        number: of the row in the data.
        repeat: which of its repeats, from 0.
        inputs: by column.
        output: by name; empty where the target failed.
        scores: alias -> scores.
        error: why the target failed; None if it did not.
        judge_errors: alias -> why its judge did not answer.
        place: where in the data it is.
        seconds: that the target took.
    """

    number: int
    repeat: int
    inputs: dict[str, Any]
    output: dict[str, Any]
    scores: dict[str, list[Score]]
    error: dict[str, Any] | None
    judge_errors: dict[str, dict[str, Any]]
    place: str = ""
    seconds: float = 0.0

    @property
    def key(self) -> str:
        """The digest of its inputs: the same row has the same in other runs; repeats and rows that are alike share one."""
        return key_of(sorted_text(self.inputs))

    def as_json(self) -> dict[str, Any]:
        """All of it as data."""
        return {
            "row": self.number,
            "repeat": self.repeat,
            "place": self.place,
            "inputs": self.inputs,
            "output": self.output,
            "scores": {
                alias: {
                    s.key: {"score": s.value, "passed": s.passed, "reason": s.reason, "status": s.status} for s in of
                }
                for alias, of in self.scores.items()
            },
            "error": self.error,
            "judge_errors": self.judge_errors,
            "seconds": self.seconds,
        }


def rows_of_eval(folder: EvalFolder) -> Iterator[EvalRow]:
    """The rows of a run in the order of the data; one at a time is in memory."""
    parts = int(folder.document.get("parts") or 1)
    held: list[dict[str, Any]] = []
    unit = -1
    for line in folder.lines():
        number = line["line_number"] // parts
        if held and number != unit:
            yield _row(held)
            held = []
        held.append(line)
        unit = number
    if held:
        yield _row(held)


def row_of_eval(folder: EvalFolder, unit: int) -> EvalRow | None:
    """One row of a run that may still go on; None until all its parts have ended.

    Args:
        folder: the run's.
        unit: the row's number times the number of repeats, plus the repeat.
    """
    parts, index = int(folder.document.get("parts") or 1), folder.index
    first = unit * parts
    if first not in index:
        return None
    # Nobody judges what a target that failed did not say.
    if index.is_completed(first) and not all(first + part in index for part in range(parts)):
        return None
    return _row([line for part in range(parts) if (line := folder.line(first + part)) is not None])


def _row(lines: list[dict[str, Any]]) -> EvalRow:
    first = next((line for line in lines if "evaluator" not in line), dict[str, Any]())
    scores: dict[str, list[Score]] = {
        alias: [read_score(key, about) for key, about in of.items()] for alias, of in first.get("scores", {}).items()
    }
    errors: dict[str, dict[str, Any]] = {}
    for line in lines:
        alias = line.get("evaluator")
        if alias is not None and "error" in line:
            errors[alias] = line["error"]
        elif alias is not None:
            scores[alias] = [read_score(key, about) for key, about in line["scores"].items()]
    return EvalRow(
        int(lines[0].get("row", 0)),
        int(lines[0].get("repeat", 0)),
        first.get("inputs", {}),
        first.get("output", {}),
        scores,
        first.get("error"),
        errors,
        str(first.get("place", "")),
        float(first.get("seconds") or 0.0),
    )


def flat_row(row: EvalRow) -> dict[str, Any]:
    """A row with one level of names, as azure-ai-evaluation gives rows."""
    found: dict[str, Any] = {f"inputs.{name}": value for name, value in row.inputs.items()}
    found |= {f"outputs.target.{name}": value for name, value in row.output.items()}
    for alias, scores in row.scores.items():
        for score in scores:
            found |= {f"outputs.{alias}.{key}": value for key, value in score.as_keys().items()}
    if row.error is not None:
        found["error"] = row.error
    return found
