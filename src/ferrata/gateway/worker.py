"""One of a gateway's processes: `python -m ferrata.gateway.worker`, as the supervisor starts it.

It says on its channel to the supervisor when it answers, why it cannot, and what came of a reload; a channel that ends means that
the supervisor is gone, and the worker ends like at SIGTERM. Knows neither other workers nor what the application does.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
import sys
import traceback
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferrata.errors import FerrataError
from ferrata.gateway.places import WorkerOrder

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.gateway.server import HttpServer, Served, WorkerContext

__all__ = ["main"]

_LAST = 5.0  # seconds for the application to give back what it holds


class _Channel:
    """To the supervisor; one line of JSON a message."""

    def __init__(self, number: int) -> None:
        self.socket = _open(number)
        self.socket.setblocking(False)

    def say(self, **message: Any) -> None:
        # A supervisor that is gone, or does not listen, is no reason to stop.
        try:
            self.socket.send(json.dumps(message).encode() + b"\n")
        except OSError:
            return

    def hear(self) -> tuple[bytes, list[int]]:
        """What came last, with open files that came with it; nothing: the supervisor is gone."""
        try:
            said, files, _, _ = socket.recv_fds(self.socket, 4, 1)
        except BlockingIOError:
            return b"----", []
        except OSError:
            return b"", []
        return said, files


def _open(number: int) -> socket.socket:
    """A socket that was handed over; processes that the application starts do not get it."""
    os.set_inheritable(number, False)
    return socket.socket(fileno=number)


class _Worker:
    def __init__(self, order: WorkerOrder, channel: _Channel, context: WorkerContext) -> None:
        self.order = order
        self.channel = channel
        self.context = context
        self.ending = asyncio.Event()
        self.hurry: Callable[[], object] = lambda: None
        self.reloading: asyncio.Task[None] | None = None
        self.again = False
        self.helping = set[asyncio.Task[None]]()

    async def run(self, served: Served) -> bool:
        """Serve until told to end; returns whether all requests were finished."""
        from ferrata.gateway.server import HttpServer

        await served.startup()
        server = HttpServer(served)
        self.hurry = server.hurry
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.end)
        loop.add_signal_handler(signal.SIGQUIT, self.end_now)
        loop.add_signal_handler(signal.SIGHUP, partial(self.reload, served))
        loop.add_reader(self.channel.socket, self.listen, server)
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        await server.start(_open(self.order.listening))
        self.channel.say(ready=served.about())
        await self.ending.wait()
        self.context.draining = True
        whole = await server.drain(self.order.drain)
        try:
            await asyncio.wait_for(served.drain(), _LAST)
        except TimeoutError:
            self.channel.say(crashed=f"did not give back in {_LAST:g} s what it holds")
            return False
        return whole

    def listen(self, server: HttpServer) -> None:
        """`+NNN` with a socket: answer for the dead worker of that place; `-NNN`: it has a successor."""
        said, files = self.channel.hear()
        if not said:
            asyncio.get_running_loop().remove_reader(self.channel.socket)
            self.end()
        elif said[:1] == b"-" and said[1:].isdigit():
            server.release(int(said[1:]))
        for number in files:
            helping = asyncio.get_running_loop().create_task(server.listen(_open(number), int(said[1:])))
            self.helping.add(helping)
            helping.add_done_callback(self.helping.discard)

    def end(self) -> None:
        self.context.draining = True
        self.ending.set()

    def end_now(self) -> None:
        self.end()
        self.hurry()

    def reload(self, served: Served) -> None:
        """Reload; once more after that, if it was asked for meanwhile."""
        if self.reloading is not None and not self.reloading.done():
            self.again = True
            return
        self.again = False
        self.reloading = asyncio.get_running_loop().create_task(self._reload(served))

    async def _reload(self, served: Served) -> None:
        try:
            await served.reload()
            self.channel.say(reloaded=served.about())
        except FerrataError as error:
            self.channel.say(kept=error.message)
        except Exception as error:  # noqa: BLE001 - what was served before goes on, and the operator is told
            traceback.print_exc()
            self.channel.say(kept=repr(error))
        if self.again:
            asyncio.get_running_loop().call_soon(self.reload, served)


def _loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def main(arguments: list[str]) -> int:
    """Serve as the order says.

    Returns:
        0: told to end, and all requests were finished; 1: some were not; 2: the application cannot serve.
    """
    # A terminal's Ctrl-C goes to all processes: the supervisor says what follows from it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    order = WorkerOrder(**json.loads(arguments[0]))
    channel = _Channel(order.channel)
    try:
        from ferrata.gateway.server import WorkerContext

        module, _, name = order.application.partition(":")
        context = WorkerContext(order.index, order.workers, order.generation)
        with asyncio.Runner(loop_factory=_loop) as runner:
            served = getattr(import_module(module), name)(Path(order.root), context)
            return 0 if runner.run(_Worker(order, channel, context).run(served)) else 1
    except FerrataError as error:
        channel.say(failed=error.message, hint=error.hint, status=error.status)
        return 2
    except Exception as error:
        channel.say(crashed=f"{type(error).__name__}: {error}")
        raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
