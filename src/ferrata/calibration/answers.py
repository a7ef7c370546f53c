"""What a judge said of labelled rows, out of the records of a run. Asks nobody."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from ferrata.calibration.measuring import Answer
from ferrata.errors import UsageError
from ferrata.evals import rows_of_eval, values_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ferrata.calibration.labels import Labels
    from ferrata.evals import Asked, EvalFolder, EvalRow

__all__ = ["answers_by_key", "answers_by_number", "map_without_target"]

_OF_TARGET = re.compile(r"\$\{\s*(?:target|outputs|run\.outputs)\.([^{}]+?)\s*\}\Z")
_OF_DATA = re.compile(r"\$\{\s*(?:data|item)\.([^{}]+?)\s*\}\Z")
# Of a preference's two orders: how far the response was preferred when it stood first, and when second.
_FORTH = {1: 1.0, 2: 0.0, 0: 0.5}
_BACK = {1: 0.0, 2: 1.0, 0: 0.5}


def answers_by_number(folder: EvalFolder, asked: Asked, key: str, labels: Labels) -> list[Answer]:
    """Of a run over the labelled rows themselves: the answer on each.

    Args:
        folder: the run.
        asked: the judge.
        key: of its score.
        labels: the rows.
    """
    rows = {row.number: row for row in rows_of_eval(folder)}
    lost = Answer(None, "the row was not run")
    return [_answer(rows[i], asked, key) if i in rows else lost for i in range(len(labels.rows))]


def answers_by_key(folder: EvalFolder, asked: Asked, key: str, labels: Labels) -> list[Answer]:
    """Of a run over other data: the answers on labelled rows, by their keys.

    Args:
        folder: the run.
        asked: the judge as it is now.
        key: of its score.
        labels: the rows.

    Raises:
        UsageError: the run was judged by another judge, or has none of the rows.
    """
    run = folder.name
    about = next((one for one in folder.document.get("evaluators", []) if one["alias"] == asked.alias), None)
    if about is None:
        raise UsageError(f"the run {run!r} has no scores of {asked.alias!r}", hint="leave --run out to ask the judge")
    if about.get("digest") != asked.evaluator.digest:
        raise UsageError(
            f"the run {run!r} was judged by another {asked.alias!r}: its prompt, model or parameters were others",
            hint="leave --run out to ask the judge as it is now",
        )
    wanted = {row.key for row in labels.rows}
    rows = {name: row for name, row in _keyed(folder) if name in wanted}
    if not rows:
        raise UsageError(
            f"the run {run!r} has none of the labelled rows, which are known by `key`, the digest of a row's inputs",
            hint="label rows of this run, or leave --run out to ask the judge",
        )
    absent = Answer(None, f"the run {run} has no such row")
    return [_answer(rows[row.key], asked, key) if row.key in rows else absent for row in labels.rows]


def map_without_target(mapping: Mapping[str, Any], columns: set[str]) -> dict[str, Any]:
    """The mapping for rows that have the target's outputs as columns.

    An input whose name an output has as well is the column `inputs.NAME`.
    """
    found: dict[str, Any] = {}
    for name, value in mapping.items():
        text = value if isinstance(value, str) else ""
        if of_target := _OF_TARGET.match(text):
            value = f"${{data.{of_target[1]}}}"
        elif (of_data := _OF_DATA.match(text)) and f"inputs.{of_data[1]}" in columns:
            value = f"${{data.inputs.{of_data[1]}}}"
        found[name] = value
    return found


def _keyed(folder: EvalFolder) -> Iterator[tuple[str, EvalRow]]:
    """Rows that have something to judge by their keys; from the second time on with a number, as reviews name them."""
    seen: Counter[str] = Counter()
    made = folder.document.get("target") is not None
    for row in rows_of_eval(folder):
        if row.error is not None or (made and not row.output):
            continue
        name = row.key
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name}.{seen[name]}", row


def _answer(row: EvalRow, asked: Asked, key: str) -> Answer:
    """A row's score, or why there is none."""
    if error := row.judge_errors.get(asked.alias):
        return Answer(None, str(error.get("message") or error.get("code")))
    scores = row.scores.get(asked.alias, [])
    score = next((one for one in scores if one.key == key), None)
    if score is None or score.value is None:
        return Answer(None, (score.reason or score.status) if score else "no score")
    values = values_for(asked)(row.inputs, row.output).given
    orders: list[Any] = list(score.properties.get("orders") or ())
    places = [one.get("score_integer") for one in orders]
    both = (_FORTH[places[0]], _BACK[places[1]]) if len(places) == 2 and all(p in _FORTH for p in places) else None
    return Answer(score.value, "", _length(values), both)


def _length(values: Mapping[str, Any]) -> float | None:
    """Words of the response; of two, those of the first as a share of the second's; None where there is none."""
    for first, second in (("response_a", "response_b"), ("response", "baseline")):
        words, others = _words(values.get(first)), _words(values.get(second))
        if words and others:
            return words / others
        if words:
            return float(words)
    return None


def _words(value: Any) -> int:
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, default=str)
    return len(text.split())
