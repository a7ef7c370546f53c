"""Tools over the Model Context Protocol: one path for POST, every request by itself, nothing kept between two.

Speaks the revisions 2025-06-18 and 2025-11-25, whose clients begin with `initialize`, and 2026-07-28, whose clients may ask
`server/discover`. There are no sessions, no streams from here to a client that asked nothing, and nothing but tools. Knows no flow and
no key: who may call is seen to before.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast
from urllib.parse import urlsplit

from ferrata.errors import FerrataError
from ferrata.gateway.mcp_messages import (
    INTERNAL,
    INVALID_PARAMS,
    INVALID_REQUEST,
    LEGACY,
    METHOD_NOT_FOUND,
    MODERN,
    Asked,
    RpcError,
    encode,
    failure,
    read_message,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    Around = Callable[["Scope", "Tool", "dict[str, Any]"], Awaitable["ToolResult"]]

__all__ = ["McpServer", "Tool", "ToolResult"]

_JSON = "application/json"
_EVENTS = "text/event-stream"
# Seconds without an answer after which one goes out as a stream, in which lines that mean nothing keep the connection open.
_PATIENCE = 10.0
_FRESH = 60_000  # milliseconds that a client may keep the list of tools
_LOCAL = ("localhost", "127.0.0.1", "::1")
_log = logging.getLogger("ferrata.gateway")


class ToolResult(NamedTuple):
    """What a tool gave.

    Attributes:
        text: for a model to read.
        structured: the same as data; None where there is none.
        is_error: it failed, and `text` says why.
    """

    text: str
    structured: dict[str, Any] | None = None
    is_error: bool = False


class Tool(Protocol):
    """Something that a client's model may call."""

    @property
    def name(self) -> str:
        """At most 128 letters, digits, `_`, `-` and `.`."""
        ...

    @property
    def description(self) -> str:
        """For a model to choose by."""
        ...

    @property
    def schema(self) -> Mapping[str, Any]:
        """JSON schema of the arguments: an object's."""
        ...

    async def call(self, arguments: dict[str, Any]) -> ToolResult:
        """Do it; a cancelled call stops what it began.

        Raises:
            FerrataError: it could not be done; the client is told its message.
        """
        ...


class McpServer:
    """Tools under one path; an ASGI application.

    What came of a request stands afterwards in `scope["state"]`: `mcp_method`, `tool` (a name, of a call), and `error` where it failed.

    Args:
        tools: each with a name of its own.
        name: of the server, for people.
        version: of it.
        instructions: for a model, how to use the tools.
        origins: web pages of these origins may ask, as `https://chat.example`; `*` for all. Those of this machine always may.
        most_bytes: of a request's body.
        around: makes the call of a tool, with limits, records and what else belongs around it; None: it is just called.
    """

    def __init__(
        self,
        tools: Sequence[Tool],
        *,
        name: str,
        version: str,
        instructions: str = "",
        origins: Sequence[str] = (),
        most_bytes: int = 4_000_000,
        around: Around | None = None,
    ) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._info = {"name": name, "version": version}
        self._instructions = {"instructions": instructions} if instructions else {}
        self._origins = frozenset(origins)
        self._most_bytes = most_bytes
        self._around = _just_call if around is None else around

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers, repeated = _headers_of(scope)
        try:
            self._check(scope, headers)
            accepts = _accepted(headers)
            body = await _body(receive, self._most_bytes, headers)
            if body is None:
                return
            asked = read_message(body, headers, repeated=repeated)
        except RpcError as error:
            _note(scope, error=str(error.code))
            allowed = [(b"allow", b"POST")] if error.status == 405 else []
            await _send_json(send, error.status, failure(error), allowed)
            return
        _note(scope, mcp_method=asked.method)
        if asked.id is None:
            await _send(send, 202, b"", [])
            return
        await self._answered(scope, asked, accepts, receive, send)

    def _check(self, scope: Scope, headers: Mapping[str, str]) -> None:
        """See that the request may be read at all.

        Raises:
            RpcError: it may not.
        """
        origin = headers.get("origin")
        if origin is not None and not self._is_known(origin):
            raise RpcError(INVALID_REQUEST, "a page of another origin asks, which is not let in", status=403)
        if scope["method"] != "POST":
            raise RpcError(INVALID_REQUEST, "messages come by POST; there are no streams and no sessions", status=405)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != _JSON:
            raise RpcError(INVALID_REQUEST, f"the body must be {_JSON}", status=415)

    def _is_known(self, origin: str) -> bool:
        if "*" in self._origins or origin in self._origins:
            return True
        try:
            return urlsplit(origin).hostname in _LOCAL
        except ValueError:
            return False

    async def _answered(self, scope: Scope, asked: Asked, accepts: str, receive: Receive, send: Send) -> None:
        """Do what is asked, and answer as JSON or, where that takes long and the client reads them, as events.

        A client that leaves cancels the work.
        """
        work = asyncio.ensure_future(self._done(scope, asked))
        gone = asyncio.ensure_future(_left(receive))
        begun = False
        try:
            while not work.done():
                patience = _PATIENCE if accepts != _JSON else None
                await asyncio.wait({work, gone}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                if gone.done() and not work.done():
                    _note(scope, error="client_left")
                    return
                if not work.done():
                    if not begun:
                        await _begin_events(send)
                    begun = True
                    await send({"type": "http.response.body", "body": b": waiting\n\n", "more_body": True})
            status, answer = work.result()
            if not begun and (accepts != _EVENTS or status != 200):
                await _send_json(send, status, answer)
                return
            if not begun:
                await _begin_events(send)
            await send({"type": "http.response.body", "body": b"data: " + encode(answer) + b"\n\n"})
        finally:
            for task in (work, gone):
                task.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)

    async def _done(self, scope: Scope, asked: Asked) -> tuple[int, dict[str, Any]]:
        """Status and answer of a request."""
        try:
            result = await self._result(scope, asked)
        except RpcError as error:
            error.id = asked.id
            _note(scope, error=str(error.code))
            # Before 2026-07-28 an error of a request that could be read is an ordinary answer.
            return error.status if asked.modern else 200, failure(error)
        except Exception:  # noqa: BLE001 - the boundary of a request: logged, and answered without its reason
            _log.exception("%s: no answer", asked.method)
            _note(scope, error=str(INTERNAL))
            return 200, failure(RpcError(INTERNAL, "the server failed; its log says why", id=asked.id))
        if asked.modern:
            result = {
                "resultType": "complete",
                **result,
                "_meta": {"io.modelcontextprotocol/serverInfo": self._info},
            }
        return 200, {"jsonrpc": "2.0", "id": asked.id, "result": result}

    async def _result(self, scope: Scope, asked: Asked) -> dict[str, Any]:
        method = asked.method
        if method == "tools/call":
            return await self._called(scope, asked.params)
        if method == "tools/list":
            if asked.params.get("cursor") is not None:
                raise RpcError(INVALID_PARAMS, "there is no such page: the list comes whole")
            listed: dict[str, Any] = {"tools": [_described(tool) for tool in self._tools.values()]}
            return listed | (_kept() if asked.modern else {})
        if asked.modern and method == "server/discover":
            found: dict[str, Any] = {"supportedVersions": [*MODERN, *LEGACY], "capabilities": {"tools": {}}}
            return found | self._instructions | _kept()
        if not asked.modern and method == "initialize":
            return self._initialized(asked.params)
        if not asked.modern and method == "ping":
            return {}
        raise RpcError(METHOD_NOT_FOUND, f"there is no method {method[:80]!r} here", status=404)

    def _initialized(self, params: dict[str, Any]) -> dict[str, Any]:
        wanted = params.get("protocolVersion")
        if not isinstance(wanted, str):
            raise RpcError(INVALID_PARAMS, "`protocolVersion` must be a text")
        return {
            "protocolVersion": wanted if wanted in LEGACY else LEGACY[0],
            "capabilities": {"tools": {}},
            "serverInfo": self._info,
            **self._instructions,
        }

    async def _called(self, scope: Scope, params: dict[str, Any]) -> dict[str, Any]:
        name, arguments = params.get("name"), params.get("arguments")
        if not isinstance(name, str):
            raise RpcError(INVALID_PARAMS, "`name` must be a tool's name")
        tool = self._tools.get(name)
        if tool is None:
            raise RpcError(INVALID_PARAMS, f"there is no tool {name[:80]!r} here")
        if arguments is not None and not isinstance(arguments, dict):
            raise RpcError(INVALID_PARAMS, "`arguments` must be an object")
        _note(scope, tool=name)
        try:
            found = await self._around(scope, tool, cast("dict[str, Any]", arguments or {}))
        except FerrataError as error:
            _note(scope, error=error.code)
            found = ToolResult(f"{error.message}: {error.hint}" if error.hint else error.message, is_error=True)
        result: dict[str, Any] = {"content": [{"type": "text", "text": found.text}], "isError": found.is_error}
        if found.structured is not None:
            result["structuredContent"] = found.structured
        if found.is_error:
            scope["state"].setdefault("error", "tool_error")
        return result


async def _just_call(_scope: Scope, tool: Tool, arguments: dict[str, Any]) -> ToolResult:
    return await tool.call(arguments)


def _described(tool: Tool) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "inputSchema": dict(tool.schema)}


def _kept() -> dict[str, Any]:
    """How long a client may keep an answer; not for others, since who may ask depends on the key."""
    return {"ttlMs": _FRESH, "cacheScope": "private"}


def _note(scope: Scope, **said: str) -> None:
    scope.setdefault("state", {}).update(said)


def _headers_of(scope: Scope) -> tuple[dict[str, str], frozenset[str]]:
    """Headers by name, and the names of those that were sent more than once."""
    found: dict[str, str] = {}
    repeated: set[str] = set()
    for raw, value in scope["headers"]:
        name = raw.decode("latin-1").lower()
        if name in found:
            repeated.add(name)
        found[name] = value.decode("latin-1")
    return found, frozenset(repeated)


def _accepted(headers: Mapping[str, str]) -> str:
    """`application/json` or `text/event-stream` where the client reads only the one; empty where it reads both.

    Raises:
        RpcError: it reads neither.
    """
    given = [part.partition(";")[0].strip().lower() for part in headers.get("accept", "*/*").split(",")]
    as_json = any(kind in (_JSON, "application/*", "*/*", "") for kind in given)
    as_events = any(kind in (_EVENTS, "text/*", "*/*") for kind in given)
    if not (as_json or as_events):
        raise RpcError(INVALID_REQUEST, f"answers are {_JSON} or {_EVENTS}, and neither is accepted", status=406)
    return "" if as_json and as_events else _JSON if as_json else _EVENTS


async def _body(receive: Receive, most: int, headers: Mapping[str, str]) -> bytes | None:
    """The request's body; None where the client has left.

    Raises:
        RpcError: it is larger than `most` bytes.
    """
    too_large = RpcError(INVALID_REQUEST, f"the body is larger than {most:,} bytes", status=413)
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > most:
        raise too_large
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        piece: bytes = message.get("body", b"")
        size += len(piece)
        if size > most:
            raise too_large
        pieces.append(piece)
        if not message.get("more_body", False):
            return b"".join(pieces)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_json(
    send: Send, status: int, answer: dict[str, Any], headers: Sequence[tuple[bytes, bytes]] = ()
) -> None:
    await _send(send, status, encode(answer), [(b"content-type", _JSON.encode()), *headers])


async def _send(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    length = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers + length})
    await send({"type": "http.response.body", "body": body})


async def _begin_events(send: Send) -> None:
    headers = [
        (b"content-type", _EVENTS.encode()),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),  # or a proxy may hold the events back
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
