"""The server's side of a wire format: a body into a request, an answer into a body, pieces into events.

The gateway and the fake server speak by it. Knows no wire format itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from ferrata.errors import ModelRequestInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.errors import FerrataError
    from ferrata.messages import ChatChunk, ChatRequest, ChatResponse
    from ferrata.providers.base import Json

__all__ = ["Asked", "EventWriter", "ServerWire", "invalid", "listed", "optional", "required"]


class Asked(NamedTuple):
    """What a client asked: of which model, and whether as a stream."""

    request: ChatRequest
    model: str
    stream: bool
    usage: bool = True


class EventWriter(Protocol):
    """Writes one streamed answer."""

    def write(self, chunk: ChatChunk) -> bytes:
        """The events for one piece."""
        ...

    def end(self) -> bytes:
        """The events after the last piece."""
        ...


class ServerWire(Protocol):
    """One wire format, seen from the server."""

    @property
    def path(self) -> str:
        """Where requests come in."""
        ...

    def asked(self, body: Mapping[str, Any]) -> Asked:
        """What the JSON of a request asks for.

        Raises:
            ModelRequestInvalid: it has another shape; says where.
        """
        ...

    def response(self, response: ChatResponse) -> Json:
        """The JSON of an answer."""
        ...

    def writer(self, asked: Asked) -> EventWriter:
        """A fresh writer, for one stream."""
        ...

    def error(self, error: FerrataError) -> Json:
        """The JSON of a failure."""
        ...


def invalid(where: str, what: str) -> ModelRequestInvalid:
    """The error for a request of another shape."""
    return ModelRequestInvalid(f"{where}: {what}")


def required(value: object, kind: type, where: str) -> Any:
    """The value, which must be of a kind.

    Raises:
        ModelRequestInvalid: it is missing or of another type.
    """
    if value is None:
        raise invalid(where, "is missing")
    return optional(value, kind, where)


def optional(value: object, kind: type, where: str) -> Any:
    """The value, if it is there; a whole number passes for any number.

    Raises:
        ModelRequestInvalid: it is of another type.
    """
    if value is None:
        return None
    fits = isinstance(value, int | float) if kind is float else isinstance(value, kind)
    if not fits or (isinstance(value, bool) and kind is not bool):
        raise invalid(where, f"must be of type {_NAMES.get(kind, kind.__name__)}")
    return cast("Any", value)


def listed(value: object, where: str) -> list[Any]:
    """The members of an array; none where it is missing.

    Raises:
        ModelRequestInvalid: it is no array.
    """
    return optional(value, list, where) or []


_NAMES = {dict: "object", list: "array", str: "string", int: "integer", float: "number", bool: "boolean"}
