"""All connections of one server: what each may do, and the time by which it is measured. Knows no HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from uvicorn.server import ServerState

if TYPE_CHECKING:
    from ferrata.gateway.protocol import GatewayProtocol

__all__ = ["Connections", "HttpLimits"]


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What a connection may do. Seconds are exact to a tick of the server.

    Attributes:
        head_seconds: for a request's line and headers, from the connection or from their first byte.
        piece_seconds: between two pieces of a body.
        least_rate: bytes a second of a body, on average, once `piece_seconds` are over.
        idle_seconds: that a connection is kept between two requests.
        stalled_seconds: that a client may leave an answer unread.
        late_seconds: that what a client goes on sending is thrown away after its request was refused, so that it sees the answer.
        head_bytes: of a request's line and headers; of chunk sizes, extensions and trailers as well.
        headers: of one request.
        pipelined: requests that wait on one connection.
        connections: at a time in the process; one more is answered 503.
    """

    head_seconds: float = 10.0
    piece_seconds: float = 30.0
    least_rate: float = 1_000.0
    idle_seconds: float = 75.0
    stalled_seconds: float = 60.0
    late_seconds: float = 2.0
    head_bytes: int = 65_536
    headers: int = 100
    pipelined: int = 16
    connections: int = 50_000


class Connections(ServerState):
    """All connections of a server, and the time by which they are measured."""

    def __init__(self, limits: HttpLimits) -> None:
        super().__init__()
        self.limits = limits
        self.now = 0.0
        self.draining = False
        self.default_lines = b""

    def say(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Let every answer from now on have these headers."""
        self.default_headers = headers
        self.default_lines = b"".join(b"%b: %b\r\n" % pair for pair in headers)

    def all(self) -> set[GatewayProtocol]:
        """Those that are open."""
        return cast("set[GatewayProtocol]", self.connections)

    def tick(self, now: float) -> None:
        """Set the time, and end what has taken too long. 10,000 connections take about a millisecond."""
        self.now = now
        overdue = [one for one in self.all() if one.due < now]
        for one in overdue:
            one.end_overdue()

    def ask_to_close(self) -> None:
        """Let every next answer say that the connection closes after it."""
        self.draining = True
        for one in self.all():
            one.announce_close()
