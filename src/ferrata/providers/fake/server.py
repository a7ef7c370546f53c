"""A real HTTP server on this machine that speaks the wire formats, with a model of one's choice behind it, and fails on demand.

For tests of clients: ours and the vendors' own. Serves whoever reaches its port; it is no gateway.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from ferrata.errors import FerrataError, ModelDenied, ModelRequestInvalid
from ferrata.providers.fake.model import FakeEmbeddings, FakeModel
from ferrata.providers.wires import server_wires

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from ferrata.messages import ChatChunk
    from ferrata.providers.base import ChatModel
    from ferrata.providers.wires.serving import Asked, ServerWire

__all__ = ["Failing", "FakeServer", "Received"]

# html: a web page with status 200; garbage: no JSON; list: JSON that is no object; nothing: an empty body; hang up: the
# connection ends without an answer; half: it ends in the middle of the body or the stream; redirect: to another place;
# stall: the beginning of an answer, and then no more.
Failing = Literal["html", "garbage", "list", "nothing", "hang up", "half", "redirect", "stall", "silence"]


@dataclass(frozen=True)
class Received:
    """One request as it came in; names of headers in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Scripted:
    """An answer of one's own: status, body and headers."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class FakeServer:
    """Runs in a thread of its own from `start` to `stop`, or in a `with` block.

    Args:
        model: answers; a `FakeModel` that repeats what it is told, if none is given.
        key: the only key that is let in; every one if empty.

    Attributes:
        received: the requests, in order.
        aborted: how many requests the client gave up before the end of the answer.
    """

    def __init__(self, model: ChatModel | None = None, *, key: str = "") -> None:
        self.model = model or FakeModel()
        self.received: list[Received] = []
        self.aborted = 0
        self._key = key
        self._failing: deque[Failing | FerrataError | Scripted] = deque()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def url(self) -> str:
        """Where it answers, as a vendor's URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    def fail(self, *how: Failing | FerrataError) -> None:
        """Fail the next requests, one each, in this order; an error is sent in the wire format's own words."""
        self._failing.extend(how)

    def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Answer the next request with these bytes."""
        self._failing.append(Scripted(status, body, headers or {}))

    def start(self) -> Self:
        """Start to listen, on a free port of this machine."""
        self._thread.start()
        self._ready.wait()
        return self

    def stop(self) -> None:
        """Stop listening and end what is under way."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._connected, "127.0.0.1", 0, backlog=500))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in self._tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (received := await _read(reader)) is not None:
                self.received.append(received)
                if not await self._watched(received, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _watched(self, received: Received, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer, and stop as soon as the client is gone; whether the connection lives on."""
        answering = asyncio.ensure_future(self._respond(received, writer))
        gone = asyncio.ensure_future(_ended(reader))
        try:
            await asyncio.wait({answering, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                self.aborted += 1
                return False
            return answering.result()
        finally:
            for task in (answering, gone):
                task.cancel()
            await asyncio.gather(answering, gone, return_exceptions=True)

    async def _respond(self, received: Received, writer: asyncio.StreamWriter) -> bool:
        how = self._failing.popleft() if self._failing else None
        wire = next((w for w in server_wires() if received.path.partition("?")[0].endswith(w.path)), None)
        if isinstance(how, Scripted):
            return await _send(writer, how.status, how.body, dict(how.headers))
        if isinstance(how, str) and how != "half":
            return await _broken(writer, how)
        try:
            self._admit(received)
            if isinstance(how, FerrataError):
                raise how
            if wire is None:
                return await self._other(received, writer)
            asked = wire.asked(received.body)
            if asked.stream:
                return await self._stream(wire, asked, writer, half=how == "half")
            body = json.dumps(wire.response(await self.model.chat(asked.request), asked)).encode()
            return await _send(writer, 200, body, half=how == "half")
        except FerrataError as error:
            failing = wire or server_wires()[0]
            headers = {} if (wait := getattr(error, "retry_after", None)) is None else {"retry-after": f"{wait:g}"}
            status = 429 if error.status == 402 else error.status
            return await _send(writer, status, json.dumps(failing.error(error)).encode(), headers)

    def _admit(self, received: Received) -> None:
        carried = {received.headers.get(name, "").removeprefix("Bearer ") for name in _KEY_HEADERS}
        if self._key and self._key not in carried:
            # A vendor's own words repeat some of the key, which no message of ours may.
            shown = max(carried, key=len)
            raise ModelDenied(f"Incorrect API key provided: {shown}")

    async def _other(self, received: Received, writer: asyncio.StreamWriter) -> bool:
        if received.path.endswith("/embeddings"):
            given = received.body.get("input")
            texts = [given] if isinstance(given, str) else cast("list[str]", given or [])
            found = await FakeEmbeddings().embed(texts)
            data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(found.vectors)]
            used = found.usage.input_tokens if found.usage else 0
            payload: dict[str, Any] = {"object": "list", "data": data, "model": str(received.body.get("model"))}
            payload["usage"] = {"prompt_tokens": used, "total_tokens": used}
            return await _send(writer, 200, json.dumps(payload).encode())
        if received.path.endswith("/models"):
            models = [{"id": self.model.name.rpartition("/")[2], "object": "model", "created": 0, "owned_by": "fake"}]
            return await _send(writer, 200, json.dumps({"object": "list", "data": models}).encode())
        raise ModelRequestInvalid(f"no such path: {received.path}")

    async def _stream(self, wire: ServerWire, asked: Asked, writer: asyncio.StreamWriter, *, half: bool) -> bool:
        events = wire.writer(asked)
        begun = False
        async with aclosing(cast("AsyncGenerator[ChatChunk]", self.model.stream(asked.request))) as chunks:
            async for chunk in chunks:
                if not begun:
                    writer.write(_head(200, {"content-type": "text/event-stream", "connection": "close"}))
                    begun = True
                if half and chunk.finish:
                    return False
                writer.write(events.write(chunk))
                await writer.drain()
        writer.write(events.end())
        await writer.drain()
        return False


_KEY_HEADERS = ("authorization", "x-api-key", "api-key")


async def _read(reader: asyncio.StreamReader) -> Received | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, path, _ = head[0].split(" ", 2)
    pairs = [line.partition(":") for line in head[1:] if line]
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    found: object = json.loads(body) if body else {}
    return Received(method, path, headers, cast("dict[str, Any]", found))


async def _ended(reader: asyncio.StreamReader) -> None:
    """Ends when the client has closed its side; a client that sends its next request early stays."""
    while not reader.at_eof():
        await asyncio.sleep(0.005)


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} -\r\n{lines}\r\n".encode("latin-1")


async def _send(
    writer: asyncio.StreamWriter,
    status: int,
    body: bytes,
    headers: Mapping[str, str] | None = None,
    *,
    half: bool = False,
) -> bool:
    given = {"content-type": "application/json", "x-request-id": "req_1", "content-length": str(len(body))}
    writer.write(_head(status, {**given, **(headers or {})}) + (body[: len(body) // 2] if half else body))
    await writer.drain()
    return not half


async def _broken(writer: asyncio.StreamWriter, how: Failing) -> bool:
    """An answer that is none."""
    page = b"<!DOCTYPE html><html><body>Sign in</body></html>"
    if how == "html":
        return await _send(writer, 200, page, {"content-type": "text/html"})
    if how == "redirect":
        return await _send(writer, 302, b"", {"location": "http://127.0.0.1:9/elsewhere"})
    if how in ("garbage", "list", "nothing"):
        return await _send(writer, 200, {"garbage": b'{"id": ', "list": b"[1]", "nothing": b""}[how])
    if how == "silence":
        await asyncio.sleep(3600)
    if how == "stall":
        writer.write(_head(200, {"content-type": "text/event-stream", "connection": "close"}) + b": wait\n\n")
        await writer.drain()
        await asyncio.sleep(3600)
    return False
