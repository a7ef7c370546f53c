"""In which order an endpoint's routes are asked: by weights, by a value that keeps to one route, by latency or by cost.

Knows nothing of breakers: whoever asks passes over a route that refuses. Draws are per process; only the choice by a sticky value is
the same in all of them.
"""

from __future__ import annotations

import random as chance
from bisect import bisect
from hashlib import blake2b
from itertools import accumulate
from math import log
from time import monotonic
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ferrata.gateway.routes import Route, Routes

__all__ = ["Picker"]

_UNTRIED_SECONDS = 30.0
_CALLS_BETWEEN_EXPLORING = 20
_RANGE = 2.0**64


class Picker:
    """Gives the order for each call of one endpoint.

    Routes with a weight come first, then the fallbacks in their order; a route with weight 0 does not come.

    `weights`: at random, each with its share; those after the first likewise, among what is left.
    `latency`: of two that are drawn at random the one with the better `Route.score`, then the others by score. Drawing two keeps the
    processes from all going to one route at once (Mitzenmacher, The power of two choices in randomized load balancing, IEEE TPDS 12(10),
    2001). A route that was never tried comes first once, and one that was not tried for 30 s once in 20 calls at most.
    `cost`: by `Route.cost`, those with the same cost by weights, those without one last; routes without a price are tried as above.

    A sticky value goes before all of these. It is by weighted rendezvous hashing: the route with the least `-ln(u) / weight`, where `u`
    is a hash of endpoint, route and value as a number between 0 and 1 (Schindelhauer and Schomaker, Weighted distributed hash tables, SPAA
    2005). Where a weight changes, only the values move that gain or lose by it.

    Args:
        endpoint: its name, so that values do not go to the same routes in all endpoints.
        routes: its routes.
        balance: as above.
        random: a number from 0 up to 1.
        clock: seconds, that by which attempts begin.
    """

    __slots__ = (
        "_balance",
        "_bounds",
        "_clock",
        "_explored",
        "_fallbacks",
        "_hashes",
        "_only",
        "_picked",
        "_random",
        "_routes",
    )

    def __init__(
        self,
        endpoint: str,
        routes: Routes,
        *,
        balance: Literal["weights", "latency", "cost"] = "weights",
        random: Callable[[], float] = chance.random,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._routes = tuple(route for route in routes.routes if route.weight > 0)
        self._fallbacks = routes.fallbacks
        self._only = (*self._routes, *self._fallbacks) if len(self._routes) == 1 else None
        self._bounds = list(accumulate(route.weight for route in self._routes))
        self._hashes = [
            (blake2b(f"{endpoint}\0{route.name}\0".encode(), digest_size=8), route.weight, place)
            for place, route in enumerate(self._routes)
        ]
        self._balance = balance
        self._random = random
        self._clock = clock
        self._picked = 0
        self._explored = 0

    @property
    def splits(self) -> bool:
        """Whether calls go to several routes."""
        return self._only is None

    def order(self, sticky: bytes | None = None) -> Iterator[Route]:
        """The routes for one call, the best first; what comes after the first is worked out when it is asked for.

        Args:
            sticky: whose calls keep to one route; None or empty: nobody's.
        """
        if self._only is not None:
            return iter(self._only)
        if sticky:
            return self._by_value(sticky)
        if self._balance == "weights":
            return self._by_weights()
        return self._by_latency() if self._balance == "latency" else self._by_cost()

    def _by_value(self, sticky: bytes) -> Iterator[Route]:
        found: list[tuple[float, int]] = []
        for begun, weight, place in self._hashes:
            digest = begun.copy()
            digest.update(sticky)
            found.append((-log((int.from_bytes(digest.digest(), "big") + 0.5) / _RANGE) / weight, place))
        found.sort()
        for _, place in found:
            yield self._routes[place]
        yield from self._fallbacks

    def _by_weights(self) -> Iterator[Route]:
        bounds = self._bounds
        # The last bound is left out, so that a draw that rounds up to it is still the last route's.
        first = bisect(bounds, self._random() * bounds[-1], 0, len(bounds) - 1)
        yield self._routes[first]
        left = [route for place, route in enumerate(self._routes) if place != first]
        while len(left) > 1:
            sums = list(accumulate(route.weight for route in left))
            yield left.pop(bisect(sums, self._random() * sums[-1], 0, len(sums) - 1))
        yield from left
        yield from self._fallbacks

    def _by_latency(self) -> Iterator[Route]:
        first = self._to_explore(priced=True) or self._better_of_two()
        yield first
        yield from sorted((route for route in self._routes if route is not first), key=lambda route: route.score)
        yield from self._fallbacks

    def _better_of_two(self) -> Route:
        routes, count = self._routes, len(self._routes)
        one = int(self._random() * count)
        other = int(self._random() * (count - 1))
        other += other >= one
        return routes[one] if routes[one].score <= routes[other].score else routes[other]

    def _by_cost(self) -> Iterator[Route]:
        first = self._to_explore(priced=False)
        if first is not None:
            yield first
        mixed = list(self._by_weights())[: len(self._routes)]
        for route in sorted(mixed, key=lambda route: float("inf") if route.cost is None else route.cost):
            if route is not first:
                yield route
        yield from self._fallbacks

    def _to_explore(self, *, priced: bool) -> Route | None:
        """A route of which nothing is known, or nothing of late."""
        self._picked += 1
        since = self._clock() - _UNTRIED_SECONDS
        for route in self._routes:
            if route.begun > since or route.inflight or not (priced or route.price is None):
                continue
            if not route.calls:
                return route
            if self._picked - self._explored >= _CALLS_BETWEEN_EXPLORING:
                self._explored = self._picked
                return route
        return None
