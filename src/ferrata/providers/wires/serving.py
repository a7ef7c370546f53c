"""The server's side of a wire format: a body into a request, an answer into a body, pieces into events.

The gateway and the fake server speak by it. Knows no wire format itself.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

import orjson

from ferrata.clock import new_id
from ferrata.errors import ModelRequestInvalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ferrata.errors import FerrataError
    from ferrata.messages import ChatChunk, ChatRequest, ChatResponse
    from ferrata.providers.base import Json

__all__ = [
    "Asked",
    "EventWriter",
    "Fresh",
    "RequestMistake",
    "ServerWire",
    "encode",
    "invalid",
    "listed",
    "optional",
    "required",
    "text_list",
]


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

    def fail(self, error: FerrataError) -> bytes:
        """What a stream says that breaks after it has begun, so that the vendors' own clients raise an error; its end."""
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

    def response(self, response: ChatResponse, asked: Asked | None = None) -> Json:
        """The JSON of an answer; what was asked is repeated in it where the format does that."""
        ...

    def writer(self, asked: Asked) -> EventWriter:
        """A fresh writer, for one stream."""
        ...

    def error(self, error: FerrataError, request_id: str = "") -> Json:
        """The JSON of a failure."""
        ...


class Fresh(NamedTuple):
    """What an answer has that no model gave: the time, and ids where it had none."""

    now: Callable[[], float] = time.time
    new_id: Callable[[], str] = new_id


class RequestMistake(ModelRequestInvalid):
    """A client's request has another shape.

    Attributes:
        place: where in its JSON, as `messages[0].content`.
    """

    def __init__(self, message: str, *, place: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.place = place


def invalid(where: str, what: str, hint: str = "") -> RequestMistake:
    """The error for a request of another shape."""
    return RequestMistake(f"{where}: {what}", place=where, hint=hint)


def encode(value: object) -> bytes:
    """The JSON of an answer or event; half a surrogate pair, as a model may write it, is escaped."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode()


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


def text_list(value: object, where: str) -> tuple[str, ...]:
    """The texts of an array; none where it is missing.

    Raises:
        ModelRequestInvalid: it is no array, or has something else in it.
    """
    return tuple(required(one, str, f"{where}[{i}]") for i, one in enumerate(listed(value, where)))


_NAMES = {dict: "object", list: "array", str: "string", int: "integer", float: "number", bool: "boolean"}
