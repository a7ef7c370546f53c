"""Bodies from ASGI's messages and answers into them. Knows no format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import orjson

from ferrata.gateway.refusals import BadBody, BodyTooLarge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.types import Receive, Send

__all__ = ["JSON", "Left", "object_at", "read_body", "read_object", "send_json", "send_whole"]

JSON = (b"content-type", b"application/json")


class Left(Exception):
    """The client is gone."""


async def read_body(headers: Mapping[bytes, bytes], receive: Receive, most: int) -> bytes:
    """The whole body.

    Raises:
        BodyTooLarge: it is larger than `most` bytes; what was announced so is not read.
        Left: the client left before it was sent whole.
    """
    announced = headers.get(b"content-length")
    if announced is not None and (not announced.isdigit() or int(announced) > most):
        raise _too_large(most)
    message = await receive()
    if message["type"] != "http.request":
        raise Left
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] != "http.request":
            raise Left
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise _too_large(most)
    return b"".join(parts)


def _too_large(most: int) -> BodyTooLarge:
    return BodyTooLarge(f"the body is larger than {most:,} bytes", hint="send less, or raise `gateway.most_bytes`")


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body.

    Raises:
        BadBody: it is none.
    """
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        said = f"the body is no valid JSON: {error.msg} at line {error.lineno} column {error.colno}"
        raise BadBody(said if body else "the request has no body", hint="send a JSON object") from None
    if type(found) is not dict:
        raise BadBody("the body is no JSON object", hint="send a JSON object")
    return found  # pyright: ignore[reportUnknownVariableType]


def object_at(body: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The object at a key; an empty one where something else stands there."""
    found = body.get(key)
    return cast("dict[str, Any]", found) if type(found) is dict else {}


async def send_whole(
    send: Send,
    status: int,
    body: bytes,
    headers: Sequence[tuple[bytes, bytes]] = (),
    *,
    kind: tuple[bytes, bytes] = JSON,
) -> None:
    """Send an answer at once."""
    about = [kind, (b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": about})
    await send({"type": "http.response.body", "body": body})


async def send_json(send: Send, status: int, found: Any, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
    """Send data as JSON."""
    await send_whole(send, status, orjson.dumps(found), headers)
