"""Values of flows as JSON: what is written to a run, printed or sent."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from enum import Enum
from typing import Any, cast

from ferrata.flows.streams import AsyncPieces, Pieces

__all__ = ["as_data", "checked_output", "shown"]

_PLAIN = (str, int, float, bool, type(None))
_MANY_BITS = 2000


def as_data(value: Any) -> Any:
    """A value in words of JSON.

    Raises:
        TypeError: it has none; names the type.
        ValueError: a number has more digits than Python writes.
        RecursionError: it is nested too deep, or holds itself.
    """
    if type(value) in _PLAIN:
        if type(value) is int and value.bit_length() > _MANY_BITS:
            str(value)  # raises where Python makes no text of so long a number
        return value
    if isinstance(value, dict):
        found = cast("dict[Any, Any]", value)
        return {key if isinstance(key, str) else _key(key): as_data(inner) for key, inner in found.items()}
    if isinstance(value, list | tuple):
        return [as_data(inner) for inner in cast("list[Any]", value)]
    if isinstance(value, Pieces | AsyncPieces):
        return [as_data(item) for item in value.items]
    if isinstance(value, str | int | float):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if hasattr(value, "to_base64"):
        from ferrata.flows.images import images_as_data

        return images_as_data(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_data(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _key(key: Any) -> str:
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, int | float):
        return str(key)
    raise TypeError(f"keys must be str, int, float, bool or None, not {type(key).__name__}")


def checked_output(output: dict[str, Any]) -> None:
    """See that a flow's outputs have words in JSON; streams are passed over.

    Raises:
        FlowError: `FlowOutputUnserializable`.
    """
    from ferrata.flows.failures import FlowError

    for name, value in output.items():
        if isinstance(value, str | Pieces | AsyncPieces):
            continue
        try:
            as_data(value)
        except (TypeError, RecursionError, ValueError) as error:
            raise FlowError(
                "FlowOutputUnserializable",
                f"the output {name!r} has no form in JSON: ({type(error).__name__}) {error}",
                hint="return texts, numbers, lists and mappings",
            ) from None


def shown(value: Any) -> Any:
    """A value in words of JSON; what has none, as text."""
    try:
        return as_data(value)
    except (TypeError, RecursionError, ValueError):
        return repr(value)
