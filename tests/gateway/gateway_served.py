"""A small application as the gateway's servers and supervisor know it, for tests; and HTTP by hand."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


class FakeServed:
    """Answers by path; `/slow` takes its time, `/size` counts a body, `/left` waits until the client leaves."""

    def __init__(self, root: Path, worker: Any) -> None:
        self.root = root
        self.worker = worker
        self.reloads = 0
        self.wrong = ""
        self.left = list[str]()
        self.ended = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        if path == "/refuse":
            return await answer(send, 413, {"error": "too long"}, close=True)
        if path == "/early":
            return await answer(send, 200, {"early": True})
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left.append("body")
                return None
            size += len(message["body"])
            if not message["more_body"]:
                break
        if path == "/ready":
            problems = self.ready()
            return await answer(send, 503 if problems else 200, {"problems": problems})
        if path == "/slow":
            await asyncio.sleep(float(scope["query_string"] or b"0.3"))
        if path in ("/left", "/stream", "/big"):
            return await self._long(path, scope, send)
        if path == "/exit":
            os._exit(3)
        headers = [name.decode() for name, _ in scope["headers"]]
        found = {"path": path, "size": size, "pid": os.getpid(), "headers": headers, "reloads": self.reloads}
        return await answer(send, 200, found)

    async def _long(self, path: str, scope: Any, send: Any) -> None:
        if path == "/stream":
            return await stream(send, float(scope["query_string"] or b"0.5"))
        if path == "/left":
            gone = asyncio.Event()
            scope["state"]["on_left"](lambda: (self.left.append("client"), gone.set()))
            await gone.wait()
            return None
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(400):
            await send({"type": "http.response.body", "body": b"x" * 100_000, "more_body": True})
        return await send({"type": "http.response.body", "body": b""})

    async def startup(self) -> None:
        text = self._file("startup")
        if text == "crash":
            os._exit(7)
        if text == "raise":
            raise RuntimeError("a mistake of the program's")
        if text:
            raise UsageError(text, hint="mend it")

    async def drain(self) -> None:
        self.ended = True
        (self.root / f"ended-{self.worker.index}").write_text(str(os.getpid()))

    async def reload(self) -> None:
        self.wrong = self._file("reload")
        if self.wrong:
            raise UsageError(self.wrong)
        self.reloads += 1

    def ready(self) -> list[str]:
        return ["draining"] if self.worker.draining else [self.wrong] if self.wrong else []

    def about(self) -> str:
        return "3 endpoints"

    def _file(self, name: str) -> str:
        path = self.root / name
        return path.read_text() if path.exists() else ""


def application(root: Path, worker: Any) -> FakeServed:
    return FakeServed(root, worker)


async def answer(send: Any, status: int, found: Any, *, close: bool = False) -> None:
    body = json.dumps(found).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def stream(send: Any, seconds: float) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(10):
        await send({"type": "http.response.body", "body": b"piece\n", "more_body": True})
        await asyncio.sleep(seconds / 10)
    await send({"type": "http.response.body", "body": b""})


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """One answer: status, headers, body.

    Raises:
        asyncio.IncompleteReadError: the connection ended before it was complete.
    """
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in head[1:] if line}
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readexactly(2)
    else:
        body = await reader.readexactly(int(headers["content-length"]))
    return int(head[0].split()[1]), headers, body


def request(path: str, *, body: bytes = b"", extra: str = "") -> bytes:
    method = "POST" if body else "GET"
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: a\r\n{length}{extra}\r\n".encode() + body
