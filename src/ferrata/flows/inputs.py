"""A flow's inputs for one row: defaults, and the types that its file names. Knows no nodes.

The rules are Prompt Flow's: `int` takes what `int()` takes, `bool` only true and false, `list` and `object` also JSON text.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ferrata.flows.failures import FlowError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.flows.types import InputSpec

__all__ = ["coerce", "take_inputs", "take_lists"]


def take_inputs(
    specs: Mapping[str, InputSpec], given: Mapping[str, Any], *, number: int | None = None
) -> dict[str, Any]:
    """The inputs of one row, complete and in their types; what the flow does not name is kept as it is.

    Args:
        specs: the flow's inputs.
        given: name -> value.
        number: the row's, for messages.

    Raises:
        FlowError: `InputNotFound`, `InputTypeError`, `InputParseError`.
    """
    taken = dict(given)
    for name, spec in specs.items():
        if name not in taken:
            if spec.default is None:
                at = "" if number is None else f" in row {number}"
                raise FlowError(
                    "InputNotFound",
                    f"the input {name!r} is not given{at}",
                    hint=f"give it, as --inputs {name}=..., or a default in the flow's file",
                )
            taken[name] = spec.default
        taken[name] = _typed(name, taken[name], spec.type, number)
    return taken


def take_lists(specs: Mapping[str, InputSpec], given: Mapping[str, Sequence[Any]], rows: int) -> dict[str, list[Any]]:
    """The inputs of all rows, as aggregation nodes take them; defaults where nothing was given.

    Args:
        specs: the flow's inputs.
        given: name -> a value for each row.
        rows: how many there are.

    Raises:
        FlowError: `InputTypeError`, `InputParseError`.
    """
    taken: dict[str, list[Any]] = {}
    for name, spec in specs.items():
        if name in given:
            taken[name] = [_typed(name, value, spec.type, row) for row, value in enumerate(given[name])]
        elif spec.default is not None:
            taken[name] = [_typed(name, spec.default, spec.type, None)] * rows
    return taken


def _typed(name: str, value: Any, kind: str, number: int | None) -> Any:
    at = "" if number is None else f" of row {number}"
    try:
        return coerce(value, kind)
    except json.JSONDecodeError as error:
        raise FlowError(
            "InputParseError", f"the input {name!r}{at} is no JSON, which {kind!r} needs: {error}: {_shown(value)}"
        ) from None
    except (ValueError, TypeError, OverflowError):
        raise FlowError(
            "InputTypeError",
            f"the input {name!r}{at} is {_shown(value)}, which is no {kind}",
            hint="change the value, or the type in the flow's file",
        ) from None


def coerce(value: Any, kind: str) -> Any:
    """A value in a type of Prompt Flow's.

    Raises:
        ValueError, TypeError: it is none; `JSONDecodeError` where it should have been JSON.
    """
    if kind == "int":
        return int(value)
    if kind == "double":
        return float(value)
    if kind == "string":
        return value if type(value) is str else str(value)
    if kind == "bool":
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise ValueError("neither true nor false")
        return value
    if kind == "list":
        found = json.loads(value) if isinstance(value, str) else value
        if not isinstance(found, list):
            raise ValueError("no list")
        return found  # pyright: ignore[reportUnknownVariableType]
    if kind == "object" and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value  # it may be meant as a text
    return value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
