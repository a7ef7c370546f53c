"""A server of one process: it listens on a socket that was given to it, and ends without losing a request.

Knows HTTP and what the application promises (`Served`); no process beside its own, no endpoint and no model.
"""

from __future__ import annotations

import asyncio
import resource
import socket
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, Protocol

import uvicorn

from ferrata.gateway.connections import Connections, HttpLimits
from ferrata.gateway.protocol import GatewayProtocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

__all__ = ["HttpServer", "Served", "WorkerContext", "connections_allowed"]

_SETTLE = 1.0  # seconds in which clients are told that their connections close, before they are closed
_STEP = 0.02


@dataclass(slots=True)
class WorkerContext:
    """What an application knows of the process that it runs in.

    Attributes:
        index: the place of the process among the workers, from 0; whoever takes a dead one's place has the same.
        workers: how many places there are.
        generation: how many had this place before.
        draining: the process is told to end. Set before anything else is done about it; readiness has to say no.
    """

    index: int = 0
    workers: int = 1
    generation: int = 0
    draining: bool = False


class Served(Protocol):
    """An ASGI application that a worker serves, with its beginning and end."""

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[dict[str, Any]]],
        send: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        """Answer one request. `scope["state"]["on_left"]` tells when the client leaves, see `GatewayProtocol`."""
        ...

    async def startup(self) -> None:
        """Get ready; called once, before the first request.

        Raises:
            FerrataError: it cannot serve as things stand, and another process could not either.
        """
        ...

    async def drain(self) -> None:
        """Give back what is held; called once, after the last request."""
        ...

    async def reload(self) -> None:
        """Read the route table anew and swap it whole.

        Raises:
            FerrataError: it is wrong; the old one goes on, and readiness says why.
        """
        ...

    def ready(self) -> list[str]:
        """What keeps it from answering; nothing: it is ready."""
        ...

    def about(self) -> str:
        """What the line says that an operator sees at the start, such as `3 endpoints`."""
        ...


def connections_allowed() -> int:
    """How many clients may be connected, so that files enough are left for models, spools and the store."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft == resource.RLIM_INFINITY:
        return HttpLimits().connections
    return max(8, min(HttpLimits().connections, (soft - 64) * 2 // 3))


class HttpServer:
    """Listens on one socket, and for a while on those of others.

    Args:
        application: answers.
        limits: of connections and requests.
        tick: seconds between two looks at the connections' time.
    """

    def __init__(
        self, application: Callable[..., Awaitable[None]], limits: HttpLimits | None = None, *, tick: float = 1.0
    ) -> None:
        self.connections = Connections(limits or HttpLimits(connections=connections_allowed()))
        self._config = uvicorn.Config(
            application,
            http=GatewayProtocol,
            ws="none",
            interface="asgi3",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )
        self._tick = tick
        self._servers: dict[int, tuple[socket.socket, asyncio.Server]] = {}
        self._clock: asyncio.TimerHandle | None = None
        self._hurry = asyncio.Event()

    async def start(self, listening: socket.socket) -> None:
        """Begin to answer."""
        self._config.load()
        self._look_at_clock(asyncio.get_running_loop())
        await self.listen(listening)

    async def listen(self, listening: socket.socket, name: int = -1) -> None:
        """Answer those who connect to one more socket, until `release(name)` or the end."""
        loop = asyncio.get_running_loop()
        listening.setblocking(False)
        server = await loop.create_server(self._connect, sock=listening, backlog=4096)
        self._servers[name] = (listening, server)

    def release(self, name: int) -> None:
        """Take no more connections from a socket, which others listen on as well; those that there are stay."""
        found = self._servers.pop(name, None)
        if found is not None:
            found[1].close()

    async def drain(self, seconds: float) -> bool:
        """End: first clients are told, then nothing new is taken, then what runs is finished.

        Args:
            seconds: for all of it; what runs longer is cancelled.

        Returns:
            Whether all requests were finished.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        self.connections.ask_to_close()
        await self._wait(lambda: bool(self.connections.connections), min(end, loop.time() + _SETTLE))
        await self._stop_listening(loop)
        for one in list(self.connections.all()):
            one.shutdown()
        await self._wait(self._busy, end)
        whole = not self.connections.tasks
        for task in list(self.connections.tasks):
            task.cancel()
        if not whole:
            await asyncio.wait(set(self.connections.tasks), timeout=1.0)
        if self._clock is not None:
            self._clock.cancel()
        for one in list(self.connections.all()):
            one.abort()
        await asyncio.sleep(0)
        return whole

    def hurry(self) -> None:
        """Wait for nothing any more."""
        self._hurry.set()

    def _connect(self) -> GatewayProtocol:
        return GatewayProtocol(self._config, self.connections)

    def _busy(self) -> bool:
        return bool(self.connections.connections or self.connections.tasks)

    async def _wait(self, condition: Callable[[], bool], end: float) -> None:
        loop = asyncio.get_running_loop()
        while condition() and loop.time() < end and not self._hurry.is_set():
            await asyncio.sleep(_STEP)

    async def _stop_listening(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take those that have connected already, then close: a connection that waits would be reset."""
        waiting = list[socket.socket]()
        for listening, server in self._servers.values():
            with suppress(OSError):
                while not self._hurry.is_set():
                    waiting.append(listening.accept()[0])
            server.close()
        self._servers.clear()
        for one in waiting:
            one.setblocking(False)
            await loop.connect_accepted_socket(self._connect, one)
        await asyncio.sleep(_STEP)  # what has come already is read before anything is closed

    def _look_at_clock(self, loop: asyncio.AbstractEventLoop) -> None:
        self._clock = loop.call_later(self._tick, self._look_at_clock, loop)
        self.connections.say([(b"date", formatdate(usegmt=True).encode())])
        self.connections.tick(loop.time())
