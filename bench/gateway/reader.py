"""A client of streams that counts: when the first token came, and whether all did.

`python reader.py CONNECTIONS SECONDS TOKENS < request.json`; prints what it found as JSON. A process of its own, so that it can be pinned to
a core.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import uvloop

MARK, LAST = b"qzx", b"0\r\n\r\n"


class Reader(asyncio.Protocol):
    """One connection, asked again as soon as a stream has ended."""

    def __init__(self) -> None:
        self._ended: asyncio.Future[None] | None = None
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        self.parts.append(data)
        if self.first is None and MARK in data:
            self.first = time.perf_counter()
        if data.endswith(LAST):
            self._end()

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True
        self._end()

    def _end(self) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)

    async def read(self, request: bytes) -> tuple[float | None, float, bytes]:
        """Seconds until the first token, seconds until the end, and all that came."""
        self.parts: list[bytes] = []
        self.first: float | None = None
        self._ended = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        self.transport.write(request)
        await asyncio.wait_for(self._ended, 60)
        ended = time.perf_counter()
        return None if self.first is None else self.first - began, ended - began, b"".join(self.parts)


async def _ask(port: int, request: bytes, until: float, tokens: int, found: dict[str, Any]) -> None:
    loop = asyncio.get_running_loop()
    reader = None
    while time.perf_counter() < until:
        if reader is None or reader.lost:
            _, reader = await loop.create_connection(Reader, "127.0.0.1", port)
        first, whole, data = await reader.read(request)
        if first is None or data.count(MARK) != tokens or b" 200 " not in data[:20]:
            found["wrong"].append(f"{data.count(MARK)} tokens: {data[:300]!r} ... {data[-300:]!r}")
            return
        found["first"].append(first)
        found["whole"].append(whole)
    if reader is not None:
        reader.transport.close()


async def _main() -> None:
    connections, seconds, tokens = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    given = json.load(sys.stdin)
    body = given["body"].encode()
    headers = {"host": "127.0.0.1", **given["headers"], "content-length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"POST {given['path']} HTTP/1.1\r\n{head}\r\n".encode() + body
    found: dict[str, Any] = {"first": [], "whole": [], "wrong": []}
    began = time.perf_counter()
    await asyncio.gather(*(_ask(given["port"], request, began + seconds, tokens, found) for _ in range(connections)))
    found["seconds"] = time.perf_counter() - began
    print(json.dumps(found))


if __name__ == "__main__":
    uvloop.run(_main())
