"""What a request says: its id, its inputs, what it accepts, and the trace that it belongs to. Runs nothing."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from ferrata.flows.failures import FlowError
from ferrata.flows.inputs import take_inputs
from ferrata.flows.serve.refusals import Refusal, refusal_of_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from ferrata.flows.types import Flow

__all__ = ["Remote", "accepted", "baggage_of", "check_inputs", "inputs_of", "read_body", "remote_of", "request_id_of"]

_ID = re.compile(r"[\w.:@/+=-]{1,128}")
_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_SECONDS = 30.0  # for a body to come in
_MOST_ITEMS = 64


class Remote(NamedTuple):
    """A span elsewhere."""

    trace_id: str
    span_id: str


def request_id_of(headers: Mapping[str, str]) -> str:
    """The caller's id (`x-request-id`, `x-ms-client-request-id`), or one of our own."""
    for name in ("x-request-id", "x-ms-client-request-id"):
        given = headers.get(name, "")
        if _ID.fullmatch(given):
            return given
    return uuid4().hex


def remote_of(headers: Mapping[str, str]) -> Remote | None:
    """The span that W3C's `traceparent` names."""
    match = _PARENT.fullmatch(headers.get("traceparent", "").strip().lower())
    if match is None or not match[1].strip("0") or not match[2].strip("0"):
        return None
    return Remote(match[1], match[2])


def baggage_of(headers: Mapping[str, str]) -> dict[str, str]:
    """W3C's `baggage`: names and values, without properties."""
    found: dict[str, str] = {}
    for item in headers.get("baggage", "").split(",")[:_MOST_ITEMS]:
        name, equals, value = item.partition(";")[0].partition("=")
        if equals and name.strip():
            found[unquote(name.strip())] = unquote(value.strip())
    return found


def accepted(headers: Mapping[str, str]) -> frozenset[str]:
    """The media types of `Accept`, without parameters; all of them where it is not sent."""
    given = headers.get("accept", "").strip() or "*/*"
    found: set[str] = set()
    for item in given.split(","):
        kind, *parameters = (part.strip().lower() for part in item.split(";"))
        refused = any(re.fullmatch(r"q=0(\.0*)?", parameter) for parameter in parameters)
        if kind and not refused:
            found.add(kind)
    return frozenset(found)


async def read_body(request: Request, most: int) -> bytes:
    """The request's body.

    Args:
        request: its body is not read yet.
        most: bytes.

    Raises:
        Refusal: 413, it is larger; 408, it does not come in within 30 s.
        ClientDisconnect: the client is gone.
    """
    too_large = Refusal(413, f"the body is larger than {most:,} bytes", headers={"connection": "close"})
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > most:
        raise too_large
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(_SECONDS):
            async for piece in request.stream():
                size += len(piece)
                if size > most:
                    raise too_large
                pieces.append(piece)
    except TimeoutError:
        raise Refusal(
            408, f"the body did not come in within {_SECONDS:g} seconds", headers={"connection": "close"}
        ) from None
    return b"".join(pieces)


def inputs_of(flow: Flow, body: bytes, content_type: str) -> dict[str, Any]:
    """The flow's inputs for one row, as they were sent.

    A body that is no JSON is the value of the only input, unless it is declared as JSON.

    Raises:
        Refusal: 400: it is no JSON object, an input is missing or of another type, or names a file of this machine.
    """
    if not flow.inputs and flow.kind == "dag":
        return {}
    data = _object(flow, body, content_type)
    check_inputs(flow, data)
    return data


def check_inputs(flow: Flow, data: Mapping[str, Any]) -> None:
    """See that a row can be run, as far as that shows before, and may.

    Args:
        flow: its inputs.
        data: for them, from somebody who is not to read this machine's files.

    Raises:
        Refusal: 400: an input is missing or of another type, or names a file of this machine.
    """
    missing = [name for name, spec in flow.inputs.items() if spec.default is None and name not in data]
    # A call takes the parameters' own defaults, which may be None; without any input it would take its example's.
    if missing and (flow.kind == "dag" or not data):
        raise Refusal(400, f"these inputs are missing: {', '.join(missing)}", names=("MissingRequiredFlowInput",))
    if flow.kind == "dag":
        try:
            typed = take_inputs(flow.inputs, data)
        except FlowError as error:
            raise refusal_of_line(error.as_json()) from None
        for name in flow.inputs.keys() & data.keys():
            _refuse_files(name, typed[name], is_image=flow.inputs[name].type == "image")


def _object(flow: Flow, body: bytes, content_type: str) -> dict[str, Any]:
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        is_json = content_type.partition(";")[0].strip().lower().endswith("json")
        if len(flow.inputs) == 1 and body and not is_json:
            try:
                return {next(iter(flow.inputs)): body.decode("utf-8")}
            except UnicodeDecodeError:
                pass
        why = "too deeply nested" if isinstance(error, RecursionError) else _place(error)
        raise Refusal(400, f"the body is no JSON: {why}", names=("BadRequest",)) from None
    if not isinstance(found, dict):
        raise Refusal(400, "the body must be a JSON object: the inputs by their names", names=("BadRequest",))
    return cast("dict[str, Any]", found)


def _place(error: ValueError) -> str:
    return str(error) if isinstance(error, json.JSONDecodeError) else "it is no text in UTF-8"


def _refuse_files(name: str, value: Any, *, is_image: bool) -> None:
    """Refuse an image by path: a caller does not get to read this machine's files."""
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            _refuse_files(name, item, is_image=is_image)
    elif isinstance(value, dict):
        about = cast("dict[str, Any]", value)
        key = next(iter(about), "")
        if about.get("type") == "image_file" or (key.startswith("data:image/") and key.endswith(";path")):
            raise _of_path(name)
        for item in about.values():
            _refuse_files(name, item, is_image=False)
    elif is_image and isinstance(value, str) and not _is_sent(value):
        raise _of_path(name)


def _is_sent(value: str) -> bool:
    """Whether an image is sent as base 64 or by URL."""
    head, comma, rest = value.partition(",")
    if comma and head.startswith("data:image/") and _BASE64.fullmatch(rest):
        return True
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return bool(parts.scheme in ("http", "https") and parts.netloc) or _BASE64.fullmatch(value) is not None


def _of_path(name: str) -> Refusal:
    return Refusal(
        400,
        f"the input {name!r} names a file; send the image in base 64, or its URL",
        names=("InvalidImageInput",),
    )
