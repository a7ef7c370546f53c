"""Reading JSON that others wrote: what is missing or null is empty, and what is of another type is an error that names it.

An answer that is half understood would look like a model that says nothing. Knows no wire format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ferrata.errors import ModelBadResponse
from ferrata.providers.payload import read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.providers.base import Json

__all__ = [
    "bad",
    "count_at",
    "event_of",
    "index_at",
    "items_at",
    "named",
    "mapping",
    "mapping_at",
    "number_at",
    "said_at",
    "text_at",
]

_MOST_SHOWN = 40
_WIRE = "check the model's `wire` and `url`"
_TRY = "try again; if it stays so, check the model's `wire` and `url`"


def mapping(value: object) -> Json:
    """The value, if it is an object; an empty one if not."""
    return cast("Json", value) if isinstance(value, dict) else {}


def event_of(data: str) -> Json:
    """The object in the data of a stream's event; an empty one where there is no data.

    Raises:
        ModelBadResponse: it is no JSON object.
    """
    try:
        value: object = read_json(data) if data else {}
    except (ValueError, RecursionError):
        raise ModelBadResponse("an event of the stream is no valid JSON", hint=_TRY) from None
    if not isinstance(value, dict):
        raise ModelBadResponse("an event of the stream is no JSON object", hint=_WIRE)
    return cast("Json", value)


def mapping_at(found: Mapping[str, object], key: str) -> Json:
    """The object at a key.

    Raises:
        ModelBadResponse: something else stands there, as for the others here.
    """
    value = found.get(key)
    if type(value) is dict:
        return value  # pyright: ignore[reportUnknownVariableType]
    if value is None or isinstance(value, dict):
        return cast("Json", value or {})
    raise _wrong(key, value, "an object")


def items_at(found: Mapping[str, object], key: str) -> list[Json]:
    """The objects in the list at a key."""
    value = found.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _wrong(key, value, "a list")
    listed = cast("list[object]", value)
    for item in listed:
        if not isinstance(item, dict):
            raise _wrong(f"{key}[]", item, "an object")
    return cast("list[Json]", listed)


def text_at(found: Mapping[str, object], key: str) -> str:
    """The text at a key."""
    value = found.get(key)
    if type(value) is str:
        return value
    if value is None or isinstance(value, str):
        return value or ""
    raise _wrong(key, value, "a text")


def said_at(found: Mapping[str, object], key: str) -> str:
    """The text at a key, or of the parts of type `text` in the list there, as some vendors write what was said."""
    value = found.get(key)
    if type(value) is str:
        return value
    if not isinstance(value, list):
        return text_at(found, key)
    return "".join(text_at(part, "text") for part in items_at(found, key) if part.get("type") == "text")


def count_at(found: Mapping[str, object], key: str) -> int:
    """The whole number at a key that counts something; 0 where it is less."""
    value = found.get(key)
    if type(value) is int and value >= 0:  # nearly always, and asked seven times for every answer
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return max(0, value or 0)
    raise _wrong(key, value, "a whole number")


def index_at(found: Mapping[str, object], key: str) -> int | None:
    """The place in a list at a key; None where there is none."""
    return count_at(found, key) if found.get(key) is not None else None


def number_at(found: Mapping[str, object], key: str) -> float:
    """The number at a key."""
    value = found.get(key)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return float(value or 0.0)
    raise _wrong(key, value, "a number")


def named(call: Mapping[str, object]) -> str:
    """The name of the tool that a whole call asks for, which it must have."""
    name = text_at(call, "name")
    if not name:
        raise bad("a tool call without a `name`")
    return name


def bad(what: str) -> ModelBadResponse:
    """The error for an answer of another shape."""
    return ModelBadResponse(f"the answer has another shape: {what}", hint=_WIRE)


def _wrong(key: str, value: object, must: str) -> ModelBadResponse:
    if isinstance(value, dict | list):
        shown = "an object" if isinstance(value, dict) else "a list"
    else:
        text = repr(value)
        shown = text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
    return bad(f"`{key}` is {shown}, not {must}")
