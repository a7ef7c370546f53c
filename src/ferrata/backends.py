"""What answers on the routes of endpoints: models and flows that the project declares, and releases, which are kept warm."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ferrata.catalog import RouteSettings
from ferrata.documents import validate
from ferrata.errors import FerrataError, UsageError
from ferrata.flow_endpoints import FlowModel, FlowTool, WithoutTexts, flow_application
from ferrata.flows import inside, read_flow
from ferrata.gateway import Backend, Endpoint, ShadowOf
from ferrata.messages import ChatRequest, Message
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

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.app import App
    from ferrata.catalog import EndpointSettings, RoutingTable
    from ferrata.flows import LoadedFlow
    from ferrata.gateway import DeadlineWatch
    from ferrata.providers import EmbeddingModel
    from ferrata.releases import Release
    from ferrata.settings import ModelSettings
    from ferrata.telemetry import SpanSink

__all__ = ["Backends", "Built", "Warm", "build_declared", "build_endpoint"]


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
        self._http = http
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
            NotFound, UsageError, FlowError: there is no such model, flow or release, or it cannot be loaded.
        """
        if route.release is not None:
            return self._release(route.release, endpoint)
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

    def _release(self, ref: str, endpoint: EndpointSettings) -> Backend:
        kept = self._app.releases.read(ref)
        inner = Backends(_with_models_of(self._app, kept.release), self._http, self._sink, capture=True)
        self._closing.callback(inner.close)
        route = RouteSettings(flow=kept.release.flow, model=kept.release.model)
        return replace(inner.of(route, endpoint), release=f"{kept.ref} sha256:{kept.digest}")

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


def _with_models_of(app: App, release: Release) -> App:
    """The project with the models and connections of a release; it shares the registry, and closes nothing.

    Raises:
        InvalidDocument: another version of Ferrata declared them.
    """
    given = {"models": release.models, "connections": release.connections}
    declared = validate(given, type(app.settings.file), file="release.json", text="")
    file = app.settings.file.model_copy(update={"models": declared.models, "connections": declared.connections})
    other = replace(app, settings=replace(app.settings, file=file))
    other.__dict__["registry"] = app.registry
    return other


def _defaults(declared: ModelSettings, remote: RemoteModel) -> Mapping[str, Any]:
    """The declared parameters in the words of the model's wire format."""
    if not declared.parameters.model_dump(exclude_defaults=True):
        return {}
    plain = ChatRequest((Message("user", "x"),))
    return remote.words_of(Parameters(remote, declared.parameters).filled(plain), plain)


class Warm:
    """Releases that answer in this process, built once and kept while a table names them and longer: a rollback builds nothing.

    Args:
        app: the project.
        http: keeps connections.
        sink: takes the spans of flows.
        capture: these hold what was asked and answered.
        most: how many are kept that no table names.
    """

    def __init__(
        self, app: App, http: HttpClient, sink: SpanSink | None, *, capture: bool = False, most: int = 4
    ) -> None:
        self._app = app
        self._http = http
        self._sink = sink
        self._capture = capture
        self._most = most
        self._built: dict[tuple[str, str], tuple[Backends, Backend]] = {}

    def of(self, route: RouteSettings, endpoint: EndpointSettings) -> Backend:
        """What answers on a route with a release.

        Raises:
            FerrataError: there is no such release, or it cannot be loaded.
        """
        key = (route.release or "", endpoint.timeouts.model_dump_json())
        found = self._built.pop(key, None)
        if found is None:
            backends = Backends(self._app, self._http, self._sink, capture=self._capture)
            try:
                found = (backends, backends.of(route, endpoint))
            except BaseException:
                backends.close()
                raise
        self._built[key] = found  # the last used is the last
        return found[1]

    def spare(self, named: set[str]) -> list[Backends]:
        """Let go of the oldest that no table names; close them when no call needs them any more."""
        others = [key for key in self._built if key[0] not in named]
        return [self._built.pop(key)[0] for key in others[: max(0, len(others) - self._most)]]

    def close(self) -> None:
        """Close all."""
        while self._built:
            self._built.popitem()[1][0].close()


class Built:
    """What answers for one endpoint.

    Attributes:
        settings: with the routes that can answer here.
        backends: by the names of its routes.
        problems: why others cannot.
        number: of its table; 0: what the project declares.
        shadows: releases that get copies of calls.
    """

    def __init__(self, settings: EndpointSettings, backends: Mapping[str, Backend], number: int = 0) -> None:
        self.settings = settings
        self.backends = backends
        self.number = number
        self.problems: list[str] = []
        self.shadows: list[ShadowOf] = []

    def following(self, table: RoutingTable, warm: Warm) -> Built:
        """The same endpoint as a table says. A route that cannot be built here is left out, and its calls go to the others.

        Raises:
            UsageError: none of its routes can be built.
        """
        if not table.routing.routes:
            return self
        problems: list[str] = []
        built: dict[str, Backend] = {}
        routes: list[RouteSettings] = []
        for route in table.routing.routes:
            try:
                declared = self.backends.get(route.name) if route.release is None else None
                built[route.name] = declared if declared is not None else warm.of(route, self.settings)
                routes.append(route)
            except FerrataError as error:
                problems.append(f"{table.endpoint}: {route.release or route.name}: {hide_secrets(error.message)}")
        if not any(route.weight and route.when is None for route in routes):
            raise UsageError("; ".join(problems) or f"{table.endpoint}: its table has no route")
        built |= {route.name: self.backends[route.name] for route in self.settings.fallbacks}
        changed: dict[str, Any] = {"routes": routes}
        if table.routing.rollout is not None:
            # Two that are compared must get their calls by chance; the one that is sooner or cheaper would draw others.
            changed["balance"] = "weights"
        made = Built(self.settings.model_copy(update=changed), built, table.number)
        made.problems = problems
        by_release = {route.release: route.name for route in routes}
        made.shadows = [
            ShadowOf(one.release, by_release[one.release], one.share)
            for one in table.routing.shadows
            if one.release in by_release
        ]
        return made


def build_declared(backends: Backends, endpoints: Mapping[str, EndpointSettings]) -> dict[str, Built]:
    """What answers for the endpoints that a project declares.

    Raises:
        NotFound, UsageError, FlowError: they name what there is not.
    """
    return {
        name: Built(
            settings, {route.name: backends.of(route, settings) for route in (*settings.routes, *settings.fallbacks)}
        )
        for name, settings in endpoints.items()
    }


def build_endpoint(name: str, built: Built, app: App, watch: DeadlineWatch, before: Endpoint | None) -> Endpoint:
    """One endpoint, of which breakers and latencies of before are kept."""
    cache = built.settings.cache
    embeddings = app.models.embeddings() if cache is not None and cache.semantic is not None else None
    return Endpoint(name, built.settings, built.backends, watch, before, embeddings, built.shadows)
