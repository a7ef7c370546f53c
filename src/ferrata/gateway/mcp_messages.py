"""The messages of the Model Context Protocol: JSON-RPC read and checked, of both of its eras.

Until revision 2025-11-25 a client begins with `initialize`; since 2026-07-28 each request says by itself which revision it follows, in
`_meta` and in headers that repeat parts of the body. Knows no tools and no HTTP but the headers' names.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "INTERNAL",
    "INVALID_PARAMS",
    "INVALID_REQUEST",
    "LEGACY",
    "METHOD_NOT_FOUND",
    "MODERN",
    "PARSE_ERROR",
    "Asked",
    "RpcError",
    "encode",
    "failure",
    "read_message",
]

MODERN = ("2026-07-28",)
LEGACY = ("2025-11-25", "2025-06-18")

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL = -32603
_HEADER_MISMATCH = -32020
_UNSUPPORTED_VERSION = -32022

_VERSION = "io.modelcontextprotocol/protocolVersion"
_CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
# Method -> the parameter that the header `Mcp-Name` repeats.
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
_MIRRORS = frozenset({"mcp-protocol-version", "mcp-method", "mcp-name"})
_MOST_SHOWN = 80


class RpcError(Exception):
    """A message that gets an error for an answer.

    Args:
        code: of JSON-RPC or of MCP.
        message: what is wrong.
        status: of HTTP.
        data: more about it, in words of JSON.
        id: of the request, where it could be read.
    """

    def __init__(
        self, code: int, message: str, *, status: int = 400, data: Any = None, id: str | int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.data = data
        self.id = id


class Asked(NamedTuple):
    """A message that may be answered.

    Attributes:
        id: None for a notification, which gets no answer.
        method: as `tools/call`.
        params: by name.
        modern: it follows revision 2026-07-28; else one that begins with `initialize`.
    """

    id: str | int | None
    method: str
    params: dict[str, Any]
    modern: bool


def read_message(body: bytes, headers: Mapping[str, str], *, repeated: frozenset[str] = frozenset()) -> Asked:
    """The request or notification in a body.

    Args:
        body: of the HTTP request.
        headers: of it, by their names in small letters.
        repeated: names of headers that were sent more than once.

    Raises:
        RpcError: it is none, follows a revision that is not known here, or its headers say something else than the body.
    """
    found = _decoded(body)
    identity = found.get("id")
    known = identity if type(identity) in (str, int) else None
    try:
        return _checked(found, headers, repeated)
    except RpcError as error:
        error.id = known
        raise


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        found: object = orjson.loads(body)
    except ValueError:
        raise RpcError(PARSE_ERROR, "the body is no JSON") from None
    if isinstance(found, list):
        raise RpcError(INVALID_REQUEST, "several messages in one body are not taken: send one")
    if not isinstance(found, dict):
        raise RpcError(INVALID_REQUEST, "the body must be a JSON object")
    return cast("dict[str, Any]", found)


def _checked(found: dict[str, Any], headers: Mapping[str, str], repeated: frozenset[str]) -> Asked:
    method, params = found.get("method"), found.get("params", {})
    if found.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, '`jsonrpc` must be "2.0"')
    if not isinstance(method, str):
        raise RpcError(INVALID_REQUEST, "`method` must be a text")
    if "id" in found and type(found["id"]) not in (str, int):
        raise RpcError(INVALID_REQUEST, "`id` must be a text or an integer")
    if not isinstance(params, dict):
        raise RpcError(INVALID_PARAMS, "`params` must be an object")
    if twice := sorted(_MIRRORS & repeated):
        raise RpcError(_HEADER_MISMATCH, f"the header {twice[0]} is sent more than once")
    named = cast("dict[str, Any]", params)
    if "id" not in found:
        _check_version(headers.get("mcp-protocol-version"))
        return Asked(None, method, named, modern=False)
    modern = _is_modern(method, named, headers)
    if modern:
        _check_modern(method, named, headers)
    elif method != "initialize":
        _check_version(headers.get("mcp-protocol-version"))
    return Asked(found["id"], method, named, modern)


def _is_modern(method: str, params: dict[str, Any], headers: Mapping[str, str]) -> bool:
    """Whether a request speaks, or means to speak, the revisions without a handshake."""
    if method == "initialize":
        return False
    meta = params.get("_meta")
    said = cast("dict[str, Any]", meta).get(_VERSION) if isinstance(meta, dict) else None
    if said is not None:
        return said not in LEGACY
    return method == "server/discover" or headers.get("mcp-protocol-version") in MODERN


def _check_modern(method: str, params: dict[str, Any], headers: Mapping[str, str]) -> None:
    meta = params.get("_meta")
    about = cast("dict[str, Any]", meta) if isinstance(meta, dict) else {}
    version, capabilities = about.get(_VERSION), about.get(_CAPABILITIES)
    if not isinstance(version, str) or not isinstance(capabilities, dict):
        lacking = _CAPABILITIES if isinstance(version, str) else _VERSION
        raise RpcError(INVALID_PARAMS, f"`_meta` needs {lacking}")
    _check_mirrored("mcp-protocol-version", headers.get("mcp-protocol-version"), version)
    _check_mirrored("mcp-method", headers.get("mcp-method"), method)
    named = _NAMED.get(method)
    if named is not None and isinstance(name := params.get(named), str):
        _check_mirrored("mcp-name", _plain(headers.get("mcp-name")), name)
    _check_version(version)


def _check_mirrored(name: str, header: str | None, value: str) -> None:
    if header is None:
        raise RpcError(_HEADER_MISMATCH, f"the header {name} is missing, or cannot be read")
    if header != value:
        raise RpcError(
            _HEADER_MISMATCH,
            f"the header {name} is {header[:_MOST_SHOWN]!r}, and the body says {value[:_MOST_SHOWN]!r}",
        )


def _check_version(version: str | None) -> None:
    """See that a revision is known here; a missing header is that of a client older than it."""
    if version is not None and version not in MODERN and version not in LEGACY:
        data = {"supported": [*MODERN, *LEGACY], "requested": version[:_MOST_SHOWN]}
        raise RpcError(_UNSUPPORTED_VERSION, "this revision of the protocol is not spoken here", data=data)


def _plain(value: str | None) -> str | None:
    """A header's value, which may be wrapped as `=?base64?...?=`; None where that cannot be read."""
    if value is None or not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    try:
        return base64.b64decode(value[9:-2], validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None


def failure(error: RpcError) -> dict[str, Any]:
    """The answer that an error is."""
    about: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.data is not None:
        about["data"] = error.data
    return {"jsonrpc": "2.0", "id": error.id, "error": about}


def encode(message: Any) -> bytes:
    """A message as JSON; what has no form in JSON as text."""
    try:
        return orjson.dumps(message, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # a number beyond 64 bits, half a surrogate pair
        return json.dumps(message, default=str).encode()
