"""Tools over the Model Context Protocol, asked without a server."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi_requests import Answer, ask
from ferrata.errors import ModelBusy
from ferrata.gateway import McpServer, ToolResult, mcp

PLAIN = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
NOW = "2026-07-28"


class Adder:
    """A tool that adds, or goes wrong as it is asked to."""

    name = "add"
    description = "Adds"
    schema: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "number"}}}

    def __init__(self) -> None:
        self.cancelled = False

    async def call(self, arguments: dict[str, Any]) -> ToolResult:
        if arguments.get("a") == "wait":
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                self.cancelled = True
                raise
        if arguments.get("a") == "late":
            await asyncio.sleep(0.05)
        if arguments.get("a") == "busy":
            raise ModelBusy("too many ask", hint="come again")
        if arguments.get("a") == "bug":
            raise ZeroDivisionError("secret")
        if arguments.get("a") == "odd":
            return ToolResult("\ud800", {"n": 1 << 80})
        if "a" not in arguments:
            return ToolResult("`a` is missing", is_error=True)
        return ToolResult(str(arguments["a"] + 1), {"sum": arguments["a"] + 1})


def server(**options: Any) -> McpServer:
    return McpServer([Adder()], name="sums", version="1", **options)


def modern(method: str, params: dict[str, Any] | None = None, **headers: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a request of 2026-07-28."""
    meta = {"io.modelcontextprotocol/protocolVersion": NOW, "io.modelcontextprotocol/clientCapabilities": {}}
    body = {"jsonrpc": "2.0", "id": "r1", "method": method, "params": {**(params or {}), "_meta": meta}}
    named = {"mcp-name": params["name"]} if params and "name" in params else {}
    return json.dumps(body).encode(), {
        **PLAIN,
        "mcp-protocol-version": NOW,
        "mcp-method": method,
        **named,
        **{key.replace("_", "-"): value for key, value in headers.items()},
    }


def post(body: Any, headers: dict[str, str] | None = None, /, **options: Any) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return asyncio.run(ask(options.pop("to", None) or server(), raw, headers=PLAIN if headers is None else headers))


def old(method: str, params: dict[str, Any] | None = None, **options: Any) -> Answer:
    return post({"jsonrpc": "2.0", "id": 7, "method": method, "params": params or {}}, **options)


@pytest.mark.parametrize(
    ("wanted", "given_back"),
    [("2025-06-18", "2025-06-18"), ("2025-11-25", "2025-11-25"), ("2024-11-05", "2025-11-25"), ("x", "2025-11-25")],
)
def test_older_clients_negotiate(wanted: str, given_back: str) -> None:
    found = old("initialize", {"protocolVersion": wanted, "capabilities": {}, "clientInfo": {}})
    assert (found.status, found.json()) == (
        200,
        {
            "jsonrpc": "2.0",
            "id": 7,
            "result": {
                "protocolVersion": given_back,
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "sums", "version": "1"},
            },
        },
    )
    assert "mcp-session-id" not in found.headers


def test_older_clients_list_and_call() -> None:
    assert old("ping").json()["result"] == {}
    assert old("tools/list").json()["result"] == {
        "tools": [{"name": "add", "description": "Adds", "inputSchema": Adder.schema}]
    }
    called = old("tools/call", {"name": "add", "arguments": {"a": 2}})
    assert called.json()["result"] == {
        "content": [{"type": "text", "text": "3"}],
        "isError": False,
        "structuredContent": {"sum": 3},
    }
    assert called.state == {"mcp_method": "tools/call", "tool": "add"}


def test_discovery_and_calls_without_a_handshake() -> None:
    info = {"io.modelcontextprotocol/serverInfo": {"name": "sums", "version": "1"}}
    found = post(*modern("server/discover"), to=server(instructions="Add."))
    assert found.json()["result"] == {
        "resultType": "complete",
        "supportedVersions": [NOW, "2025-11-25", "2025-06-18"],
        "capabilities": {"tools": {}},
        "instructions": "Add.",
        "ttlMs": 60000,
        "cacheScope": "private",
        "_meta": info,
    }
    listed = post(*modern("tools/list")).json()["result"]
    assert (listed["resultType"], listed["ttlMs"], len(listed["tools"])) == ("complete", 60000, 1)
    called = post(*modern("tools/call", {"name": "add", "arguments": {"a": 1}})).json()
    assert called["id"] == "r1"
    assert called["result"] == {
        "resultType": "complete",
        "content": [{"type": "text", "text": "2"}],
        "isError": False,
        "structuredContent": {"sum": 2},
        "_meta": info,
    }


def test_headers_must_say_what_the_body_says() -> None:
    asked = modern("tools/call", {"name": "add", "arguments": {"a": 1}})
    for change in ({"mcp_name": "other"}, {"mcp_method": "tools/list"}, {"mcp_name": "=?base64?!?="}):
        body, headers = modern("tools/call", {"name": "add", "arguments": {"a": 1}}, **change)
        found = post(body, headers)
        assert (found.status, found.json()["error"]["code"], found.json()["id"]) == (400, -32020, "r1")
    for lacking in ("mcp-protocol-version", "mcp-method", "mcp-name"):
        found = post(asked[0], {name: value for name, value in asked[1].items() if name != lacking})
        assert (found.status, found.json()["error"]["code"]) == (400, -32020)
    twice = [*asked[1].items(), ("Mcp-Name", "add")]
    found = asyncio.run(ask(server(), asked[0], headers=twice))
    assert (found.status, found.json()["error"]["code"]) == (400, -32020)
    wrapped = f"=?base64?{base64.b64encode(b'add').decode()}?="
    assert post(*modern("tools/call", {"name": "add", "arguments": {"a": 1}}, mcp_name=wrapped)).status == 200


def test_revisions_that_are_not_spoken() -> None:
    body, headers = modern("tools/list")
    later = body.replace(NOW.encode(), b"2031-01-01")
    found = post(later, {**headers, "mcp-protocol-version": "2031-01-01"})
    assert (found.status, found.json()["error"]) == (
        400,
        {
            "code": -32022,
            "message": "this revision of the protocol is not spoken here",
            "data": {"supported": [NOW, "2025-11-25", "2025-06-18"], "requested": "2031-01-01"},
        },
    )
    older = post({"jsonrpc": "2.0", "id": 1, "method": "ping"}, {**PLAIN, "mcp-protocol-version": "1999-01-01"})
    assert (older.status, older.json()["error"]["code"]) == (400, -32022)
    assert old("ping", to=server()).status == 200
    bare = post({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {**PLAIN, "mcp-protocol-version": NOW})
    assert (bare.status, bare.json()["error"]["code"]) == (400, -32602)


def test_methods_that_are_not_there() -> None:
    for method in ("ping", "initialize/x", "subscriptions/listen", "resources/list"):
        found = post(*modern(method))
        assert (found.status, found.json()["error"]["code"]) == (404, -32601)
    found = old("resources/list")
    assert (found.status, found.json()["error"]["code"], found.json()["id"]) == (200, -32601, 7)


def test_what_goes_wrong_in_a_call() -> None:
    def result(**arguments: Any) -> Any:
        return old("tools/call", {"name": "add", "arguments": arguments})

    assert result().json()["result"] == {"content": [{"type": "text", "text": "`a` is missing"}], "isError": True}
    busy = result(a="busy")
    assert (busy.json()["result"]["content"][0]["text"], busy.state["error"]) == (
        "too many ask: come again",
        "model_busy",
    )
    bug = result(a="bug")
    assert bug.json()["error"] == {"code": -32603, "message": "the server failed; its log says why"}
    assert b"secret" not in bug.body
    assert result(a="odd").json()["result"]["structuredContent"] == {"n": 1 << 80}
    for params in ({"name": "other"}, {"name": 3}, {}, {"name": "add", "arguments": []}):
        assert old("tools/call", params).json()["error"]["code"] == -32602
    assert old("tools/list", {"cursor": "2"}).json()["error"]["code"] == -32602


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b'"\xff"', -32700),
        (b"[" * 5000, -32700),
        (b"[]", -32600),
        (b"3", -32600),
        (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32600),
        (b'{"id":1,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":1}', -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"result":{}}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', -32602),
    ],
)
def test_bodies_that_are_no_message(body: bytes, code: int) -> None:
    found = post(body)
    assert (found.status, found.json()["error"]["code"]) == (400, code)


def test_notifications_are_taken_and_not_answered() -> None:
    found = post({"jsonrpc": "2.0", "method": "notifications/initialized"})
    assert (found.status, found.body) == (202, b"")


def test_requests_that_are_not_read() -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'

    def status(to: McpServer | None = None, method: str = "POST", **headers: str) -> int:
        named = {**PLAIN, **{key.replace("_", "-"): value for key, value in headers.items()}}
        return asyncio.run(ask(to or server(), body, method=method, headers=named)).status

    assert [status(method=method) for method in ("GET", "DELETE", "PUT")] == [405, 405, 405]
    assert asyncio.run(ask(server(), method="GET", headers=PLAIN)).headers["allow"] == "POST"
    assert [status(origin=one) for one in ("https://evil.example", "null", "http://[", "http://localhost.evil")] == (
        [403] * 4
    )
    assert [status(origin=one) for one in ("http://localhost:3000", "http://127.0.0.1", "http://[::1]:1")] == [200] * 3
    chat = server(origins=["https://chat.example"])
    assert [status(chat, origin="https://chat.example"), status(chat, origin="https://evil.example")] == [200, 403]
    assert status(server(origins=["*"]), origin="https://evil.example") == 200
    assert [status(content_type=one) for one in ("text/plain", "", "application/json; charset=utf-8")] == [
        415,
        415,
        200,
    ]
    assert [status(accept=one) for one in ("text/html", "*/*", "application/json")] == [406, 200, 200]
    assert [status(server(most_bytes=10)), status(server(most_bytes=10), content_length="40")] == [413, 413]


def test_a_client_that_reads_only_events_gets_one() -> None:
    found = post({"jsonrpc": "2.0", "id": 1, "method": "ping"}, {**PLAIN, "accept": "text/event-stream"})
    assert found.headers["content-type"] == "text/event-stream"
    assert found.body == b'data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n'


def test_a_long_call_becomes_events_that_keep_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mcp, "_PATIENCE", 0.02)
    found = old("tools/call", {"name": "add", "arguments": {"a": "late"}})
    lines = found.body.split(b"\n\n")
    assert lines[0] == b": waiting"
    # "late" cannot be added to: the tool's own mistake comes as an event, too.
    assert json.loads(lines[-2].removeprefix(b"data: "))["error"]["code"] == -32603
    patient = post(
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "add", "arguments": {"a": "late"}}},
        {**PLAIN, "accept": "application/json"},
    )
    assert patient.headers["content-type"] == "application/json"


def test_a_client_that_leaves_ends_the_call() -> None:
    adder = Adder()

    async def leave() -> Answer:
        left = asyncio.Event()
        asyncio.get_running_loop().call_later(0.02, left.set)
        params = {"name": "add", "arguments": {"a": "wait"}}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
        found = await ask(McpServer([adder], name="sums", version="1"), body, headers=PLAIN, leaves=left)
        assert len(asyncio.all_tasks()) == 1
        return found

    found = asyncio.run(leave())
    assert (found.status, adder.cancelled, found.state["error"]) == (0, True, "client_left")


def test_calls_go_through_what_is_put_around_them() -> None:
    seen: list[Any] = []

    async def around(scope: Any, tool: Any, arguments: dict[str, Any]) -> ToolResult:
        seen.append((scope["method"], tool.name, arguments))
        if not arguments:
            raise ModelBusy("over the limit")
        return await tool.call(arguments)

    limited = server(around=around)
    assert old("tools/call", {"name": "add", "arguments": {"a": 1}}, to=limited).json()["result"]["isError"] is False
    assert old("tools/call", {"name": "add"}, to=limited).json()["result"]["isError"] is True
    assert seen == [("POST", "add", {"a": 1}), ("POST", "add", {})]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
METHODS = st.sampled_from(["initialize", "ping", "tools/list", "tools/call", "server/discover"])
METAS = st.dictionaries(
    st.sampled_from(["io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientCapabilities"]),
    VALUES | st.sampled_from([NOW, "2025-11-25", {}]),
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | VALUES,
        "id": st.integers(-(2**65), 2**65) | st.text(max_size=5) | VALUES,
        "method": METHODS | VALUES,
        "params": st.fixed_dictionaries(
            {}, optional={"name": st.just("add") | VALUES, "arguments": VALUES, "_meta": METAS | VALUES}
        )
        | VALUES,
    },
)


@given(body=MESSAGES | VALUES, version=st.sampled_from(["", NOW, "2025-11-25", "x"]), mirrored=st.booleans())
def test_any_json_gets_an_answer_of_json_rpc(body: Any, version: str, mirrored: bool) -> None:
    headers = {**PLAIN, **({"mcp-protocol-version": version} if version else {})}
    if mirrored and isinstance(body, dict) and body.get("method") in ("tools/list", "tools/call"):
        headers |= {"mcp-method": body["method"], "mcp-name": "add"}
    found = post(body, headers)
    if found.status == 202:
        assert (found.body, "id" in body) == (b"", False)
        return
    answer = found.json()
    assert answer["jsonrpc"] == "2.0"
    assert ("result" in answer) != ("error" in answer)
    if "error" in answer:
        assert type(answer["error"]["code"]) is int
    identity = body.get("id") if isinstance(body, dict) else None
    if type(identity) in (str, int) and abs(identity if type(identity) is int else 0) < 1 << 63:
        assert answer["id"] == identity


@given(body=st.binary(max_size=60))
def test_any_bytes_get_an_answer_of_json_rpc(body: bytes) -> None:
    answer = post(body).json()
    assert answer["error"]["code"] in (-32700, -32600, -32602)
