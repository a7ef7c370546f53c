"""Endpoints as a process runs them: settings with their models built. Where models come from is the composition root's business."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ferrata.providers import Timeouts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.catalog import EndpointSettings, RouteSettings, RouteTable
    from ferrata.providers import ChatModel, Price, RemoteEmbeddings, RemoteModel

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
    """

    name: str
    model: ChatModel | None
    remote: RemoteModel | None = None
    embeddings: RemoteEmbeddings | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    price: Price | None = None


class Endpoint:
    """One endpoint.

    Attributes:
        name: that clients call.
        settings: as declared.
        backends: by the names of its routes.
        timeouts: of the first attempt of a call.
    """

    __slots__ = ("backends", "name", "routes", "settings", "timeouts")

    def __init__(self, name: str, settings: EndpointSettings, backends: Mapping[str, Backend]) -> None:
        self.name = name
        self.settings = settings
        self.backends = backends
        self.routes: tuple[RouteSettings, ...] = (*settings.routes, *settings.fallbacks)
        given = settings.timeouts
        self.timeouts = Timeouts(
            total=given.total, connect=given.connect, first_byte=given.first_token, between=given.between_tokens
        )


@dataclass(frozen=True)
class Endpoints:
    """All of them, as one table said."""

    table: RouteTable
    by_name: Mapping[str, Endpoint]
