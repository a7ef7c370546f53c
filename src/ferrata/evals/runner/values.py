"""Which inputs a target and an evaluator get: by their names, by usual other names, or as a mapping says.

`${data.COLUMN}` is a column of the row, `${target.NAME}` what the target gave under a name (`${outputs.NAME}` and
`${sample.output_text}` are the same in other tools' words); anything else stands for itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.errors import UsageError
from ferrata.evals.evaluators.base import is_missing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ferrata.evals.runner.types import Asked

__all__ = ["Values", "inputs_of", "values_for"]

_REFERENCE = re.compile(
    r"\$\{\s*(data|item|target|outputs|run\.outputs|sample)\.([^{}]+?)\s*\}\Z|\{\{\s*(item|sample)\.([^{}]+?)\s*\}\}\Z"
)
_OF_DATA = {"data", "item"}
# What people call the inputs of evaluators, the best first.
_ALSO: dict[str, tuple[str, ...]] = {
    "response": ("output_text", "answer", "output", "completion"),
    "query": ("question", "input", "prompt"),
    "ground_truth": ("expected", "expected_output", "reference", "reference_answer", "ideal", "target", "answer"),
    "context": ("contexts", "documents", "retrieved_documents", "sources"),
    "conversation": ("messages",),
    "tool_calls": ("expected_tool_calls",),
}
# The answer of a row that was made by the target; the row's own column of this name would be the expected one.
_PRODUCED_FIRST = {"response", "tool_calls", "context", "conversation"}


class Values(NamedTuple):
    """What an evaluator gets of a row.

    Attributes:
        given: input -> value.
        missing: inputs that it needs and that are not there, or empty.
    """

    given: dict[str, Any]
    missing: tuple[str, ...]


def inputs_of(mapping: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """What makes a target's inputs of a row's columns.

    Raises:
        UsageError: the mapping names what only the target could give.
    """
    if not mapping:
        return lambda row: row
    taken = [(name, *_place_of(value)) for name, value in mapping.items()]
    if wrong := [name for name, source, _ in taken if source == "target"]:
        raise UsageError(
            f"the input {wrong[0]!r} of the target cannot come from the target", hint="write ${data.COLUMN}"
        )
    return lambda row: {name: row.get(place) if source == "data" else place for name, source, place in taken}


def values_for(asked: Asked) -> Callable[[Mapping[str, Any], Mapping[str, Any]], Values]:
    """What makes an evaluator's inputs of a row and of what the target made of it.

    Raises:
        UsageError: the mapping gives an input that the evaluator does not take.
    """
    needs, takes = asked.evaluator.needs, asked.evaluator.takes
    if (needs or takes) and (unknown := sorted(asked.mapping.keys() - needs - takes)):
        raise UsageError(
            f"evaluator {asked.alias!r} takes no {unknown[0]!r}", hint=f"it takes {', '.join(sorted(needs | takes))}"
        )
    mapped = {name: _place_of(value) for name, value in asked.mapping.items()}
    wanted = [
        (name, mapped.get(name), _ALSO.get(name, ()), name in needs) for name in sorted({*needs, *takes, *mapped})
    ]
    everything = not needs and not takes and not mapped

    def make(row: Mapping[str, Any], made: Mapping[str, Any]) -> Values:
        if everything:
            return Values({**row, **made}, ())
        given: dict[str, Any] = {}
        missing: list[str] = []
        for name, place, also, needed in wanted:
            value = _find(name, also, row, made) if place is None else _taken(place, row, made)
            if is_missing(value) and (needed or value is None):
                if needed and not (name in made and isinstance(made[name], str)):
                    missing.append(name)
                    continue
                if value is None:
                    continue
            given[name] = value
        return Values(given, tuple(missing))

    return make


def _find(name: str, also: tuple[str, ...], row: Mapping[str, Any], made: Mapping[str, Any]) -> Any:
    first, second = (made, row) if name in _PRODUCED_FIRST or name not in row else (row, made)
    if name in first:
        return first[name]
    if name in second:
        return second[name]
    # The answer's other names are those of outputs; where the target made one, the row's are not meant.
    if name == "response" and made:
        return next((made[other] for other in also if other in made), None)
    for other in also:
        if other in row:
            return row[other]
    return next((made[other] for other in also if other in made), None)


def _taken(place: tuple[str, Any], row: Mapping[str, Any], made: Mapping[str, Any]) -> Any:
    source, at = place
    if source == "value":
        return at
    found: Any = (row if source == "data" else made).get(at)
    if found is None and isinstance(at, str) and "." in at:
        found = row if source == "data" else made
        for part in at.split("."):
            found = cast("Mapping[str, Any]", found).get(part) if isinstance(found, dict) else None
    return found


def _place_of(value: Any) -> tuple[str, Any]:
    match = _REFERENCE.match(value) if isinstance(value, str) else None
    if match is None:
        return "value", value
    source, name = match[1] or match[3], match[2] or match[4]
    if source in _OF_DATA:
        return "data", name
    return "target", "response" if source == "sample" and name == "output_text" else name
