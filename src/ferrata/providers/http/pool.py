"""The open connections of one event loop, by where they lead to, and what of a request stays the same from call to call.

Knows no errors of models.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ferrata.providers.http.addresses import address_of, is_loopback
from ferrata.providers.http.bodies import ACCEPTED
from ferrata.providers.http.connection import Connection
from ferrata.providers.http.dialing import open_connection, tls_context
from ferrata.providers.http.proxies import proxy_for

if TYPE_CHECKING:
    from ferrata.providers.http.addresses import Address
    from ferrata.providers.http.proxies import Proxy

__all__ = ["Line", "Origin", "Pool"]

_AGENT = "ferrata"
# Seconds that a connection waits for its next call. Servers for one machine close idle ones early (the local model's after 5 s),
# and new ones cost little there.
_IDLE, _IDLE_HERE = 60.0, 4.0
_MOST_LINES = 1000


class Origin:
    """One server, and the idle connections to it.

    Args:
        address: where it is.
        proxy: in between, or None.
        here: it is this machine.
        loop: on which its connections live.
    """

    def __init__(self, address: Address, proxy: Proxy | None, loop: asyncio.AbstractEventLoop, *, here: bool) -> None:
        self.proxy = proxy
        self._address = address
        self._loop = loop
        self._seconds = _IDLE_HERE if here and not address.secure else _IDLE
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._timer: asyncio.TimerHandle | None = None

    def take(self) -> Connection | None:
        """The idle connection that was used last; None where there is none."""
        latest = self._loop.time() - self._seconds
        while self._idle:
            connection = self._idle.pop()
            if connection.since >= latest and connection.is_usable():
                return connection
            connection.abort()
        return None

    async def connect(self) -> Connection:
        """A new connection.

        Raises:
            OSError: there is none.
        """
        return await open_connection(
            self._address, self.proxy, lambda: Connection(self._loop, self._open.add, self._free, self._lost)
        )

    def prepare(self) -> None:
        """Read the certificates, where they are needed."""
        if self._address.secure:
            tls_context()

    async def aclose(self) -> None:
        """Close all connections."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for connection in list(self._open):
            connection.abort()
        for _ in range(100):
            if not self._open:
                return
            await asyncio.sleep(0)

    def _free(self, connection: Connection) -> None:
        connection.since = self._loop.time()
        self._idle.append(connection)
        if self._timer is None:
            self._timer = self._loop.call_later(self._seconds, self._sweep)

    def _lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def _sweep(self) -> None:
        """Close what has been idle for too long; the list is in the order of their last use."""
        self._timer = None
        latest = self._loop.time() - self._seconds
        old = [connection for connection in self._idle if connection.since <= latest]
        del self._idle[: len(old)]
        for connection in old:
            connection.abort()
        if self._idle:
            self._timer = self._loop.call_later(self._seconds / 4, self._sweep)


class Line:
    """A URL as calls use it.

    Attributes:
        origin: the server.
        address: its parts.
        start: the lines of every request's head that stay the same, after the method.
    """

    __slots__ = ("address", "origin", "start")

    def __init__(self, address: Address, origin: Origin) -> None:
        self.address, self.origin = address, origin
        target, login = address.target, ""
        if origin.proxy is not None and not address.secure:
            target = f"http://{address.authority}{address.target}"
            login = f"proxy-authorization: {origin.proxy.login}\r\n" if origin.proxy.login else ""
        self.start = (
            f" {target} HTTP/1.1\r\nhost: {address.authority}\r\nuser-agent: {_AGENT}\r\naccept: */*\r\n"
            f"accept-encoding: {ACCEPTED}\r\n{login}"
        )


class Pool:
    """The servers that are asked on one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._lines: dict[str, Line] = {}
        self._origins: dict[tuple[bool, str, int], Origin] = {}

    def line(self, url: str) -> Line:
        """The line for a URL.

        Raises:
            ModelRequestInvalid: it is no URL, or its proxy none that is spoken.
        """
        found = self._lines.get(url)
        if found is None:
            if len(self._lines) >= _MOST_LINES:
                self._lines.clear()
            address = address_of(url)
            found = self._lines[url] = Line(address, self._origin(address))
        return found

    async def aclose(self) -> None:
        """Close all connections."""
        for origin in self._origins.values():
            await origin.aclose()

    def _origin(self, address: Address) -> Origin:
        where = (address.secure, address.host, address.port)
        found = self._origins.get(where)
        if found is None:
            here = is_loopback(address.host)
            proxy = None if here else proxy_for(secure=address.secure, host=address.host, port=address.port)
            found = self._origins[where] = Origin(address, proxy, self._loop, here=here)
        return found
