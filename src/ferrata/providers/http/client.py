"""The client: POST with JSON, GET, answers whole or as a stream, and errors of models for whatever goes wrong below.

Redirects are not followed: they would take the key along. Knows no wire format.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from ferrata.errors import ModelBadResponse, ModelError, ModelRequestInvalid, ModelTimeout, ModelUnavailable
from ferrata.providers.http.addresses import header_lines
from ferrata.providers.http.bodies import decoder_of
from ferrata.providers.http.pool import Pool
from ferrata.providers.http.types import MOST_BYTES, Answer, Broken, Junk, Timeouts, TooLarge, Undecodable
from ferrata.providers.payload import write_json

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping

    from ferrata.providers.http.bodies import Decoding
    from ferrata.providers.http.connection import Exchange
    from ferrata.providers.http.pool import Line

__all__ = ["HttpClient", "StreamedAnswer"]

_AGAIN = "try again; if it stays so, something in between ends long answers"


class StreamedAnswer:
    """An answer whose body is read piece by piece."""

    def __init__(self, exchange: Exchange, timeouts: Timeouts, deadline: float, who: str) -> None:
        self._exchange = exchange
        self._timeouts = timeouts
        self._deadline = deadline
        self._who = who
        self._wait, self._what = timeouts.first_byte, "the first piece"
        self._clock = asyncio.get_running_loop().time
        self._decoder: Decoding | None = None
        self._decoded: Iterator[bytes] | None = None
        self._begun = not exchange.headers.coded
        self.status = exchange.status

    def header(self, name: str) -> str | None:
        """A header, by its name in lower case."""
        return self._exchange.headers.get(name)

    async def piece(self) -> bytes:
        """The next piece of the body; empty at its end.

        Raises:
            ModelTimeout: it took too long.
            ModelBadResponse: the connection broke.
        """
        try:
            if not self._begun:
                self._decoder, self._begun = decoder_of(self.header("content-encoding")), True
            while True:
                if self._decoded is not None:
                    if (part := next(self._decoded, None)) is not None:
                        return part
                    self._decoded = None
                # Only the wait counts, not what the reader does with a piece.
                until = self._clock() + self._wait
                piece = await self._exchange.piece(until if until < self._deadline else self._deadline)
                self._wait, self._what = self._timeouts.between, "the next piece"
                if self._decoder is None:
                    return piece
                if not piece:
                    self._decoder.end()
                    return piece
                self._decoded = self._decoder.feed(piece)
        except TimeoutError:
            late = self._clock() >= self._deadline - 1e-3
            what, seconds = ("the whole answer", self._timeouts.total) if late else (self._what, self._wait)
            raise ModelTimeout(f"{self._who}: {what} took longer than {seconds:g} s") from None
        except (Broken, Junk, TooLarge, Undecodable) as error:
            raise _unreadable(error, self._who) from None

    async def chunks(self) -> AsyncGenerator[bytes]:
        """The pieces of the body as they come; raises as `piece`."""
        while piece := await self.piece():
            yield piece

    async def whole(self) -> bytes:
        """The rest of the body, at most 64 MB.

        Raises:
            ModelTimeout: it took too long.
            ModelBadResponse: the connection broke, or there is more.
        """
        parts, size = list[bytes](), 0
        while chunk := await self.piece():
            size += len(chunk)
            if size > MOST_BYTES:
                raise _unreadable(TooLarge(), self._who)
            parts.append(chunk)
        return b"".join(parts)


class HttpClient:
    """Keeps connections open between calls. Close it, or use it in an `async with` block."""

    def __init__(self) -> None:
        # A connection belongs to the event loop that opened it.
        self._pools: dict[asyncio.AbstractEventLoop, Pool] = {}

    async def __aenter__(self) -> HttpClient:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections of this event loop."""
        pool = self._pools.pop(asyncio.get_running_loop(), None)
        if pool is not None:
            await pool.aclose()

    def prepare(self, url: str) -> None:
        """Make ready for calls to `url`, which saves a first secure one the reading of the certificates."""
        self._line(url).origin.prepare()

    async def post(
        self, url: str, body: Mapping[str, Any], headers: Mapping[str, str], *, timeouts: Timeouts, who: str
    ) -> Answer:
        """Send JSON and read the whole answer.

        Raises:
            ModelTimeout: it took longer than `timeouts` allows.
            ModelUnavailable: there is no connection.
            ModelBadResponse: the answer broke off, or is larger than 64 MB.
            ModelRequestInvalid: the URL is none, a header cannot be sent, or the body is no JSON.
        """
        return await self._whole(url, "POST", write_json(body), headers, timeouts, who)

    async def get(self, url: str, headers: Mapping[str, str], *, timeouts: Timeouts, who: str) -> Answer:
        """Read a page; raises as `post` does."""
        return await self._whole(url, "GET", None, headers, timeouts, who)

    @asynccontextmanager
    async def stream(
        self, url: str, body: Mapping[str, Any], headers: Mapping[str, str], *, timeouts: Timeouts, who: str
    ) -> AsyncGenerator[StreamedAnswer]:
        """Send JSON and read the answer as it comes; leaving the block closes the request. Raises as `post` does."""
        deadline = asyncio.get_running_loop().time() + timeouts.total
        line = self._line(url)
        request = _request(line, "POST", write_json(body), headers)
        wait = min(timeouts.first_byte, timeouts.total)
        exchange = await _begin(line, request, timeouts, wait, who, whole=False)
        try:
            yield StreamedAnswer(exchange, timeouts, deadline, who)
        finally:
            exchange.give_up()

    async def _whole(
        self, url: str, method: str, data: bytes | None, headers: Mapping[str, str], timeouts: Timeouts, who: str
    ) -> Answer:
        line = self._line(url)
        request = _request(line, method, data, headers)
        exchange = await _begin(line, request, timeouts, timeouts.total, who, whole=True)
        body = exchange.parts[0] if len(exchange.parts) == 1 else b"".join(exchange.parts)
        if exchange.headers.coded:
            body = _decoded(body, exchange.headers.get("content-encoding") or "", who)
        return Answer(exchange.status, body, exchange.headers.get)

    def _line(self, url: str) -> Line:
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None:
            for known in [known for known in self._pools if known.is_closed()]:
                self._pools.pop(known, None)
            pool = self._pools[loop] = Pool(loop)
        return pool.line(url)


async def _begin(line: Line, request: bytes, timeouts: Timeouts, wait: float, who: str, *, whole: bool) -> Exchange:
    """Send a request, and wait for the head of the answer or for all of it.

    A server may close an idle connection at the moment in which it is used again; then, and only then, the request is sent
    once more.
    """
    until = asyncio.get_running_loop().time() + wait
    connection = line.origin.take()
    while True:
        used = connection is not None
        if connection is None:
            connection = await _connect(line, timeouts, until, wait, who)
        exchange = connection.ask(request, whole=whole, until=until)
        try:
            await exchange.head()
        except Broken as error:
            if error.began or not used:
                raise _failed(error, line, wait, who) from None
            connection = None
        except (Junk, TooLarge, TimeoutError) as error:
            raise _failed(error, line, wait, who) from None
        except BaseException:
            exchange.give_up()
            raise
        else:
            return exchange


async def _connect(line: Line, timeouts: Timeouts, until: float, wait: float, who: str) -> Any:
    where = f"{line.address.shown!r}"
    left = until - asyncio.get_running_loop().time()
    try:
        async with asyncio.timeout(min(timeouts.connect, left)):
            return await line.origin.connect()
    except TimeoutError:
        if timeouts.connect < left:
            raise ModelTimeout(f"{who}: no connection to {where} within {timeouts.connect:g} s") from None
        raise _failed(TimeoutError(), line, wait, who) from None
    except OSError as error:
        why = f": {error}" if str(error) else ""
        hint = "is the server running, and the model's `url` right?"
        raise ModelUnavailable(f"{who}: no connection to {where}{why}", hint=hint) from None
    except ValueError:
        raise ModelRequestInvalid(f"not a URL: {where}") from None


def _request(line: Line, method: str, data: bytes | None, headers: Mapping[str, str]) -> bytes:
    try:
        lines = header_lines(headers)
    except ModelRequestInvalid as error:
        raise ModelRequestInvalid(f"{line.address.shown!r}: {error.message}") from None
    if line.address.login and "authorization" not in map(str.lower, headers):
        lines += f"authorization: {line.address.login}\r\n"
    if data is None:
        return f"{method}{line.start}{lines}\r\n".encode("latin-1")
    about = f"content-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
    return f"{method}{line.start}{lines}{about}".encode("latin-1") + data


def _failed(error: Exception, line: Line, seconds: float, who: str) -> ModelError:
    """Why there is no answer."""
    where = f"{line.address.shown!r}"
    if isinstance(error, TimeoutError):
        return ModelTimeout(f"{who}: no answer within {seconds:g} s", hint="raise the model's `timeout`")
    if isinstance(error, Broken):
        return ModelBadResponse(f"{who}: the connection to {where} broke before the answer was whole", hint=_AGAIN)
    return _unreadable(error, f"{who} at {where}")


def _unreadable(error: Exception, who: str) -> ModelBadResponse:
    """Why an answer cannot be read to its end."""
    if isinstance(error, TooLarge):
        return ModelBadResponse(f"{who} answered with more than {MOST_BYTES:,} bytes")
    if isinstance(error, Undecodable):
        problem = f"{who}: the answer is not compressed as its headers say, so that it cannot be read: {error}"
        return ModelBadResponse(problem, hint="check the model's `url`, and the proxy or gateway that answers there")
    if isinstance(error, Junk):
        problem = f"{who}: what came is no answer in HTTP: {error}"
        return ModelBadResponse(problem, hint="check the model's `url`, and the proxy or gateway that answers there")
    return ModelBadResponse(f"{who}: the connection broke in the middle of the answer", hint=_AGAIN)


def _decoded(body: bytes, codings: str, who: str) -> bytes:
    """A whole body without its codings."""
    try:
        decoder = decoder_of(codings)
        if decoder is None:
            return body
        parts, size = list[bytes](), 0
        for part in decoder.feed(body):
            size += len(part)
            if size > MOST_BYTES:
                raise TooLarge
            parts.append(part)
        decoder.end()
    except (Undecodable, TooLarge) as error:
        raise _unreadable(error, who) from None
    return b"".join(parts)
