"""JSON to and from vendors: by orjson, and by the standard library where that one is stricter or looser than JSON is among vendors.

orjson takes a tenth of the time. It writes NaN as null, refuses subclasses of text and numbers beyond 64 bits, and reads neither
`Infinity` nor half a surrogate pair, all of which vendors send. Knows no wire format.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson

from ferrata.errors import ModelRequestInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["read_json", "write_json"]

_PLAIN = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def write_json(body: Mapping[str, Any]) -> bytes:
    """The body of a request.

    Raises:
        ModelRequestInvalid: it cannot be written as JSON.
    """
    try:
        found = orjson.dumps(body, option=_PLAIN)
    except TypeError:
        found = None
    # A null may have been a NaN, which is an error.
    if found is not None and b"null" not in found:
        return found
    try:
        return _encode(body).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ModelRequestInvalid(f"the request cannot be written as JSON: {error}") from None


def read_json(data: bytes | str) -> object:
    """What stands in an answer.

    Raises:
        ValueError, RecursionError: it is no JSON, or nested too deeply.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return json.loads(data)
