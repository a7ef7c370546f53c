"""Requests to an ASGI application without a server."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Answer(NamedTuple):
    """What an application sent; `state` is what stood in the scope afterwards."""

    status: int
    headers: dict[str, str]
    body: bytes
    state: dict[str, Any]

    def json(self) -> Any:
        return json.loads(self.body)


async def ask(
    application: Any,
    body: bytes = b"",
    *,
    method: str = "POST",
    path: str = "/",
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    leaves: asyncio.Event | None = None,
    state: dict[str, Any] | None = None,
    root_path: str = "",
) -> Answer:
    """Ask once.

    Args:
        application: whom.
        body: in two pieces.
        method: of HTTP.
        path: with `root_path` in front.
        headers: names in any case.
        leaves: the client is gone when it is set.
        state: of the scope.
        root_path: where the application is mounted.
    """
    half = len(body) // 2
    waiting = [
        {"type": "http.request", "body": body[:half], "more_body": True},
        {"type": "http.request", "body": body[half:], "more_body": False},
    ]
    sent: list[Any] = []
    left = leaves or asyncio.Event()

    async def receive() -> Any:
        if waiting:
            return waiting.pop(0)
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    pairs = list(headers.items()) if hasattr(headers, "items") else headers
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": root_path,
        "query_string": b"",
        "scheme": "http",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs],
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 5000),
    }
    if state is not None:
        scope["state"] = state
    await application(scope, receive, send)
    start = next((one for one in sent if one["type"] == "http.response.start"), {"status": 0, "headers": []})
    return Answer(
        start["status"],
        {name.decode().lower(): value.decode() for name, value in start["headers"]},
        b"".join(one.get("body", b"") for one in sent if one["type"] == "http.response.body"),
        scope.get("state", {}),
    )
