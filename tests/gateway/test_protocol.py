from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from gateway_served import FakeServed, read_answer, request

from ferrata.gateway.connections import HttpLimits
from ferrata.gateway.server import HttpServer, WorkerContext

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LIMITS = HttpLimits(late_seconds=0.3)
TICK = 0.02


class _Running:
    def __init__(self, server: HttpServer, app: FakeServed, port: int) -> None:
        self.server, self.app, self.port = server, app, port

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def say(self, data: bytes) -> bytes:
        """All that comes back until the server closes, or pauses."""
        reader, writer = await self.open()
        writer.write(data)
        found = b""
        with suppress(TimeoutError, ConnectionError):
            while piece := await asyncio.wait_for(reader.read(65536), 0.2):
                found += piece
        writer.close()
        return found


@asynccontextmanager
async def running(limits: HttpLimits = LIMITS) -> AsyncIterator[_Running]:
    app = FakeServed(Path(), WorkerContext())
    server = HttpServer(app, limits, tick=TICK)
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    await server.start(listening)
    try:
        yield _Running(server, app, port)
    finally:
        server.hurry()
        await server.drain(0)
        await asyncio.sleep(TICK)


WRONG = {
    "CL.TE": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n",
    "TE.CL": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "TE.TE": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
    "TE.TE reversed": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "TE list": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "TE alike": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "TE and a space": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "TE in 1.0": b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "TE folded": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "obs-fold": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
    "bare LF": b"GET / HTTP/1.1\nHost: a\n\n",
    "bare LF in headers": b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
    "bare CR": b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
    "CL twice": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "CL twice the same": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "CL list": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc",
    "CL signed": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc",
    "CL huge": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\nabc",
    "chunk size huge": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc",
    "chunk size signed": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc",
    "chunk size by LF": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n",
    "chunk longer than said": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n",
    "CL in a trailer": b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n",
    "NUL": b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    "CONNECT": b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a URL without a path": b"GET http://a HTTP/1.1\r\nHost: a\r\n\r\n",
    "a URL that is none": b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_requests_are_refused_once_in_json_and_the_connection_closed(name: str) -> None:
    async def run() -> bytes:
        async with running() as it:
            # What follows on the connection is another's request, as a proxy in front would send it.
            return await it.say(WRONG[name] + request("/after"))

    found = asyncio.run(run())
    assert found.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert found.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in found
    error = json.loads(found.partition(b"\r\n\r\n")[2])["error"]
    assert error["type"] == "invalid_request_error"
    assert error["message"]


def test_a_good_request_is_answered_and_the_connection_kept() -> None:
    async def run() -> None:
        async with running() as it:
            reader, writer = await it.open()
            for size in (0, 5, 200_000):
                writer.write(request("/x", body=b"a" * size))
                status, headers, body = await read_answer(reader)
                assert status == 200
                assert "connection" not in headers
                assert "server" not in headers
                assert json.loads(body)["size"] == size
            chunked = (
                b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\n"
            )
            writer.write(chunked + b"X-Role: admin\r\n\r\n")
            found = json.loads((await read_answer(reader))[2])
            assert found["size"] == 5
            assert found["headers"] == ["host", "transfer-encoding"]  # and nothing of the trailer
            writer.close()

    asyncio.run(run())


def test_pipelined_requests_are_answered_in_order_and_counted() -> None:
    async def run() -> None:
        async with running(replace(LIMITS, pipelined=4)) as it:
            reader, writer = await it.open()
            writer.write(request("/slow?0.05") + request("/b") + request("/c", body=b"xyz"))
            paths = [json.loads((await read_answer(reader))[2])["path"] for _ in range(3)]
            assert paths == ["/slow", "/b", "/c"]
            # One runs, four wait; then no more is read, those are answered, and the connection ends.
            writer.write(request("/slow?0.05") * 5000)
            for _ in range(5):
                assert (await read_answer(reader))[0] == 200
            assert await reader.read() == b""
            writer.close()

    asyncio.run(run())


def test_a_mistake_behind_a_running_request_does_not_spoil_its_answer() -> None:
    async def run() -> bytes:
        async with running() as it:
            return await it.say(request("/slow?0.05") + b"nonsense\r\n\r\n")

    found = asyncio.run(run())
    assert found.startswith(b"HTTP/1.1 200")
    assert found.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    ("flood", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 900_000, 431),
        (b"GET /" + b"y" * 900_000, 431),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"y" * 900_000, 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"y" * 900_000, 400),
    ],
    ids=["many headers", "a long header", "a header without end", "a URL without end", "an extension", "a trailer"],
)
def test_floods_are_refused(flood: bytes, status: int) -> None:
    async def run() -> bytes:
        async with running() as it:
            return await it.say(flood)

    found = asyncio.run(run())
    assert int(found.split()[1]) == status, found[:200]


def test_the_longest_allowed_head_is_read() -> None:
    async def run() -> bytes:
        async with running() as it:
            return await it.say(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 65_000 + b"\r\n\r\n")

    assert asyncio.run(run()).startswith(b"HTTP/1.1 200")


def test_another_protocol_is_not_taken_up_and_the_body_is_read() -> None:
    wish = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"

    async def run() -> None:
        async with running() as it:
            reader, writer = await it.open()
            writer.write(request("/x", body=b"abc", extra=wish) + request("/y"))
            assert json.loads((await read_answer(reader))[2])["size"] == 3
            assert json.loads((await read_answer(reader))[2])["path"] == "/y"
            writer.write(request("/ws", extra="Connection: upgrade\r\nUpgrade: websocket\r\n"))
            assert (await read_answer(reader))[0] == 200
            writer.close()

    asyncio.run(run())


def test_slow_heads_and_bodies_are_ended_and_others_go_on() -> None:
    limits = replace(LIMITS, head_seconds=0.2, piece_seconds=0.2, least_rate=1000, idle_seconds=0.2)

    async def slow(it: _Running, begin: bytes, drop: bytes) -> bytes:
        reader, writer = await it.open()
        writer.write(begin)
        found = b""
        with suppress(ConnectionError):
            for _ in range(40):
                writer.write(drop)
                with suppress(TimeoutError):
                    if not (piece := await asyncio.wait_for(reader.read(1000), 0.05)):
                        break
                    found += piece
        writer.close()
        return found

    async def run() -> None:
        async with running(limits) as it:
            head = slow(it, b"GET / HTTP/1.1\r\n", b"X: y\r\n")
            # A byte comes every 50 ms, so no piece is late; but 20 bytes a second are too few.
            body = slow(it, request("/x", body=b"a" * 1000)[:-1000], b"a")
            nothing = slow(it, b"", b"")
            idle = slow(it, request("/x"), b"")
            found = await asyncio.gather(head, body, nothing, idle, it.say(request("/other")))
            assert [one.split()[1:2] for one in found] == [[b"408"], [b"408"], [], [b"200"], [b"200"]]
            assert it.app.left == ["body"]
            await asyncio.sleep(0.05)
            assert not it.server.connections.connections

    asyncio.run(run())


def test_a_running_request_may_take_longer_than_any_of_these() -> None:
    limits = replace(LIMITS, head_seconds=0.1, piece_seconds=0.1, idle_seconds=0.1, stalled_seconds=0.1)

    async def run() -> None:
        async with running(limits) as it:
            reader, writer = await it.open()
            writer.write(request("/slow?0.5", body=b"abc"))
            assert (await read_answer(reader))[0] == 200
            writer.write(request("/stream?0.5"))
            assert (await read_answer(reader))[2] == b"piece\n" * 10
            writer.close()

    asyncio.run(run())


def test_a_client_that_does_not_read_is_left() -> None:
    async def run() -> None:
        async with running(replace(LIMITS, stalled_seconds=0.1)) as it:
            reader, writer = await it.open()
            writer.write(request("/big"))
            await asyncio.sleep(0.05)
            writer.transport.pause_reading()
            await asyncio.sleep(0.4)
            assert not it.server.connections.connections
            assert not it.server.connections.tasks
            writer.close()

    asyncio.run(run())


def test_the_application_learns_that_the_client_left() -> None:
    async def run() -> None:
        async with running() as it:
            reader, writer = await it.open()
            writer.write(request("/x") + request("/left"))
            assert (await read_answer(reader))[0] == 200
            await asyncio.sleep(0.02)
            assert it.app.left == []
            writer.close()
            await asyncio.sleep(0.05)
            assert it.app.left == ["client"]
            assert not it.server.connections.tasks

    asyncio.run(run())


@pytest.mark.parametrize("path", ["/refuse", "/early"])
def test_an_answer_before_the_body_is_seen_and_the_rest_is_not_kept(path: str) -> None:
    size = 50_000_000

    async def run() -> None:
        async with running() as it:
            reader, writer = await it.open()
            writer.write(f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n".encode())
            with suppress(ConnectionError):
                for _ in range(size // 500_000):  # as a client that looks at the answer last
                    writer.write(b"x" * 500_000)
                    await writer.drain()
            status, _, _ = await read_answer(reader)
            assert status == (413 if path == "/refuse" else 200)
            assert await reader.read() == b""
            writer.close()

    asyncio.run(run())


def test_one_connection_too_many_is_told_so() -> None:
    async def run() -> None:
        async with running(replace(LIMITS, connections=3)) as it:
            kept = [await it.open() for _ in range(3)]
            await asyncio.sleep(0.02)
            found = await it.say(b"")
            assert found.startswith(b"HTTP/1.1 503 ")
            assert json.loads(found.partition(b"\r\n\r\n")[2])["error"]["code"] == "overloaded"
            kept[0][1].close()
            await asyncio.sleep(0.05)
            assert (await it.say(request("/x"))).startswith(b"HTTP/1.1 200")
            for _, writer in kept:
                writer.close()

    asyncio.run(run())
