"""Endpoints as a process runs them: settings with their models built. Where models come from is the composition root's business."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ferrata.gateway.answers import AnswerCache
from ferrata.gateway.attempts import AttemptPolicy
from ferrata.gateway.coalescing import Flights
from ferrata.gateway.guarding import build_guards
from ferrata.gateway.lanes import Lanes
from ferrata.gateway.routes import build_routes
from ferrata.gateway.shadowing import Shadows
from ferrata.gateway.speaking import object_at
from ferrata.providers import Timeouts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from starlette.types import ASGIApp

    from ferrata.catalog import EndpointSettings, RouteTable
    from ferrata.gateway.answering import Whole
    from ferrata.gateway.attempts import Limits
    from ferrata.gateway.call import Call
    from ferrata.gateway.deadlines import DeadlineWatch
    from ferrata.gateway.mcp import Tool
    from ferrata.gateway.routes import Route
    from ferrata.gateway.semantic import SemanticCache
    from ferrata.gateway.shadowing import ShadowOf
    from ferrata.providers import ChatModel, EmbeddingModel, Price, RemoteEmbeddings, RemoteModel

__all__ = ["Backend", "Endpoint", "Endpoints"]


@dataclass(frozen=True, slots=True)
class Backend:
    """What answers on a route.

    Attributes:
        name: vendor and model, or the flow.
        model: answers any request; None where it gives embeddings only.
        remote: the same model, where bodies of its own wire format can go through as they are.
        embeddings: of the route, where it has some.
        defaults: parameters that the project declares, in the words of the model's wire format.
        price: what its tokens cost, where that is known.
        application: a flow's own API.
        tools: that it is, for the Model Context Protocol.
        release: that holds all of this, as `release/NAME@N sha256:DIGEST`; empty where the project's file declares it.
    """

    name: str
    model: ChatModel | None
    remote: RemoteModel | None = None
    embeddings: RemoteEmbeddings | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    price: Price | None = None
    application: ASGIApp | None = None
    tools: Sequence[Tool] = ()
    release: str = ""

    @property
    def is_flow(self) -> bool:
        """Whether it is a flow: what its models take is counted in its trace."""
        return self.application is not None


class Endpoint:
    """One endpoint.

    Args:
        name: that clients call.
        settings: as declared.
        backends: by the names of its routes.
        watch: ends what takes too long; one for all endpoints.
        before: the endpoint of that name until now, whose routes' breakers and latencies are kept.
        embeddings: for answers by meaning.
        shadows: releases that get copies of calls.
    """

    __slots__ = (
        "_sticky",
        "answers",
        "backends",
        "flights",
        "guards",
        "lanes",
        "name",
        "policy",
        "price",
        "routes",
        "semantic",
        "settings",
        "shadows",
        "timeouts",
        "version",
    )

    def __init__(
        self,
        name: str,
        settings: EndpointSettings,
        backends: Mapping[str, Backend],
        watch: DeadlineWatch,
        before: Endpoint | None = None,
        embeddings: EmbeddingModel | None = None,
        shadows: Sequence[ShadowOf] = (),
    ) -> None:
        self.name = name
        self.settings = settings
        self.backends = backends
        self.policy = AttemptPolicy.of(name, settings, watch)
        self.routes = build_routes(settings, before=None if before is None else before.routes)
        self.lanes = Lanes(name, settings, self.routes)
        given = settings.timeouts
        self.timeouts = Timeouts(
            total=given.total, connect=given.connect, first_byte=given.first_token, between=given.between_tokens
        )
        self.guards = build_guards(settings.guard)
        self.price = backends[settings.routes[0].name].price
        self.version = sha256(settings.model_dump_json().encode()).hexdigest()[:16]
        cache = settings.cache
        self.answers = AnswerCache(cache.most, cache.seconds) if cache is not None and cache.exact else None
        self.semantic: SemanticCache | None = None
        if cache is not None and cache.semantic is not None and embeddings is not None:
            from ferrata.gateway.semantic import SemanticCache

            self.semantic = SemanticCache(embeddings, threshold=cache.semantic, most=cache.most, seconds=cache.seconds)
        self.flights: Flights[Whole] | None = Flights() if settings.coalesce else None
        self._sticky = settings.sticky
        self.shadows = Shadows(shadows)

    def times(self, limits: Limits) -> Timeouts:
        """The timeouts of an attempt."""
        whole = self.timeouts
        if limits.seconds > whole.total - 1:
            return whole
        return Timeouts(
            total=limits.seconds, connect=limits.connect, first_byte=limits.first_token, between=whole.between
        )

    def order(self, call: Call) -> Iterator[Route]:
        """The routes for a call, see `Lanes.order`."""
        return self.lanes.order(call, self.sticky(call))

    def sticky(self, call: Call) -> bytes | None:
        """The value whose calls keep to one route; None where there is none."""
        by = self._sticky
        if by is None:
            return None
        if by == "key":
            return call.key.id.encode() if call.key is not None else None
        if by == "conversation":
            given = call.headers.get(b"x-conversation-id")
            found: Any = given.decode("latin-1") if given else call.body.get("conversation")
        elif by == "user":
            metadata = object_at(call.body, "metadata")
            found = call.body.get("user") or metadata.get("user_id")
            found = found or (call.key.user if call.key is not None else None)
        else:
            given = call.headers.get(by.partition(":")[2].lower().encode())
            return given or None
        return found.encode("utf-8", "replace") if isinstance(found, str) and found else None


@dataclass(frozen=True)
class Endpoints:
    """All of them, as one table said.

    Attributes:
        table: what the project declares.
        by_name: those that can be called.
        unserved: those that cannot be here, and why.
    """

    table: RouteTable
    by_name: Mapping[str, Endpoint]
    unserved: Mapping[str, str] = field(default_factory=dict[str, str])
