"""Reading JSON that others wrote: what is missing or of another type is empty, never an exception.

Knows no wire format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import ModelBadResponse
from ferrata.messages import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.providers.base import Json

__all__ = ["bad", "count", "items", "mapping", "number", "text", "usage_of"]


def mapping(value: object) -> Json:
    """The value, if it is an object."""
    return cast("Json", value) if isinstance(value, dict) else {}


def items(value: object) -> list[Json]:
    """The objects in a list."""
    if not isinstance(value, list):
        return []
    return [cast("Json", item) for item in cast("list[object]", value) if isinstance(item, dict)]


def text(value: object) -> str:
    """The value, if it is a text."""
    return value if isinstance(value, str) else ""


def count(value: object) -> int:
    """The value, if it is a whole number that counts something."""
    return value if isinstance(value, int) and value > 0 else 0


def number(value: object) -> float:
    """The value, if it is a number."""
    return float(value) if isinstance(value, int | float) else 0.0


def usage_of(given: object, read: Mapping[str, Any]) -> Usage | None:
    """A usage whose fields are read from a vendor's; None where the vendor gave none."""
    return Usage(**{name: count(value) for name, value in read.items()}) if mapping(given) else None


def bad(what: str) -> ModelBadResponse:
    """The error for an answer of another shape."""
    return ModelBadResponse(f"the answer has another shape: {what}", hint="check the model's `wire` and `url`")
