"""Column mapping: which input of a flow gets which column of the data or of an earlier run.

A value is `${data.COLUMN}`, `${run.inputs.COLUMN}`, `${run.outputs.COLUMN}`, or stands for itself. A column's name may have dots; there
is no way into a value, as there is none in Prompt Flow. Knows no file and no flow beyond its inputs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrata.flows.failures import FlowError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ferrata.flows.types import InputSpec

__all__ = ["DATA", "LINE_NUMBER", "RUN_INPUTS", "RUN_OUTPUTS", "ColumnMapping", "missing_columns", "plan_mapping"]

DATA, RUN_INPUTS, RUN_OUTPUTS = "data", "run.inputs", "run.outputs"
LINE_NUMBER = "line_number"
_REFERENCE = re.compile(r"\$\{([^{}]+)\}\n?\Z")


class _Column(NamedTuple):
    """An input that is taken from a column: as it is written, and where it may be: source and column, the best first."""

    text: str
    places: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ColumnMapping:
    """What each input of a row is made of.

    Attributes:
        given: as the user wrote it.
        literals: input -> value.
        columns: input -> column.
    """

    given: Mapping[str, Any]
    literals: Mapping[str, Any]
    columns: Mapping[str, _Column]

    def apply(self, sources: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """The inputs of a row.

        Args:
            sources: `data`, `run.inputs` and `run.outputs`, those that there are: column -> value.

        Raises:
            FlowError: ApplyInputMappingError; columns are missing, all of them are named.
        """
        inputs = dict(self.literals)
        missing: list[str] = []
        for name, column in self.columns.items():
            for source, key in column.places:
                values = sources.get(source)
                if values is not None and key in values:
                    inputs[name] = values[key]
                    break
            else:
                missing.append(column.text)
        if missing:
            raise missing_columns(missing, sources)
        return inputs

    def unseen(self, sources: Mapping[str, Mapping[str, Any]], among: Iterable[str]) -> list[str]:
        """Those of the inputs `among` whose columns are not in a row."""
        return [
            name
            for name in among
            if not any(key in sources.get(source, ()) for source, key in self.columns[name].places)
        ]

    def uses(self, source: str) -> bool:
        """Whether a value may come from `data`, `run.inputs` or `run.outputs`."""
        return any(source == place for column in self.columns.values() for place, _ in column.places)


def plan_mapping(inputs: Mapping[str, InputSpec], given: Mapping[str, Any] | None) -> ColumnMapping:
    """The mapping of a run: what is given, and `${data.NAME}` for each other input without a default.

    Args:
        inputs: the flow's.
        given: input -> value or reference; None is the same as nothing.

    Raises:
        FlowError: ValidationException; the mapping holds nothing but constants, so that all rows would be the same.
    """
    given = dict(given or {})
    if given and not any(isinstance(value, str) and value.startswith("$") for value in given.values()):
        raise FlowError(
            "ValidationException",
            f"the column mapping has constants only: {', '.join(map(repr, given))}",
            hint="take at least one input from the data, as question='${data.question}'",
        )
    # A default goes before the column of the same name, as in Prompt Flow.
    wanted: dict[str, Any] = {name: f"${{data.{name}}}" for name, spec in inputs.items() if spec.default is None}
    wanted.update(given)
    wanted.pop(LINE_NUMBER, None)
    literals: dict[str, Any] = {}
    columns: dict[str, _Column] = {}
    for name, value in wanted.items():
        match = _REFERENCE.match(value) if isinstance(value, str) else None
        if match is None:
            literals[name] = value
            continue
        parts = match[1].split(".")
        pairs = [(".".join(parts[:i]), ".".join(parts[i:])) for i in range(1, len(parts))]
        known = tuple(pair for pair in pairs if pair[0] in (DATA, RUN_INPUTS, RUN_OUTPUTS))
        columns[name] = _Column(value.rstrip("\n"), known)
    return ColumnMapping(given, literals, columns)


def missing_columns(missing: Iterable[str], sources: Mapping[str, Iterable[str]]) -> FlowError:
    """The error that says which columns are missing, and which there are."""
    there = [f"${{{source}.{column}}}" for source, columns in sources.items() for column in columns]
    shown = ", ".join(there[:20]) + (", ..." if len(there) > 20 else "")
    return FlowError(
        "ApplyInputMappingError",
        f"the column mapping names what is not there: {', '.join(missing)}",
        hint=f"there is {shown}" if there else "there are no columns",
    )
