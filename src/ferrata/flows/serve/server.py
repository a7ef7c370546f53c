"""A port of this machine on which a flow answers, until a signal ends it: then what is under way is finished first.

Knows no flow formats; uvicorn speaks HTTP.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn

from ferrata.errors import UsageError
from ferrata.flows.process import inside
from ferrata.flows.serve.application import FlowApplication

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from ferrata.flows.base import LoadedFlow
    from ferrata.flows.types import Flow
    from ferrata.telemetry import SpanSink

__all__ = ["ServeLimits", "listen", "serve_flow"]


@dataclass(frozen=True)
class ServeLimits:
    """How much a served flow takes on.

    Attributes:
        concurrency: rows at a time; more are refused with 503.
        timeout: seconds for a row; None: it may take for ever.
        most_bytes: of a request's body.
        drain: seconds for what is under way when a signal ends the server.
        backlog: connections that wait to be accepted.
    """

    concurrency: int = 64
    timeout: float | None = 600.0
    most_bytes: int = 16_000_000
    drain: float = 25.0
    backlog: int = 2048


def listen(host: str, port: int, *, backlog: int = 2048) -> socket.socket:
    """A socket that listens; with port 0 on a free one.

    Raises:
        UsageError: the port is taken, or the host is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sends an answer's parts at once; else each would wait for the client to confirm the last.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(backlog)
        return made
    except (OSError, OverflowError) as error:
        made.close()
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"cannot listen on {host} port {port}: {why}", hint="choose another by --port; 0 takes a free one"
        ) from None


def serve_flow(
    loaded: LoadedFlow,
    flow: Flow,
    listening: socket.socket,
    *,
    limits: ServeLimits | None = None,
    sink: SpanSink | None = None,
    origins: Sequence[str] = (),
) -> None:
    """Answer until SIGTERM or SIGINT; a second SIGINT waits for nothing.

    Args:
        loaded: runs the rows; stays open.
        flow: inputs and outputs, as the flow's file says.
        listening: from `listen`; is closed.
        limits: how much at a time.
        sink: takes the spans.
        origins: web pages of these origins may ask; `*` for all.
    """
    limits = limits or ServeLimits()
    application = FlowApplication(
        loaded,
        flow,
        sink=sink,
        concurrency=limits.concurrency,
        timeout=limits.timeout,
        most_bytes=limits.most_bytes,
        origins=origins,
    )
    config = uvicorn.Config(
        application,
        log_config=None,
        log_level="error",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=False,
        backlog=limits.backlog,
        timeout_graceful_shutdown=max(1, round(limits.drain)),
    )
    try:
        with inside(loaded):
            asyncio.run(_Server(config).serve([listening]))
    finally:
        listening.close()
        application.close()


class _Server(uvicorn.Server):
    """Ends as a success: uvicorn raises the signal once more, which an operator would read as a crash."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {one: signal.signal(one, self.handle_exit) for one in signals}
        try:
            yield
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)
