"""One connection to a server, which carries one exchange after another.

The bytes of an answer are cut by httptools' parser, which is llhttp's in its strict mode. Knows no timeouts but the moment when an
exchange is late, and nothing of where connections come from.
"""

from __future__ import annotations

import asyncio
import os
import select
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from ferrata.providers.http.types import MOST_BYTES, Broken, Junk, TooLarge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Connection", "Exchange"]

# Of a head, and of what stands around the pieces of a body.
_MOST_HEAD = 131_072
_MOST_AROUND = 16
# A stream whose reader is slower than its server waits from here on.
_MOST_AHEAD = 262_144


class Exchange:
    """A request and what has come of its answer.

    Attributes:
        status: of the answer; 0 as long as its head is not whole.
        headers: by their names in lower case.
        parts: of the body, that nobody has taken yet.
        ended: the answer is whole.
        error: why it never will be.
    """

    __slots__ = ("_connection", "_waiter", "ended", "error", "headers", "parts", "size", "status", "total", "whole")

    def __init__(self, connection: Connection, *, whole: bool) -> None:
        self._connection = connection
        self._waiter: asyncio.Future[None] | None = None
        self.whole = whole
        self.status = 0
        self.headers = Head(())
        self.parts: list[bytes] = []
        self.size = 0  # of the parts
        self.total = 0  # of the body so far
        self.ended = False
        self.error: Exception | None = None

    async def head(self) -> None:
        """Wait for the head of the answer, or for all of it where it is wanted whole.

        Raises:
            Broken, Junk, TooLarge, TimeoutError: there is none.
        """
        if not (self.ended or self.error or (self.status and not self.whole)):
            await self._wait()
        if self.error is not None:
            raise self.error

    async def piece(self, until: float) -> bytes:
        """The part of the body that has come, or comes next; empty at the end.

        Args:
            until: when to give up, by the loop's clock.

        Raises:
            Broken, Junk, TimeoutError: the rest will not come.
        """
        # Bytes may have come that are no part of the body, as the length of a chunk.
        while not (self.parts or self.ended or self.error):
            self._connection.wait_until(self, until)
            await self._wait()
            self._connection.wait_until(self, None)
        if self.parts:
            found = self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)
            self.parts.clear()
            self.size = 0
            self._connection.read_on(self)
            return found
        if self.error is not None:
            raise self.error
        return b""

    async def _wait(self) -> None:
        self._waiter = self._connection.loop.create_future()
        await self._waiter

    def wake(self) -> None:
        """Something has come."""
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def give_up(self) -> None:
        """Nobody wants the rest; a connection that still carries it is closed."""
        self._connection.drop(self)


class Head:
    """The headers of an answer, decoded when one is first asked for: of most answers none is.

    Attributes:
        chunked: there is a transfer encoding.
        framed: the end of the body is said, by that or by a length.
        coded: the body is compressed.
    """

    __slots__ = ("_decoded", "_raw", "chunked", "coded", "framed")

    def __init__(self, raw: Sequence[tuple[bytes, bytes]]) -> None:
        self._raw = raw
        self._decoded: dict[str, str] | None = None
        names = [name.lower() for name, _ in raw]
        self.chunked = b"transfer-encoding" in names
        self.framed = self.chunked or b"content-length" in names
        self.coded = b"content-encoding" in names

    def get(self, name: str) -> str | None:
        """A header, by its name in lower case; of one that came several times, the values with a comma between them."""
        found = self._decoded
        if found is None:
            found = self._decoded = {}
            for raw, value in self._raw:
                key, text = raw.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")
                found[key] = f"{found[key]}, {text}" if key in found else text
        return found.get(name)


class Connection(asyncio.Protocol):
    """Open it by a loop's `create_connection`.

    Args:
        loop: on which it lives.
        made: is called when the connection stands.
        free: is called when an exchange has ended and the next one may begin.
        lost: is called when the connection is gone.
    """

    _transport: asyncio.Transport

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        made: Callable[[Connection], object],
        free: Callable[[Connection], object],
        lost: Callable[[Connection], object],
    ) -> None:
        self.loop = loop
        self.since = 0.0  # idle since then
        self._made, self._free, self._lost = made, free, lost
        self._parser = HttpResponseParser(self)
        self._exchange: Exchange | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._wire = 0
        self._interim = self._to_the_end = self._keep = self._surplus = self._paused = False
        self._until: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._readable: Callable[[], bool] | None = None

    # What the pool and the client ask.

    def ask(self, request: bytes, *, whole: bool, until: float) -> Exchange:
        """Send a request.

        Args:
            request: head and body.
            whole: the exchange is woken when the answer is whole, and not before.
            until: when to give up, by the loop's clock.
        """
        exchange = self._exchange = Exchange(self, whole=whole)
        self._wire = 0
        self.wait_until(exchange, until)
        self._transport.write(request)
        return exchange

    def is_usable(self) -> bool:
        """Whether an idle connection may carry an exchange: it is open, and nothing has come that nobody asked for."""
        if self._transport.is_closing():
            return False
        return self._readable is None or not self._readable()

    def wait_until(self, exchange: Exchange, until: float | None) -> None:
        """Fail the exchange when that moment comes; None: do not. Without effect once it is over."""
        if self._exchange is not exchange:
            return
        # The timer of an earlier exchange is left where it rings first: it looks for itself whether it is time.
        self._until = until
        if until is not None and (self._timer is None or self._timer.when() > until):
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self.loop.call_at(until, self._ring)

    def read_on(self, exchange: Exchange) -> None:
        """Read again, if reading was paused for the reader of this exchange."""
        if self._paused and self._exchange is exchange:
            self._paused = False
            self._transport.resume_reading()

    def drop(self, exchange: Exchange) -> None:
        """Close, if the exchange is not over."""
        if self._exchange is exchange:
            self._exchange = None
            self.abort()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    # What the loop says.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast("asyncio.Transport", transport)
        wire = transport.get_extra_info("socket")
        if wire is not None and hasattr(select, "poll"):
            poll = select.poll()
            poll.register(wire.fileno(), select.POLLIN)
            self._readable = lambda: bool(poll.poll(0))
        self._made(self)

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        exchange = self._exchange
        if exchange is None:
            self.abort()
            return
        self._wire += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._surplus = True
            if not exchange.ended:
                self._fail(exchange, Junk("another protocol begins"))
                return
        except HttpParserError as error:
            self._surplus = True
            if not exchange.ended:
                self._fail(exchange, Junk(str(error)))
                return
        if exchange.ended:
            self._end(exchange)
            return
        self._check(exchange)
        if exchange.status and not exchange.whole and self._exchange is exchange:
            if exchange.size > _MOST_AHEAD and not self._paused:
                self._paused = True
                self._transport.pause_reading()
            exchange.wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        if exc is not None and self._exchange is not None and not self._wire:
            self._rescue()
        exchange, self._exchange = self._exchange, None
        self._readable = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._lost(self)
        if exchange is None:
            return
        if self._to_the_end and exchange.status and exc is None:
            exchange.ended = True
        elif exchange.error is None:
            exchange.error = Broken(began=self._wire > 0)
        exchange.wake()

    # What the parser says.

    def on_message_begin(self) -> None:
        """The first byte of an answer."""
        if self._exchange is None or self._exchange.ended:
            self._surplus = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, of the head or after the body."""
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        exchange = self._exchange
        if exchange is None or self._surplus:
            return
        status = self._parser.get_status_code()
        found = Head(self._headers)
        self._headers = []
        self._interim = status < 200
        if self._interim:
            return
        exchange.headers, exchange.status = found, status
        bodiless = status in (204, 304)
        self._to_the_end = not (bodiless or found.framed)
        self._keep = False
        if found.chunked and (found.get("transfer-encoding") or "").strip().lower() != "chunked":
            exchange.error = Junk("its transfer encoding was not asked for")

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        exchange = self._exchange
        if exchange is not None and not self._surplus:
            exchange.parts.append(data)
            exchange.size += len(data)
            exchange.total += len(data)

    def on_message_complete(self) -> None:
        """The answer is whole, or an interim one that comes before it."""
        if self._interim:
            self._interim = False
        elif self._exchange is not None and not self._surplus:
            self._headers.clear()  # those after the body
            self._keep = self._parser.should_keep_alive()
            self._exchange.ended = True

    # The rest.

    def _check(self, exchange: Exchange) -> None:
        """Fail where the answer, or what stands around its pieces, is larger than allowed."""
        if exchange.error is not None:
            self._fail(exchange, exchange.error)
        elif not exchange.status and self._wire > _MOST_HEAD:
            self._fail(exchange, Junk("its head does not end"))
        elif exchange.whole and exchange.total > MOST_BYTES:
            self._fail(exchange, TooLarge())
        elif self._wire - exchange.total > _MOST_HEAD + _MOST_AROUND * exchange.total:
            self._fail(exchange, Junk("there is more around its body than in it"))

    def _end(self, exchange: Exchange) -> None:
        transport = self._transport
        if exchange.whole and exchange.total > MOST_BYTES:
            exchange.error = TooLarge()
        self._exchange = self._until = None
        if self._paused:
            self._paused = False
            transport.resume_reading()
        keep = self._keep and not (self._surplus or self._to_the_end or exchange.error)
        # What is left of a request that was answered before it was sent whole would stand before the next one.
        if keep and not transport.get_write_buffer_size() and not transport.is_closing():
            self._free(self)
        else:
            transport.abort()
        exchange.wake()

    def _fail(self, exchange: Exchange, error: Exception) -> None:
        self._exchange = self._until = None
        exchange.error = error
        self.abort()
        exchange.wake()

    def _ring(self) -> None:
        self._timer = None
        if self._until is None or self._exchange is None:
            return
        if self.loop.time() + 1e-3 >= self._until:
            self._fail(self._exchange, TimeoutError())
        else:
            self.wait_until(self._exchange, self._until)

    def _rescue(self) -> None:
        """Read what a server said before it stopped listening, as that the request is too large: writing has failed first."""
        wire = self._transport.get_extra_info("socket")
        if wire is None or self._transport.get_extra_info("sslcontext") is not None:
            return
        with suppress(OSError, ValueError):
            while self._exchange is not None and (data := os.read(wire.fileno(), 65536)):
                self.data_received(data)
