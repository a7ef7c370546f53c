"""Servers for tests of the HTTP client: they send the bytes that they are told, whole or in pieces, and note what they see."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ferrata.providers import HttpClient, Timeouts

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
    from ssl import SSLContext
    from typing import Any

    Script = Callable[["Visit"], Awaitable[None]]

LIMITS = Timeouts(total=5, connect=5, first_byte=5, between=5)


def answer(body: bytes = b"ok", *more: str, status: str = "200 OK") -> bytes:
    """The bytes of an answer with a length."""
    lines = "".join(f"{line}\r\n" for line in (*more, f"content-length: {len(body)}"))
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1") + body


@dataclass
class Seen:
    """What a server has seen.

    Attributes:
        opened: connections in all.
        requests: heads of requests, and their bodies.
        gone: connections that the client has ended.
        open_now: connections at the moment.
    """

    url: str = ""
    opened: int = 0
    open_now: int = 0
    gone: int = 0
    requests: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])


class Visit:
    """One connection, as a script sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Seen, number: int) -> None:
        self.reader, self.writer, self.seen, self.number = reader, writer, seen, number

    async def request(self) -> tuple[str, bytes]:
        """The next request; EOFError where the client has ended."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lengths = [line for line in head.lower().split("\r\n") if line.startswith("content-length:")]
        body = await self.reader.readexactly(int(lengths[0].split(":")[1])) if lengths else b""
        self.seen.requests.append((head, body))
        return head, body

    async def send(self, data: bytes, *, pause: float | None = None) -> None:
        """Send, byte by byte where there is a pause."""
        for piece in [data] if pause is None else [data[i : i + 1] for i in range(len(data))]:
            self.writer.write(piece)
            await self.writer.drain()
            if pause is not None:
                await asyncio.sleep(pause)

    async def until_gone(self) -> None:
        """Wait until the client has ended the connection."""
        while await self.reader.read(65536):
            pass


@asynccontextmanager
async def serving(script: Script, *, tls: SSLContext | None = None) -> AsyncGenerator[Seen]:
    """A server that runs a script on each connection, and closes it afterwards."""
    seen = Seen()
    tasks: set[asyncio.Task[None]] = set()

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())  # pyright: ignore[reportArgumentType]
        seen.opened += 1
        seen.open_now += 1
        try:
            await script(Visit(reader, writer, seen, seen.opened))
        except (EOFError, ConnectionError, asyncio.CancelledError):
            seen.gone += 1
        finally:
            seen.open_now -= 1
            writer.transport.abort()

    server = await asyncio.start_server(visit, "127.0.0.1", 0, ssl=tls, limit=1 << 20)
    seen.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield seen
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def asked(
    script: Script, work: Callable[[HttpClient, Seen], Coroutine[Any, Any, Any]], *, tls: SSLContext | None = None
) -> tuple[Any, Seen]:
    """What the client's work gives beside a server that runs the script, and what the server has seen."""

    async def main() -> tuple[Any, Seen]:
        async with serving(script, tls=tls) as seen, HttpClient() as http:
            return await work(http, seen), seen

    return asyncio.run(main())


async def get(http: HttpClient, seen: Seen, limits: Timeouts = LIMITS) -> bytes:
    """The body at the server's address."""
    return (await http.get(seen.url, {}, timeouts=limits, who="test")).body


async def settled(condition: Callable[[], bool]) -> bool:
    """Whether it comes true within two seconds."""
    for _ in range(200):
        if condition():
            return True
        await asyncio.sleep(0.01)
    return False
