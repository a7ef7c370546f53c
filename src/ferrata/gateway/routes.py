"""The state of a running endpoint's routes: how each is doing, by what its calls showed in this process.

Knows nothing of how a route is chosen or called. All of it belongs to one event loop.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ferrata.gateway.breaker import Breaker

if TYPE_CHECKING:
    from ferrata.catalog import BreakerSettings, EndpointSettings, RouteSettings

__all__ = ["Route", "Routes", "build_routes"]

_NEWEST = 0.2
_NEVER = float("-inf")


class Route:
    """One way that calls may take, and what is known of it.

    Args:
        settings: what is declared.
        breaker: when it is left alone.
        price: US dollars of a call, by which routes are compared; None: what calls cost is averaged.

    Attributes:
        settings: as above.
        name: of the route, unique in its endpoint.
        weight: its share beside others' weights.
        breaker: as above.
        price: as above.
        latency: seconds until the answer, or its first piece, begins: a moving average with weight 0.2 of the newest; None before the
            first. What was given up later than that counts with the time that it took.
        health: share of attempts that were answered, a moving average likewise, that begins with 1.
        inflight: attempts that are on their way.
        begun: when the last attempt began, by the gateway's clock; minus infinity before the first.
        calls: attempts so far.
        failures: those that failed by the route's fault.
    """

    __slots__ = (
        "_cost",
        "begun",
        "breaker",
        "calls",
        "failures",
        "health",
        "inflight",
        "latency",
        "name",
        "price",
        "settings",
        "weight",
    )

    def __init__(self, settings: RouteSettings, breaker: Breaker, *, price: float | None = None) -> None:
        self.breaker = breaker
        self.price = price
        self.latency: float | None = None
        self.health = 1.0
        self.inflight = 0
        self.begun = _NEVER
        self.calls = 0
        self.failures = 0
        self._cost: float | None = None
        self.follow(settings)

    def follow(self, settings: RouteSettings) -> None:
        """Take other settings; what is known stays."""
        self.settings = settings
        self.name = settings.name
        self.weight = settings.weight

    @property
    def cost(self) -> float | None:
        """US dollars of a call: the price, or the moving average of what calls cost; None where neither is known."""
        return self._cost if self.price is None else self.price

    @property
    def score(self) -> float:
        """Seconds that an answer takes, tries that fail included; infinite before the first answer."""
        return float("inf") if self.latency is None else self.latency / max(self.health, 0.01)

    def begin(self, now: float) -> int:
        """Begin an attempt: the breaker's epoch, for the methods that end it; 0 where the breaker refuses it."""
        epoch = self.breaker.enter(now)
        if epoch:
            self.inflight += 1
            self.calls += 1
            self.begun = now
        return epoch

    def answered(self, epoch: int, seconds: float) -> None:
        """End an attempt that was answered after so many seconds."""
        self.inflight -= 1
        self.health += _NEWEST * (1.0 - self.health)
        latency = self.latency
        self.latency = seconds if latency is None else latency + _NEWEST * (seconds - latency)
        self.breaker.succeeded(epoch)

    def failed(self, epoch: int, now: float, seconds: float) -> None:
        """End an attempt that failed by the route's fault."""
        self.inflight -= 1
        self.failures += 1
        self.health -= _NEWEST * self.health
        self._took_longer_than(seconds)
        self.breaker.failed(epoch, now)

    def left(self, epoch: int, now: float, seconds: float) -> None:
        """End an attempt that was given up, or that failed by nobody's or the client's fault."""
        self.inflight -= 1
        self._took_longer_than(seconds)
        self.breaker.released(epoch, now)

    def spent(self, usd: float) -> None:
        """Count what a call cost, once that is known."""
        cost = self._cost
        self._cost = usd if cost is None else cost + _NEWEST * (usd - cost)

    def _took_longer_than(self, seconds: float) -> None:
        """An attempt without an answer is a lower bound of its latency: it can only make the average worse."""
        if self.latency is not None and seconds > self.latency:
            self.latency += _NEWEST * (seconds - self.latency)


class Routes(NamedTuple):
    """An endpoint's routes in the order of their declaration."""

    routes: tuple[Route, ...]
    fallbacks: tuple[Route, ...]

    def all(self) -> tuple[Route, ...]:
        """Both."""
        return self.routes + self.fallbacks

    def wait(self, now: float) -> float:
        """Seconds until some route lets a call in, as far as is known; 0 where one does now."""
        ways = [route for route in self.routes if route.weight] + list(self.fallbacks)
        return min(route.breaker.wait(now) for route in ways)


def build_routes(
    settings: EndpointSettings, *, prices: dict[str, float] | None = None, before: Routes | None = None
) -> Routes:
    """The routes of an endpoint.

    Args:
        settings: what is declared.
        prices: US dollars of a call by a route's name, where they are known.
        before: the endpoint's routes until now: one of the same name that goes to the same model or flow stays the same object, so
            that a table that is read anew forgets neither breakers nor latencies.
    """
    known = {} if before is None else {route.name: route for route in before.all()}
    breaker = settings.breaker
    if len(settings.routes) + len(settings.fallbacks) == 1:
        # Where there is no other way, a route that answers half of its calls is better than none.
        breaker = breaker.model_copy(update={"share": 1.0})
    given = prices or {}

    def build(declared: RouteSettings) -> Route:
        return _build(declared, breaker, price=given.get(declared.name), before=known.get(declared.name))

    return Routes(tuple(map(build, settings.routes)), tuple(map(build, settings.fallbacks)))


def _build(declared: RouteSettings, breaker: BreakerSettings, *, price: float | None, before: Route | None) -> Route:
    if before is None or _answers(before.settings) != _answers(declared):
        return Route(declared, Breaker(breaker), price=price)
    before.follow(declared)
    before.breaker.follow(breaker)
    before.price = price
    return before


def _answers(route: RouteSettings) -> tuple[str | None, ...]:
    return route.model, route.flow, route.release
