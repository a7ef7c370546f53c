"""The gateway of a project, in one of its processes: endpoints with their models and flows, keys, limits, spool.

The composition root of the data plane: `application` is what a worker serves, `draining` what moves spools into the store.
"""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

from ferrata.access import KeyRing, Leases, Leasing, Meters, RememberedAnswers
from ferrata.app import open_app
from ferrata.catalog import read_routes
from ferrata.clock import SystemClock
from ferrata.errors import FerrataError, StoreUnavailable, UsageError
from ferrata.flow_endpoints import FlowModel, FlowTool, WithoutTexts, flow_application
from ferrata.flows import inside, read_flow
from ferrata.gateway import (
    Backend,
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
    Parameters,
    RemoteEmbeddings,
    RemoteModel,
    Surroundings,
    build_bare,
    build_embeddings,
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
    from ferrata.catalog import EndpointSettings, RouteSettings
    from ferrata.flows import LoadedFlow
    from ferrata.gateway import Route, WorkerContext
    from ferrata.providers import EmbeddingModel
    from ferrata.settings import ModelSettings
    from ferrata.telemetry import SpanSink

__all__ = ["Backends", "Serving", "application", "build_endpoints", "draining"]

_log = logging.getLogger("ferrata.gateway")
_POLL = 1.0


class Backends:
    """Builds what answers on the routes of one table; close it when no call needs it any more.

    Args:
        app: the project, as its file says now.
        http: keeps connections.
        sink: takes the spans of flows.
        capture: these hold what was asked and answered.
    """

    def __init__(self, app: App, http: HttpClient, sink: SpanSink | None = None, *, capture: bool = False) -> None:
        self._app = app
        self._sink = sink if sink is None or capture else WithoutTexts(sink)
        self._closing = ExitStack()
        self._flows: list[LoadedFlow] = []
        self._around = Surroundings(
            http=http,
            clock=app.clock,
            environment=os.environ.get,
            price=lambda vendor, model: app.catalog.price_of(vendor, model),
        )

    def of(self, route: RouteSettings, endpoint: EndpointSettings) -> Backend:
        """What answers on a route.

        Raises:
            NotFound, UsageError, FlowError: there is no such model or flow, or it cannot be loaded.
        """
        if route.flow is not None:
            return self._flow(route.flow, endpoint)
        times = endpoint.timeouts
        declared = self._app.models.settings(route.model)
        declared = declared.model_copy(update={"timeout": times.total, "first_token": times.first_token})
        bare = build_bare(declared, self._around)
        here = declared.vendor in ("local", "fake")
        remote = bare if isinstance(bare, RemoteModel) else None
        embeddings: EmbeddingModel | None = None
        with suppress(UsageError):  # the vendor has none
            embeddings = build_embeddings(declared, self._around)
        return Backend(
            f"{declared.vendor}/{declared.model}",
            Parameters(bare, declared.parameters),
            remote=remote,
            embeddings=embeddings if isinstance(embeddings, RemoteEmbeddings) else None,
            defaults=_defaults(declared, remote) if remote is not None else {},
            price=None if here else self._around.price(declared.vendor, declared.model),
        )

    def _flow(self, name: str, endpoint: EndpointSettings) -> Backend:
        loaded = self._app.flow(name)
        self._closing.callback(loaded.close)
        self._flows.append(loaded)
        given = self._app.settings.root / name
        flow = read_flow(given if given.exists() else loaded.folder)
        seconds = endpoint.timeouts.total
        model: FlowModel | None = None
        with suppress(UsageError):  # it is no chat flow, and has its own API
            model = FlowModel(loaded, flow, sink=self._sink, timeout=seconds)
            self._closing.callback(model.close)
        return Backend(
            f"flow/{flow.name}",
            model,
            application=flow_application(loaded, flow, sink=self._sink, timeout=seconds),
            tools=(FlowTool(loaded, flow, sink=self._sink, timeout=seconds),),
        )

    def enter(self) -> None:
        """Work in the folder of the only flow, and hear what flows print."""
        if self._flows:
            self._closing.enter_context(inside(*self._flows))

    def close(self) -> None:
        """Let go of models and flows."""
        self._closing.close()
        while self._around.closing:
            self._around.closing.pop()()


def _defaults(declared: ModelSettings, remote: RemoteModel) -> Mapping[str, Any]:
    """The declared parameters in the words of the model's wire format."""
    if not declared.parameters.model_dump(exclude_defaults=True):
        return {}
    plain = ChatRequest((Message("user", "x"),))
    return remote.words_of(Parameters(remote, declared.parameters).filled(plain), plain)


def build_endpoints(backends: Backends, app: App, watch: DeadlineWatch, before: Endpoints | None = None) -> Endpoints:
    """The endpoints that a project declares now.

    Raises:
        InvalidDocument, NotFound, UsageError: the table is wrong, or names what there is not.
    """
    table = read_routes(app.settings)
    known: Mapping[str, Endpoint] = {} if before is None else before.by_name
    found: dict[str, Endpoint] = {}
    for name, settings in table.endpoints.items():
        built = {route.name: backends.of(route, settings) for route in (*settings.routes, *settings.fallbacks)}
        means = settings.cache is not None and settings.cache.semantic is not None
        embeddings = app.models.embeddings() if means else None
        found[name] = Endpoint(name, settings, built, watch, known.get(name), embeddings)
    return Endpoints(table, found)


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
        self._meters = Meters()
        self._tasks: list[asyncio.Task[None]] = []
        self._probes: list[asyncio.Task[None]] = []
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
        self._follow(app)
        self._tasks = [asyncio.create_task(self._leasing.run()), asyncio.create_task(self._look_after())]

    def _follow(self, app: App) -> None:
        loop = asyncio.get_running_loop()
        # Spans of a flow's nodes end in threads; the spool belongs to this one.
        sink = LineSink(lambda line: loop.call_soon_threadsafe(self._spool.append, line))
        backends = Backends(app, self._http, sink, capture=read_routes(app.settings).gateway.capture)
        try:
            endpoints = build_endpoints(backends, app, self._watch, self._endpoints)
            backends.enter()
        except BaseException:
            backends.close()
            raise
        before, self._backends, self._endpoints = self._backends, backends, endpoints
        for task in self._probes:
            task.cancel()
        self._probes = [
            asyncio.create_task(one.semantic.warm()) for one in endpoints.by_name.values() if one.semantic is not None
        ]
        self._probes += [
            asyncio.create_task(_probe(one, one.settings.probe))
            for one in endpoints.by_name.values()
            if one.settings.probe is not None
        ]
        assert self._gateway is not None  # noqa: S101 - made before
        self._gateway.follow(endpoints)
        if before is not None:
            longest = max((one.timeouts.total for one in endpoints.by_name.values()), default=0.0)
            loop.call_later(longest, before.close)

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
        running = [*self._tasks, *self._probes]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._leasing.close()
        self._idempotency.close()
        self._doorway.stop()
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
