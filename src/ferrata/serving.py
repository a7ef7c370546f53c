"""The gateway of a project, in one of its processes: endpoints with their models and flows, keys, limits, spool.

The composition root of the data plane: `application` is what a worker serves, `draining` what moves spools into the store.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from ferrata.access import KeyRing, Leases, Leasing, Meters, RememberedAnswers
from ferrata.app import open_app
from ferrata.backends import Backends, Warm, build_declared, build_endpoint
from ferrata.catalog import read_routes
from ferrata.clock import SystemClock
from ferrata.errors import FerrataError, StoreUnavailable
from ferrata.following import Following
from ferrata.gateway import (
    DeadlineWatch,
    Doorway,
    Endpoint,
    Endpoints,
    Gateway,
    Idempotency,
    Limiter,
    probe_routes,
)
from ferrata.messages import ChatRequest, Message
from ferrata.monitor import run_drain
from ferrata.providers import (
    HttpClient,
)
from ferrata.redaction import hide_secrets
from ferrata.telemetry import LineSink, Spool

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from threading import Event

    from starlette.types import Receive, Scope, Send

    from ferrata.access import Keys
    from ferrata.app import App
    from ferrata.backends import Built
    from ferrata.gateway import Route, WorkerContext

__all__ = ["Serving", "application", "draining"]

_log = logging.getLogger("ferrata.gateway")
_POLL = 1.0


class Serving:
    """A project's gateway in this process; what a worker serves.

    Args:
        root: the project's folder.
        context: of the worker.
    """

    def __init__(self, root: Path, context: WorkerContext) -> None:
        self._root = root
        self._context = context
        self._app = open_app(root)
        self._table = read_routes(self._app.settings)
        self._spool = Spool(self._app.spool, self._table.gateway.spool_bytes)
        self._ring = KeyRing()
        self._http = HttpClient()
        self._watch = DeadlineWatch()
        self._endpoints: Endpoints | None = None
        self._backends: Backends | None = None
        self._declared: dict[str, Built] = {}
        self._following: Following | None = None
        self._meters = Meters()
        self._tasks: list[asyncio.Task[None]] = []
        self._probes: dict[str, list[asyncio.Task[None]]] = {}
        self._built: dict[str, int] = {}
        self._problem = ""
        self._keys: Keys | None = None
        self._gateway: Gateway | None = None

    @property
    def calls(self) -> int:
        """How many run now."""
        return self._doorway.inside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert self._gateway is not None  # noqa: S101 - served after startup only
        await self._gateway(scope, receive, send)

    async def startup(self) -> None:
        """Build the endpoints, read the keys, begin what runs beside the calls.

        Raises:
            FerrataError: the project's file is wrong.
        """
        app, spool = self._app, self._spool
        project, holder = app.settings.project, spool.holder
        try:
            store = app.store
            self._keys = app.keys
            self._poll()
        except StoreUnavailable as error:
            self._problem = f"keys cannot be read: {error.message}"
            raise
        self._leasing = Leasing(self._meters, Leases(store, project=project, holder=holder))
        self._doorway = Doorway(self._table.gateway.most_calls)
        self._doorway.watch()
        remembered = RememberedAnswers(store, SystemClock(), project=project, holder=holder)
        self._idempotency = Idempotency(remembered)
        limiter = Limiter(self._doorway, self._meters, self._leasing)
        self._gateway = Gateway(self._ring, limiter, self._idempotency, spool.append)
        self._gateway.problems = self.ready
        self._following = Following(app, self._warm(app), holder)
        self._following.read()
        self._follow(app)
        self._tasks = [
            asyncio.create_task(self._leasing.run()),
            asyncio.create_task(self._look_after()),
            asyncio.create_task(self._following.run(lambda: self._declared, self._swap)),
        ]

    def _sink(self) -> LineSink:
        loop = asyncio.get_running_loop()
        # Spans of a flow's nodes end in threads; the spool belongs to this one.
        return LineSink(lambda line: loop.call_soon_threadsafe(self._spool.append, line))

    def _warm(self, app: App) -> Warm:
        return Warm(app, self._http, self._sink(), capture=self._table.gateway.capture)

    def _follow(self, app: App) -> None:
        """Build what the project declares, and what its tables say instead."""
        table = read_routes(app.settings)
        backends = Backends(app, self._http, self._sink(), capture=table.gateway.capture)
        try:
            declared = build_declared(backends, table.endpoints)
            backends.enter()
        except BaseException:
            backends.close()
            raise
        before, self._backends, self._declared = self._backends, backends, declared
        self._app, self._table = app, table
        self._swap(again=True)
        if before is not None:
            longest = max((one.timeouts.total for one in table.endpoints.values()), default=0.0)
            asyncio.get_running_loop().call_later(longest, before.close)

    def _swap(self, *, again: bool = False) -> None:
        """Follow the tables as they are now; with `again` build all endpoints anew, else those whose table is another one."""
        assert self._following is not None  # noqa: S101 - made before
        assert self._gateway is not None  # noqa: S101 - made before
        known: Mapping[str, Endpoint] = {} if self._endpoints is None else self._endpoints.by_name
        found: dict[str, Endpoint] = {}
        changed: list[Endpoint] = []
        for name, built in self._following.built(self._declared).items():
            before = known.get(name)
            if before is not None and not again and self._built.get(name) == built.number:
                found[name] = before
                continue
            found[name] = build_endpoint(name, built, self._app, self._watch, before)
            self._built[name] = built.number
            changed.append(found[name])
        self._endpoints = Endpoints(self._table, found, self._following.unserved)
        for name in self._probes.keys() - found.keys() | {one.name for one in changed}:
            for task in self._probes.pop(name, ()):
                task.cancel()
        for one in changed:
            self._probes[one.name] = _beside(one)
        self._gateway.follow(self._endpoints)
        longest = max((one.timeouts.total for one in found.values()), default=0.0)
        for backends in self._following.spare():
            asyncio.get_running_loop().call_later(longest, backends.close)

    async def reload(self) -> None:
        """Follow what the project's file says now.

        Raises:
            FerrataError: it is wrong; the old one goes on.
        """
        try:
            self._follow(open_app(self._root))
            self._problem = ""
        except FerrataError as error:
            self._problem = f"the route table is the one from before: {hide_secrets(str(error))}"
            raise

    async def drain(self) -> None:
        """Give back what is held."""
        running = [*self._tasks, *(task for tasks in self._probes.values() for task in tasks)]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._leasing.close()
        self._idempotency.close()
        self._doorway.stop()
        if self._following is not None:
            await self._following.close()
        if self._backends is not None:
            self._backends.close()
        await self._http.aclose()
        self._spool.close()
        self._app.close()

    def ready(self) -> list[str]:
        """What keeps it from answering."""
        if self._context.draining:
            return ["the process is ending"]
        return [self._problem] if self._problem and self._endpoints is None else []

    def about(self) -> str:
        """How many endpoints there are."""
        count = 0 if self._endpoints is None else len(self._endpoints.by_name)
        return f"{count} endpoint{'' if count == 1 else 's'}"

    async def _look_after(self) -> None:
        """Once a second: new keys, and the spool's files."""
        loop = asyncio.get_running_loop()
        away = ""
        while True:
            await asyncio.sleep(_POLL)
            self._spool.rotate()
            try:
                await loop.run_in_executor(None, self._poll)
                away = ""
            except FerrataError as error:  # the keys of before go on
                if away != error.message:
                    away = error.message
                    _log.warning("keys cannot be read anew: %s", away)

    def _poll(self) -> None:
        assert self._keys is not None  # noqa: S101 - made before
        snapshot = self._keys.snapshot(self._ring.version)
        if snapshot is not None:
            self._ring.load(snapshot)
            self._meters.forget()


def _beside(endpoint: Endpoint) -> list[asyncio.Task[None]]:
    """What runs beside the calls of an endpoint."""
    found: list[asyncio.Task[None]] = []
    if endpoint.semantic is not None:
        found.append(asyncio.create_task(endpoint.semantic.warm()))
    if endpoint.settings.probe is not None:
        found.append(asyncio.create_task(_probe(endpoint, endpoint.settings.probe)))
    return found


async def _probe(endpoint: Endpoint, every: float) -> None:
    """Ask models of open routes for one token, until cancelled."""
    request = ChatRequest((Message("user", "ping"),), max_tokens=1)

    async def ask(route: Route) -> None:
        model = endpoint.backends[route.name].model
        if model is not None:
            await model.chat(request)

    await probe_routes(endpoint.routes.all(), every, ask, limit=endpoint.timeouts.first_byte)


def application(root: Path, context: WorkerContext) -> Serving:
    """What a worker serves."""
    return Serving(root, context)


def draining(root: Path, stop: Event) -> None:
    """Move the spans of a project's gateways into the store until `stop` is set; for a thread. First the ledger is told of its endpoints."""
    told = False
    while True:
        try:
            with open_app(root) as app:
                if not told:
                    table = read_routes(app.settings)
                    for name in table.endpoints:
                        app.ledger.append(
                            "endpoint.served",
                            subjects=[f"endpoint/{name}"],
                            payload={"authenticated": table.gateway.keys},
                        )
                    told = True
                run_drain(app.drain, stop, say=lambda said: _log.warning("%s", said))
            return
        except FerrataError as error:
            _log.warning("spans wait in the spool: %s", error.message)
            if stop.wait(_POLL):
                return
