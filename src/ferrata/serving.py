"""The gateway of a project: endpoints with their models and flows, keys, spool. The composition root of the data plane."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ferrata.catalog import read_routes
from ferrata.errors import UsageError
from ferrata.gateway import Backend, DeadlineWatch, Endpoint, Endpoints
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

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.app import App
    from ferrata.catalog import EndpointSettings, RouteSettings
    from ferrata.providers import EmbeddingModel
    from ferrata.settings import ModelSettings

__all__ = ["build_endpoints"]


class Backends:
    """Builds what answers on routes; connections are kept over tables.

    Args:
        app: the project.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self.http = HttpClient()
        self._around = Surroundings(
            http=self.http,
            clock=app.clock,
            environment=os.environ.get,
            price=lambda vendor, model: app.catalog.price_of(vendor, model),
        )

    def of(self, route: RouteSettings, endpoint: EndpointSettings) -> Backend:
        """What answers on a route.

        Raises:
            NotFound, UsageError: there is no such model.
        """
        times = endpoint.timeouts
        declared = self._app.models.settings(route.model).model_copy(
            update={"timeout": times.total, "first_token": times.first_token}
        )
        name = f"{declared.vendor}/{declared.model}"
        bare = build_bare(declared, self._around)
        price = (
            self._around.price(declared.vendor, declared.model) if declared.vendor not in ("local", "fake") else None
        )
        remote = bare if isinstance(bare, RemoteModel) else None
        embeddings: EmbeddingModel | None = None
        with suppress(UsageError):  # the vendor has none
            embeddings = build_embeddings(declared, self._around)
        return Backend(
            name,
            Parameters(bare, declared.parameters),
            remote=remote,
            embeddings=embeddings if isinstance(embeddings, RemoteEmbeddings) else None,
            defaults=_defaults(declared, remote) if remote is not None else {},
            price=price,
        )


def _defaults(declared: ModelSettings, remote: RemoteModel) -> Mapping[str, Any]:
    """The declared parameters in the words of the model's wire format."""
    plain = ChatRequest((Message("user", "x"),))
    if not declared.parameters.model_dump(exclude_defaults=True):
        return {}
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
        found[name] = Endpoint(name, settings, built, watch, known.get(name))
    return Endpoints(table, found)
