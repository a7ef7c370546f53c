"""HTTP/1.1 from strangers: what a connection may send, how long it may take, and how a wrong one is refused.

uvicorn's protocol on httptools' parser does the work; this adds limits, and refusals in JSON. Time is looked at once a tick for
all connections, so that a request costs no timer. Knows no path, no key and no model.
"""

from __future__ import annotations

import re
from math import inf
from typing import TYPE_CHECKING, Any, cast

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from uvicorn import Config

    from ferrata.gateway.connections import Connections

__all__ = ["GatewayProtocol"]

_BETWEEN, _HEAD, _BODY = 0, 1, 2  # what of a request is being read
_MOST_LATE = 32  # connections too many that are given time to read why
_FIRST_WAIT = 1.0  # seconds for the first request of who connected just before the end
_WATCHED = frozenset([b"host", b"transfer-encoding", b"expect"])
_UPGRADE = re.compile(rb"\r\nupgrade:[^\r\n]*", re.IGNORECASE)


class _Refused(Exception):
    def __init__(self, status: int, message: str, *, code: str = "bad_request") -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


class _UpgradeAsked(Exception):
    pass


class _Closer:
    """A transport that ends a connection so that the client still sees the answer, though it is sending yet."""

    __slots__ = ("_protocol", "_transport", "get_extra_info", "write")

    def __init__(self, transport: asyncio.Transport, protocol: GatewayProtocol) -> None:
        self._transport = transport
        self._protocol: GatewayProtocol | None = protocol
        self.write = transport.write
        self.get_extra_info = transport.get_extra_info

    def close(self) -> None:
        if self._protocol is not None and self._protocol.still_sends() and not self._transport.is_closing():
            self._protocol.close_late()
        else:
            self._transport.close()

    def is_closing(self) -> bool:
        return self._protocol is None or self._protocol.late or self._transport.is_closing()

    def forget(self) -> None:
        self._protocol = None


class GatewayProtocol(HttpToolsProtocol):
    """One connection.

    A request's `scope["state"]["on_left"]` takes a function without arguments, which is called once, in the loop, if the connection is lost before the answer is
    complete; None takes it back. A client that leaves is not noticed while more of it waits to be read than the application asks for.
    `scope["state"]["answer"]` is the method `answer`, a quicker way than ASGI's for an answer that is there whole.

    Attributes:
        due: the loop's time at which the connection is ended.
        deaf: nothing that comes is read any more.
        late: the last answer is written; what still comes is thrown away.
    """

    def __init__(
        self,
        config: Config,
        server_state: Connections,
        app_state: dict[str, Any] | None = None,
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(
            config, server_state, {**(app_state or {}), "on_left": self.on_left, "answer": self.answer}, _loop
        )
        self._among = server_state
        self.limits = server_state.limits
        self.due = inf
        self.deaf = self.late = False
        self._reading = _BETWEEN
        self._left: Callable[[], object] | None = None
        self._raw: asyncio.Transport = cast("asyncio.Transport", None)
        self._received = 0  # bytes since a request began, to within one read
        self._body_bytes = 0
        self._body_began = 0.0
        self._hosts = 0
        self._chunked = False

    def on_left(self, then: Callable[[], object] | None) -> None:
        """What to call if the client leaves before the running request's answer is complete; None: nothing."""
        self._left = then

    def answer(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> bool:
        """Answer the running request at once, with one write; its length is added to the headers.

        Returns:
            False: it cannot be answered so just now, and nothing was done; ASGI's messages always can.
        """
        cycle = self.cycle
        if self.pipeline or cycle.response_started or cycle.disconnected or self.flow.write_paused:
            return False
        lines = [STATUS_LINE[status], self._among.default_lines]
        lines += [b"%b: %b\r\n" % pair for pair in headers]
        lines.append(b"content-length: %d\r\n" % len(body))
        keep = cycle.keep_alive
        if not keep:
            lines.append(b"connection: close\r\n")
        head = b"".join(lines)
        if head.count(b"\r") != len(lines) or head.count(b"\n") != len(lines) or cycle.scope["method"] == "HEAD":
            return False
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.message_event.set()
        self._raw.write(b"".join((head, b"\r\n", body)))
        if not keep:
            self.transport.close()
        self.on_response_complete()
        return True

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """A client has connected; one too many is told so."""
        super().connection_made(transport)
        self._raw = transport
        self.transport = cast("asyncio.Transport", _Closer(transport, self))
        self.due = self._among.now + self.limits.head_seconds
        excess = len(self._among.connections) - self.limits.connections
        if excess > 0:
            self._refuse(503, "too many connections; try again", code="overloaded")
            if excess > _MOST_LATE:
                transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; who waits for a running request's client is told."""
        self._reading, self.due = _BETWEEN, inf
        left, self._left = self._left, None
        super().connection_lost(exc)
        cast("_Closer", self.transport).forget()
        self.app_state = {}
        if left is not None:
            left()

    def pause_writing(self) -> None:
        """The client reads more slowly than it is answered."""
        super().pause_writing()
        self.due = self._among.now + self.limits.stalled_seconds

    def resume_writing(self) -> None:
        """It has caught up."""
        super().resume_writing()
        self.due = inf if self._reading == _BETWEEN else self._among.now + self.limits.piece_seconds

    # Reading

    def data_received(self, data: bytes) -> None:
        """Some bytes have come."""
        if self.deaf:
            return
        self._received += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._unreadable(error, data)
            return
        except httptools.HttpParserUpgrade:
            self._unreadable(httptools.HttpParserError("upgrade"), data)
            return
        if self._received > self.limits.head_bytes:
            self._look_at_size()

    def on_message_begin(self) -> None:
        """A request's first byte."""
        self._reading = _HEAD
        self._hosts = self._body_bytes = 0
        self._chunked = False
        self.due = self._among.now + self.limits.head_seconds
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header. Trailers are dropped: they come when the request's headers were already acted upon."""
        if self._reading == _BODY:
            return
        name = name.lower()
        if name in _WATCHED:
            if name == b"host":
                self._hosts += 1
            elif name == b"expect":
                self.expect_100_continue = value.lower() == b"100-continue"
            elif self._chunked or value.lower() != b"chunked":
                raise _Refused(400, "the header Transfer-Encoding may only be `chunked`, once")
            else:
                self._chunked = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """All headers are there; the request starts, or waits for the one before it."""
        limits = self.limits
        if self._received > limits.head_bytes:
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if size > limits.head_bytes:
                raise _Refused(431, f"the headers are longer than {limits.head_bytes} bytes", code="headers_too_long")
        if len(self.headers) > limits.headers:
            raise _Refused(431, f"there are more than {limits.headers} headers", code="headers_too_long")
        if self.parser.should_upgrade():
            raise _UpgradeAsked
        if self._hosts != 1 or self._chunked:
            self._check_version()
        if len(self.pipeline) >= limits.pipelined:
            raise _Refused(400, f"more than {limits.pipelined} requests wait on one connection")
        super().on_headers_complete()
        self._reading = _BODY
        if self._among.draining:
            self.cycle.keep_alive = False
        self._body_began = self._among.now
        self.due = self._body_began + limits.piece_seconds

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        self._body_bytes += len(body)
        limits = self.limits
        piece = limits.piece_seconds
        self.due = min(self._among.now, self._body_began + self._body_bytes / limits.least_rate) + piece
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is complete."""
        self._reading = _BETWEEN
        self._received = 0
        self.due = inf
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer is complete."""
        self._left = None
        if self.pipeline:
            super().on_response_complete()
            return
        self._among.total_requests += 1
        if self.transport.is_closing():
            return
        if self._reading == _BODY and self.cycle.response_complete:
            self.transport.close()  # the rest of the request would be read for nothing
            return
        self.flow.resume_reading()
        if self._reading == _BETWEEN:
            self.due = self._among.now + self.limits.idle_seconds

    def _check_version(self) -> None:
        version = self.parser.get_http_version()
        if version == "0.9" or (version == "1.0" and self._chunked):
            raise _Refused(400, f"HTTP {version} is not understood here")
        if self._hosts > 1 or (self._hosts == 0 and version == "1.1"):
            raise _Refused(400, "there must be one header Host")

    def _look_at_size(self) -> None:
        """After more than a head's bytes: headers that do not end, chunks that are mostly no body."""
        if self._reading == _HEAD:
            longest = self.limits.head_bytes
            self._refuse(431, f"the headers are longer than {longest} bytes", code="headers_too_long")
        elif self._reading == _BODY and self._chunked:
            if self._received - self._body_bytes > self.limits.head_bytes + 8 * self._body_bytes:
                self._refuse(400, "the chunks are mostly no body")

    def _latest(self) -> RequestResponseCycle | None:
        """The request read last, complete or not."""
        return self.cycle

    # Refusing

    def _unreadable(self, error: httptools.HttpParserError, data: bytes) -> None:
        cause = error.__context__
        if isinstance(cause, _Refused):
            self._refuse(cause.status, cause.message, code=cause.code)
        elif isinstance(cause, _UpgradeAsked):
            self._without_upgrade(data)
        elif isinstance(cause, Exception) and not isinstance(cause, (httptools.HttpParserError, AttributeError)):
            raise cause
        else:
            self._refuse(400, f"this is no HTTP request: {error}" if cause is None else "the URL cannot be read")

    def _without_upgrade(self, data: bytes) -> None:
        """Read the request once more without the wish for another protocol, which a server may ignore.

        Java's client wishes for HTTP/2 with each first request, and the parser takes no body after such a wish.
        """
        begin = self.parser.get_method() + b" " + self.url + b" "
        head, end, rest = data.partition(b"\r\n\r\n")
        stripped, found = _UPGRADE.subn(b"", head)
        if not (end and found) or not head.startswith(begin) or begin.startswith(b"CONNECT"):
            self._refuse(400, "another protocol cannot be spoken here", code="upgrade_refused")
            return
        self.parser = httptools.HttpRequestParser(self)
        self._received = 0
        self.data_received(stripped + end + rest)

    def _refuse(self, status: int, message: str, *, code: str = "bad_request") -> None:
        """Answer with an error and end the connection; after what runs on it, where something does."""
        cycle = self._latest()
        if self._reading == _BODY and cycle is not None:
            started, cycle.disconnected = cycle.response_started, True
            cycle.message_event.set()
            if started or self.pipeline:
                self._raw.abort()
                return
        elif cycle is not None and not cycle.response_complete:
            self.deaf, cycle.keep_alive = True, False
            self.flow.pause_reading()
            self.due = inf
            return
        error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
        if status >= 500:
            error["type"] = "server_error"
        body = orjson.dumps({"error": error})
        head = [STATUS_LINE[status]]
        head += [b"%b: %b\r\n" % pair for pair in self._among.default_headers]
        head.append(b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body))
        self._raw.write(b"".join([*head, body]))
        self.close_late()

    def send_400_response(self, msg: str) -> None:
        """Refuse in JSON."""
        self._refuse(400, msg)

    # Ending

    def still_sends(self) -> bool:
        """Whether a request has begun and not ended."""
        return self._reading != _BETWEEN

    def close_late(self) -> None:
        """Send what is to be sent, say that nothing follows, and throw away what still comes, for a while."""
        self.deaf = self.late = True
        self.due = self._among.now + self.limits.late_seconds
        if self._raw.is_closing():
            return
        if self._raw.can_write_eof():
            self._raw.write_eof()
        self.flow.resume_reading()

    def announce_close(self) -> None:
        """Let the running answer say that the connection closes, where it has not begun."""
        cycle = self._latest()
        if cycle is not None and not cycle.response_started:
            cycle.keep_alive = False

    def shutdown(self) -> None:
        """End after what runs. Who has just connected, or is amid a request, gets its answer, which says that the connection closes."""
        if self._reading == _BETWEEN and self._latest() is None:
            self.due = self._among.now + _FIRST_WAIT
        elif self._reading != _HEAD:
            super().shutdown()

    def abort(self) -> None:
        """End at once, whatever was to be sent."""
        self._raw.abort()

    def end_overdue(self) -> None:
        """What was to come by `due` has not."""
        if self.late or self.flow.write_paused:
            self._raw.abort()
        elif self._reading == _BETWEEN:
            self._raw.close()
        elif self._reading == _HEAD:
            self._refuse(408, "the request took too long", code="request_timeout")
        elif self.flow.read_paused:  # the application has not asked for more
            self._body_began = self._among.now - self._body_bytes / self.limits.least_rate
            self.due = self._among.now + self.limits.piece_seconds
        else:
            self._refuse(408, "the request's body came too slowly", code="request_timeout")
