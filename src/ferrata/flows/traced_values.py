"""Values as a span may hold them: data that JSON knows, without connections and other keepers of secrets."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import inspect

__all__ = ["shown", "shown_inputs"]

_DEEPEST = 20


def shown(value: Any, depth: int = 0) -> Any:
    """The value as data; what is none is its text, and a connection only its kind."""
    if value is None or isinstance(value, bool | int | float) or type(value) is str:
        return value
    if hasattr(cast("Any", type(value)), "_to_execution_connection_dict"):
        return f"<{type(value).__name__}>"
    if isinstance(value, str):
        # A secret is a text that knows its name.
        return "<secret>" if type(value).__name__ == "Secret" else str(value)
    if isinstance(value, Iterator | AsyncIterator):
        return f"<{type(cast('Any', value)).__name__}>"
    if depth < _DEEPEST:
        if isinstance(value, Mapping):
            items = cast("Mapping[Any, Any]", value).items()
            return {str(key): shown(item, depth + 1) for key, item in items}
        if isinstance(value, list | tuple | set):
            return [shown(item, depth + 1) for item in cast("list[Any]", value)]
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = [field for field in dataclasses.fields(value) if field.name not in ("api_key", "password")]
            return {field.name: shown(getattr(value, field.name), depth + 1) for field in fields}
    return _text(value)


def shown_inputs(signature: inspect.Signature | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call by their names; `self` is left out."""
    if signature is None:
        return {str(place): shown(value) for place, value in enumerate(args)} | shown(kwargs)
    try:
        bound = signature.bind_partial(*args, **kwargs).arguments
    except TypeError:
        return {str(place): shown(value) for place, value in enumerate(args)} | shown(kwargs)
    variable = next((name for name, value in signature.parameters.items() if value.kind is value.VAR_KEYWORD), None)
    found = {name: shown(value) for name, value in bound.items() if name not in ("self", "cls", variable)}
    return found | (shown(bound[variable]) if variable in bound else {})


def _text(value: Any) -> str:
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001 - a stranger's `__str__` must not end the call that is watched
        return f"<{type(value).__name__}: {type(error).__name__}>"
