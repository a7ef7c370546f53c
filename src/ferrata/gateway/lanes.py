"""Which routes of an endpoint a call may take, and which of them it takes first: by name, by conditions, by weights.

Notes on the call where it was drawn to, whatever answers in the end: only so can two routes be compared.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING

from ferrata.errors import NotFound
from ferrata.gateway.picking import Picker
from ferrata.gateway.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.catalog import ConditionSettings, EndpointSettings
    from ferrata.gateway.call import Call
    from ferrata.gateway.routes import Route

__all__ = ["Lanes"]


class Lanes:
    """The routes of an endpoint: groups of those that share a condition, each a lane, and a lane of those without one.

    A call takes the first lane whose condition holds. In it, weights decide.

    Args:
        endpoint: its name.
        settings: as declared.
        routes: its routes.
    """

    __slots__ = ("_always", "_conditional", "_releases", "_routes")

    def __init__(self, endpoint: str, settings: EndpointSettings, routes: Routes) -> None:
        by_name = {route.name: route for route in routes.routes}
        groups: dict[str, tuple[ConditionSettings | None, list[Route]]] = {}
        for one in settings.routes:
            key = "" if one.when is None else one.when.model_dump_json()
            groups.setdefault(key, (one.when, []))[1].append(by_name[one.name])
        _, others = groups.pop("", (None, []))
        self._always = Picker(endpoint, Routes(tuple(others), routes.fallbacks), balance=settings.balance)
        self._routes = {route.name: route for route in routes.all()}
        self._conditional = [
            (when, Picker(endpoint, Routes(tuple(group), routes.fallbacks), balance=settings.balance))
            for when, group in groups.values()
            if when is not None
        ]
        self._releases = {one.release: by_name[one.name] for one in settings.routes if one.release}

    def order(self, call: Call, sticky: bytes | None) -> Iterator[Route]:
        """The routes for a call, the best first.

        Raises:
            NotFound: the call names a route or release that the endpoint does not have.
        """
        named = self._named(call)
        if named is not None:
            return iter((named,))
        picker = self._always
        for when, one in self._conditional:
            if _holds(when, call):
                picker = one
                break
        routes = picker.order(sticky)
        if not picker.splits:
            return routes
        first = next(routes)
        call.drawn = first.name
        if sticky:
            call.unit = blake2b(sticky, digest_size=8).hexdigest()
        return chain((first,), routes)

    def _named(self, call: Call) -> Route | None:
        for header, known in ((b"x-ferrata-route", self._routes), (b"x-ferrata-release", self._releases)):
            given = call.headers.get(header)
            if given:
                name = given.decode("latin-1")
                found = known.get(name)
                if found is None:
                    what = "route" if known is self._routes else "release"
                    hint = f"there is {', '.join(list(known)[:5])}" if known else ""
                    raise NotFound(f"there is no {what} {name[:100]!r}", hint=hint)
                return found
        return None


def _holds(when: ConditionSettings, call: Call) -> bool:
    key, headers = call.key, call.headers
    if when.team is not None and (key is None or key.team not in when.team):
        return False
    if when.user is not None and (key is None or key.user not in when.user):
        return False
    for name, values in when.header.items():
        if headers.get(name.lower().encode(), b"").decode("latin-1") not in values:
            return False
    if when.over is not None or when.under is not None:
        size = len(call.raw) or _length(headers.get(b"content-length"))
        if (when.over is not None and size <= when.over) or (when.under is not None and size >= when.under):
            return False
    return not when.is_timed or when.holds_at(datetime.now(UTC))


def _length(given: bytes | None) -> int:
    return int(given) if given and given.isdigit() else 0
