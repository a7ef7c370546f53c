"""A gateway on a port of this machine, in a thread of the test's own process."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self

import uvicorn

from ferrata.access import Key, KeyRing, Leases, Leasing, Meters, Snapshot
from ferrata.app import open_app
from ferrata.gateway import DeadlineWatch, Doorway, Gateway, Idempotency, Limiter
from ferrata.serving import Backends, build_endpoints

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "sk-fe-" + "a" * 43


def key_of(secret: str = SECRET, **about: Any) -> Key:
    given: dict[str, Any] = {
        "id": "key_0",
        "name": "test",
        "team": "red",
        "user": "ann",
        "endpoints": (),
        "budgets": (),
    }
    given |= {"sha256": sha256(secret.encode()).hexdigest(), "shown": "sk-fe-a", "concurrency": None}
    return Key(**{**given, "created": datetime.now(UTC), "created_by": "me", **about})


class Served:
    """The gateway of the project in a folder; use it in a `with` block.

    Attributes:
        spans: of the calls so far, as the spool has them.
    """

    def __init__(self, root: Path, *keys: Key) -> None:
        self._app = open_app(root)
        ring = KeyRing()
        ring.load(Snapshot(1, keys or (key_of(),)))
        self.lines: list[bytes] = []
        meters = Meters()
        limiter = Limiter(Doorway(2_000), meters, Leasing(meters, Leases(self._app.store, project="test", holder="h")))
        self.gateway = Gateway(ring, limiter, Idempotency(None), self.lines.append)
        backends = Backends(self._app)
        self.gateway.follow(build_endpoints(backends, self._app, DeadlineWatch()))
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self._socket.getsockname()[1]
        config = uvicorn.Config(self.gateway, log_config=None, access_log=False, lifespan="off", ws="none")
        self._server = uvicorn.Server(config)
        self._backends = backends
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def spans(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    def _run(self) -> None:
        async def serve() -> None:
            await self._server.serve([self._socket])
            await self._backends.http.aclose()

        asyncio.run(serve())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()
        self._app.close()
