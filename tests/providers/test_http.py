from __future__ import annotations

import asyncio

from ferrata.providers import HttpClient, Timeouts


class Endpoint(asyncio.Protocol):
    """Keeps connections open, and answers once as many requests have come as are waited for."""

    def __init__(self, opened: list[Endpoint], waiting: list[Endpoint], wanted: list[int]) -> None:
        self._opened, self._waiting, self._wanted = opened, waiting, wanted

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self._opened.append(self)

    def data_received(self, data: bytes) -> None:
        self._waiting += [self] * data.count(b"GET /")
        if len(self._waiting) >= self._wanted[0]:
            while self._waiting:
                self._waiting.pop().transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")  # pyright: ignore[reportAttributeAccessIssue]


def opened_by(*rounds: int) -> list[int]:
    """How many connections there have been after each round of so many calls at a time, all of one client."""

    async def work() -> list[int]:
        opened: list[Endpoint] = []
        wanted = [0]
        waiting: list[Endpoint] = []
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Endpoint(opened, waiting, wanted), "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        found: list[int] = []
        async with HttpClient() as http:
            for calls in rounds:
                wanted[0] = calls
                one = [http.get(url, {}, timeouts=Timeouts(total=20), who="test") for _ in range(calls)]
                answers = await asyncio.gather(*one)
                assert [answer.body for answer in answers] == [b"ok"] * calls
                found.append(len(opened))
        server.close()
        await server.wait_closed()
        return found

    return asyncio.run(work())


def test_many_calls_run_at_a_time() -> None:
    assert opened_by(100) == [100]


def test_calls_one_after_another_share_a_connection() -> None:
    assert opened_by(1, 1, 1) == [1, 1, 1]


def test_connections_are_used_again_also_where_there_are_many() -> None:
    assert opened_by(60, 60, 20) == [60, 60, 60]
