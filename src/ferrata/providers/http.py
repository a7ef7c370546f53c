"""HTTP as far as models need it: POST with JSON, GET, answers whole or as a stream. The only module that knows the HTTP library.

httpx2, because giving up a call ends it at the vendor's as well; pyreqwest is five times as fast but goes on with a call that
nobody waits for any more (docs/benchmarks.md). Redirects are not followed: they would take the key along.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from ferrata.errors import ModelBadResponse, ModelError, ModelRequestInvalid, ModelTimeout, ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping
    from ssl import SSLContext

    from httpx2 import AsyncClient, Request, Response

__all__ = ["Answer", "HttpClient", "Timeouts"]

_MOST_BYTES = 64_000_000
# Calls at a time on one client, which looks at each of its connections before and after each call.
_MOST_CALLS = 16


@dataclass(frozen=True)
class Timeouts:
    """How long one call may take, in seconds.

    Attributes:
        total: from the request to the last byte.
        connect: until the connection stands.
        first_byte: of a stream, until its first piece.
        between: of a stream, between two pieces.
    """

    total: float = 120.0
    connect: float = 10.0
    first_byte: float = 60.0
    between: float = 30.0


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    def header(self, name: str) -> str | None:
        """A header, by its name in lower case."""
        return self.headers.get(name)


class StreamedAnswer:
    """An answer whose body is read piece by piece."""

    def __init__(self, response: Response, timeouts: Timeouts, deadline: float, who: str) -> None:
        self._response = response
        self._timeouts = timeouts
        self._deadline = deadline
        self._who = who
        self.status = response.status_code

    def header(self, name: str) -> str | None:
        """A header, by its name in lower case."""
        return self._response.headers.get(name)

    async def chunks(self) -> AsyncGenerator[bytes]:
        """The pieces of the body as they come.

        Raises:
            ModelTimeout: the first one or a later one took too long.
            ModelBadResponse: the connection broke.
        """
        wait, what = self._timeouts.first_byte, "the first piece"
        async with aclosing(self._response.aiter_bytes()) as pieces:
            while True:
                left = self._deadline - monotonic()
                try:
                    # Around the wait alone: what the reader does with a piece does not count.
                    async with asyncio.timeout(min(wait, max(0.0, left))):
                        piece = await anext(pieces, None)
                except TimeoutError:
                    what, seconds = (what, wait) if wait < left else ("the whole answer", self._timeouts.total)
                    raise ModelTimeout(f"{self._who}: {what} took longer than {seconds:g} s") from None
                except _http_errors() as error:
                    raise _broken_off(error, self._who) from None
                if piece is None:
                    return
                yield piece
                wait, what = self._timeouts.between, "the next piece"

    async def whole(self) -> bytes:
        """The rest of the body, at most 64 MB.

        Raises:
            ModelTimeout: it took too long.
            ModelBadResponse: the connection broke, or there is more.
        """
        parts, size = list[bytes](), 0
        async with aclosing(self.chunks()) as chunks:
            async for chunk in chunks:
                size += len(chunk)
                if size > _MOST_BYTES:
                    raise ModelBadResponse(f"{self._who} answered with more than {_MOST_BYTES:,} bytes")
                parts.append(chunk)
        return b"".join(parts)


class HttpClient:
    """Keeps connections open between calls. Close it, or use it in an `async with` block."""

    def __init__(self) -> None:
        # A connection belongs to the event loop that opened it.
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[bool, bool], list[_Lane]]]
        self._loops = WeakKeyDictionary()

    async def __aenter__(self) -> HttpClient:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections of this event loop."""
        for lanes in self._loops.pop(asyncio.get_running_loop(), {}).values():
            for lane in lanes:
                await lane.client.aclose()

    def prepare(self, url: str) -> None:
        """Make ready for calls to `url`, which saves the first one the import of the library."""
        with self._lane(url):
            pass

    async def post(
        self, url: str, body: Mapping[str, Any], headers: Mapping[str, str], *, timeouts: Timeouts, who: str
    ) -> Answer:
        """Send JSON and read the whole answer.

        Raises:
            ModelTimeout: it took longer than `timeouts` allows.
            ModelUnavailable: there is no connection.
            ModelBadResponse: the answer broke off, or is larger than 64 MB.
            ModelRequestInvalid: the URL is none, or the body is no JSON.
        """
        return await self._whole("POST", url, _encode(body), headers, timeouts, who)

    async def get(self, url: str, headers: Mapping[str, str], *, timeouts: Timeouts, who: str) -> Answer:
        """Read a page; raises as `post` does."""
        return await self._whole("GET", url, None, headers, timeouts, who)

    @asynccontextmanager
    async def stream(
        self, url: str, body: Mapping[str, Any], headers: Mapping[str, str], *, timeouts: Timeouts, who: str
    ) -> AsyncGenerator[StreamedAnswer]:
        """Send JSON and read the answer as it comes; leaving the block closes the request. Raises as `post` does."""
        deadline = monotonic() + timeouts.total
        data = _encode(body)
        with self._lane(url) as client:
            response = await _send(client, "POST", url, data, headers, timeouts, who, timeouts.first_byte)
            try:
                yield StreamedAnswer(response, timeouts, deadline, who)
            finally:
                await response.aclose()

    async def _whole(
        self, method: str, url: str, data: bytes | None, headers: Mapping[str, str], timeouts: Timeouts, who: str
    ) -> Answer:
        deadline = monotonic() + timeouts.total
        with self._lane(url) as client:
            response = await _send(client, method, url, data, headers, timeouts, who, timeouts.total)
            try:
                untimed = Timeouts(total=timeouts.total, first_byte=timeouts.total, between=timeouts.total)
                body = await StreamedAnswer(response, untimed, deadline, who).whole()
            finally:
                await response.aclose()
        return Answer(response.status_code, body, response.headers)

    @contextmanager
    def _lane(self, url: str) -> Generator[AsyncClient]:
        """A client for a call, with few other calls on it: what a call costs grows with the connections beside its own."""
        local = _is_local(url)
        # Reading the certificates takes longer than a call, and a plain one on this machine needs none.
        plain = local and url.startswith("http:")
        lanes = self._loops.setdefault(asyncio.get_running_loop(), {}).setdefault((local, plain), [])
        lane = next((lane for lane in lanes if lane.calls < _MOST_CALLS), None)
        if lane is None:
            lane = lanes[0].beside() if lanes else _Lane(local, plain)
            lanes.append(lane)
        lane.calls += 1
        try:
            yield lane.client
        finally:
            lane.calls -= 1


class _Lane:
    """A client of the library, and how many calls are on it.

    Args:
        local: for this machine's own servers, past every proxy.
        plain: without certificates.
        certificates: which another lane has read.
    """

    def __init__(self, local: bool, plain: bool, certificates: SSLContext | None = None) -> None:
        import httpx2

        self._local, self._plain = local, plain
        self._certificates = None if plain else certificates or httpx2.create_ssl_context(trust_env=not local)
        # Servers for one machine close idle connections early (the local model's after 5 s), and new ones cost little there.
        idle = 4 if plain else 60
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=idle)
        verify = False if self._certificates is None else self._certificates
        agent = {"user-agent": "ferrata"}
        self.client = httpx2.AsyncClient(trust_env=not local, verify=verify, limits=limits, headers=agent)
        self.calls = 0

    def beside(self) -> _Lane:
        """Another one of the same kind."""
        return _Lane(self._local, self._plain, self._certificates)


async def _send(
    client: AsyncClient,
    method: str,
    url: str,
    data: bytes | None,
    headers: Mapping[str, str],
    timeouts: Timeouts,
    who: str,
    wait: float,
) -> Response:
    """Send a request and wait for the head of the answer."""
    request = _request(client, method, url, data, headers, timeouts)
    wait = min(wait, timeouts.total)
    try:
        async with asyncio.timeout(wait):
            return await client.send(request, stream=True, follow_redirects=False)
    except (TimeoutError, *_http_errors()) as error:
        raise _explained(error, url, wait, timeouts.connect, who) from None


def _request(
    client: AsyncClient, method: str, url: str, data: bytes | None, headers: Mapping[str, str], timeouts: Timeouts
) -> Request:
    import httpx2

    given = {**headers, "content-type": "application/json"} if data is not None else headers
    limits = httpx2.Timeout(None, connect=timeouts.connect)
    try:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ModelRequestInvalid(f"not a URL of http or https: {_shown(url)!r}")
        return client.build_request(method, url, content=data, headers=dict(given), timeout=limits)
    except (httpx2.InvalidURL, ValueError):
        raise ModelRequestInvalid(f"not a URL, or a header with strange characters: {_shown(url)!r}") from None


def _http_errors() -> tuple[type[Exception], ...]:
    import httpx2

    return (httpx2.HTTPError, httpx2.StreamError)


def _explained(error: Exception, url: str, seconds: float, connect: float, who: str) -> ModelError:
    import httpx2

    where = f"{_shown(url)!r}"
    if isinstance(error, httpx2.ConnectTimeout):
        return ModelTimeout(f"{who}: no connection to {where} within {connect:g} s")
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return ModelTimeout(f"{who}: no answer within {seconds:g} s", hint="raise the model's `timeout`")
    if isinstance(error, httpx2.ConnectError | httpx2.ProxyError):
        why = f": {error}" if str(error) else ""
        hint = "is the server running, and the model's `url` right?"
        return ModelUnavailable(f"{who}: no connection to {where}{why}", hint=hint)
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError):
        return ModelRequestInvalid(f"{who}: {error}")
    problem = f"{who}: the connection to {where} broke before the answer was whole"
    return ModelBadResponse(problem, hint="try again; if it stays so, something in between ends long answers")


def _broken_off(error: Exception, who: str) -> ModelBadResponse:
    """Why the body of an answer cannot be read to its end."""
    import httpx2

    if isinstance(error, httpx2.DecodingError):
        problem = f"{who}: the answer is not compressed as its headers say, so that it cannot be read"
        return ModelBadResponse(problem, hint="check the model's `url`, and the proxy or gateway that answers there")
    problem = f"{who}: the connection broke in the middle of the answer"
    return ModelBadResponse(problem, hint="try again; if it stays so, something in between ends long answers")


def _encode(body: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ModelRequestInvalid(f"the request cannot be written as JSON: {error}") from None


def _is_local(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _shown(url: str) -> str:
    """A URL without what may be secret in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
