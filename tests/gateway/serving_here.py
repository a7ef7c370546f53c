"""A project's gateway on a port of this machine, in a thread of the test's own process."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from typing import TYPE_CHECKING, Any, Self

from ferrata.access import Draft, Key
from ferrata.app import open_app
from ferrata.gateway import HttpServer, WorkerContext
from ferrata.gateway.connections import HttpLimits
from ferrata.serving import Serving

if TYPE_CHECKING:
    from pathlib import Path


def make_key(root: Path, name: str = "test", **about: Any) -> tuple[Key, str]:
    """A key of the project, and its secret."""
    with open_app(root) as app:
        return app.keys.create(Draft(name, **{"team": "red", "user": "ann", **about}))


class Served:
    """The gateway of the project in a folder; use it in a `with` block.

    Attributes:
        key, secret: of a key that may call everything.
        serving: what answers.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.key, self.secret = make_key(root)
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._socket.getsockname()[1]
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.error: BaseException | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def spans(self) -> list[dict[str, Any]]:
        """Of the calls so far, as the spool has them; a call's span is written as it ends, just after its answer."""
        if self.loop is not None and self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._quiet(), self.loop).result(10)
        with open_app(self.root) as app:
            files = sorted(app.spool.glob("*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]

    async def _quiet(self) -> None:
        """Wait until no call is inside, and those that were turned away have ended too."""
        async with asyncio.timeout(10):
            await asyncio.sleep(0.01)
            while self.serving.calls:
                await asyncio.sleep(0.005)

    async def _run(self) -> None:
        try:
            self.loop = asyncio.get_running_loop()
            self._stop = asyncio.Event()
            self.serving = Serving(self.root, WorkerContext())
            await self.serving.startup()
            server = HttpServer(self.serving, HttpLimits())
            await server.start(self._socket)
        except BaseException as error:
            self.error = error
            self._ready.set()
            raise
        self._ready.set()
        await self._stop.wait()
        await server.drain(5.0)
        await self.serving.drain()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        if self.error is not None:
            raise self.error
        return self

    def __exit__(self, *_exception: object) -> None:
        assert self.loop is not None
        assert self._stop is not None
        self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
