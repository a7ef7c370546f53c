"""Who may call what and how much of it: the key of a call, the endpoint that it names, limits, places. Knows no model."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ferrata.access import Allowance, NeedsLease, atoms_of
from ferrata.gateway.admission import Places, give_back, take_all, take_now
from ferrata.gateway.refusals import BadBody, NoKey, NoSuchEndpoint, Unserved
from ferrata.messages import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ferrata.access import Atoms, KeyRing, Leasing, Meter, Meters, Scope
    from ferrata.catalog import BudgetSettings, LimitSettings
    from ferrata.gateway.admission import Doorway
    from ferrata.gateway.call import Call
    from ferrata.gateway.endpoints import Endpoint, Endpoints

__all__ = ["Doorkeeper", "Limiter"]

# Of an answer whose length the client does not limit.
_TOKENS_OUT = 256
_BYTES_A_TOKEN = 4
_ONE = atoms_of()
_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


class Limiter:
    """What outlives a route table: how full this process is, and what it may spend.

    Args:
        doorway: of the process.
        meters: of the process.
        leasing: supplies them.
    """

    def __init__(self, doorway: Doorway, meters: Meters, leasing: Leasing) -> None:
        self.doorway = doorway
        self.meters = meters
        self.leasing = leasing
        self.places: dict[str, Places] = {}

    def place(self, scope: str, limit: int, queue: int, seconds: float) -> Places:
        """The places of a scope; the same ones as before, with other limits, where there were some."""
        found = self.places.get(scope)
        if found is None:
            found = self.places[scope] = Places(limit, queue, seconds)
        else:
            found.resize(limit, queue, seconds)
        return found


class Doorkeeper:
    """Lets calls in, by one route table.

    Args:
        endpoints: that there are.
        ring: the keys; None: none is needed.
        limiter: of the process.
    """

    def __init__(self, endpoints: Endpoints, ring: KeyRing | None, limiter: Limiter) -> None:
        self.endpoints = endpoints
        self.settings = endpoints.table.gateway
        self.most_bytes = self.settings.most_bytes
        self._ring = ring
        self._limiter = limiter
        self._places: dict[tuple[str, str], tuple[Places, ...]] = {}
        limiter.doorway.resize(self.settings.most_calls)
        limiter.meters.forget()

    def identify(self, call: Call) -> None:
        """Find the key of a call.

        Raises:
            NoKey: there is none, or it is not known.
        """
        if self._ring is None:
            return
        secret = _secret(call)
        if not secret:
            raise NoKey("no key was sent", hint="send it as `Authorization: Bearer KEY`")
        call.key = self._ring.find(secret)
        if call.key is None:
            raise NoKey("the key is not known, was revoked or has ended", hint="ask for a new one")

    def find(self, call: Call) -> Endpoint:
        """Find the endpoint that a body names.

        Raises:
            BadBody: it names none.
            NoSuchEndpoint: there is none of that name for this key.
        """
        name = call.body.get("model")
        if type(name) is not str:
            raise BadBody("model: must be the name of an endpoint", hint="see /v1/models")
        endpoint = self.endpoints.by_name.get(name)
        if endpoint is None or (call.key is not None and not call.key.allows(name)):
            if name in self.endpoints.unserved and (call.key is None or call.key.allows(name)):
                raise Unserved(f"the endpoint {name!r} cannot answer here")
            raise NoSuchEndpoint(f"there is no endpoint {name[:100]!r} for this key", hint="see /v1/models")
        call.endpoint = endpoint
        call.stream = call.body.get("stream") is True
        return endpoint

    async def enter(self, call: Call) -> None:
        """Let a call in; `leave` when it is over, whether or not this raised.

        Raises:
            OverLimit, BudgetUnknown: of one of its meters.
            TurnedAway: there is no room.
        """
        limiter, endpoint, key = self._limiter, call.endpoint, call.key
        assert endpoint is not None  # noqa: S101 - found before
        limiter.doorway.enter()
        call.inside = True
        kind = (key.id if key is not None else "", endpoint.name)
        meters = limiter.meters.of(kind, lambda: self._scopes(call))
        if meters:
            need = _need(call, endpoint, meters)
            now = time.time()
            refused = limiter.meters.admit(meters, need, now)
            if isinstance(refused, NeedsLease):
                refused, now = await limiter.leasing.admit(meters, need)
            if refused is not None:
                raise refused
            call.reserved = (meters, need, now)
        places = self._places.get(kind)
        if places is None:
            places = self._places[kind] = tuple(self._places_of(call))
        if places:
            if not take_now(places):
                await take_all(places, endpoint.settings.timeouts.total)
            call.places = places

    def leave(self, call: Call) -> None:
        """A call is over: give back what it held."""
        if call.inside:
            call.inside = False
            self._limiter.doorway.leave()
        if call.places:
            give_back(call.places)
            call.places = ()
        self.settle(call)

    def settle(self, call: Call) -> None:
        """Count what the call took in the place of what was reserved, once."""
        if call.reserved is None:
            return
        (meters, need, at), call.reserved = call.reserved, None
        usage = call.usage
        tokens = 0 if usage is None or call.cached else usage.input_tokens + usage.output_tokens
        call.spent = self._limiter.meters.settle(meters, need, atoms_of(tokens=tokens, usd=call.cost or 0.0), at)

    def _scopes(self, call: Call) -> Iterable[Scope]:
        key, endpoint, settings = call.key, call.endpoint, self.settings
        if key is not None:
            yield f"key:{key.id}", key.budgets
            if key.user and key.user in settings.users:
                yield f"user:{key.user}", _allowances(settings.users[key.user].all_budgets())
            if key.team and key.team in settings.teams:
                yield f"team:{key.team}", _allowances(settings.teams[key.team].all_budgets())
        if endpoint is not None:
            yield f"endpoint:{endpoint.name}", _allowances(endpoint.settings.all_budgets())
        yield "project", _allowances(settings.all_budgets())

    def _places_of(self, call: Call) -> Iterable[Places]:
        """The narrowest scope first."""
        key, endpoint, settings = call.key, call.endpoint, self.settings
        given: list[tuple[str, LimitSettings]] = []
        if key is not None:
            if key.concurrency is not None:
                usual = settings.limits
                yield self._limiter.place(f"key:{key.id}", key.concurrency, usual.queue, usual.queue_seconds)
            if key.user in settings.users:
                given.append((f"user:{key.user}", settings.users[key.user].limits))
            if key.team in settings.teams:
                given.append((f"team:{key.team}", settings.teams[key.team].limits))
        if endpoint is not None:
            given.append((f"endpoint:{endpoint.name}", endpoint.settings.limits))
        given.append(("project", settings.limits))
        for scope, limits in given:
            if limits.concurrency is not None:
                yield self._limiter.place(scope, limits.concurrency, limits.queue, limits.queue_seconds)


def _allowances(budgets: Sequence[BudgetSettings]) -> tuple[Allowance, ...]:
    return tuple(Allowance(one.unit, one.per, one.amount) for one in budgets)


def _need(call: Call, endpoint: Endpoint, meters: tuple[Meter, ...]) -> Atoms:
    """As much as a call may take: tokens guessed by its bytes and limits, money at the price of its first route."""
    for meter in meters:
        if meter.index:
            break
    else:
        return _ONE
    body, out = call.body, _TOKENS_OUT
    for name in _LIMITS:
        if type(most := body.get(name)) is int and most > 0:
            out = most
            break
    if call.dialect.wire is None:
        out = 0
    tokens_in = call.size // _BYTES_A_TOKEN + 1
    price = endpoint.price
    cost = price.cost(Usage(tokens_in, out)) if price is not None else None
    return atoms_of(tokens=tokens_in + out, usd=cost or 0.0)


def _secret(call: Call) -> str:
    """The key in the header of whichever dialect; empty where there is none."""
    headers = call.headers
    given = headers.get(b"authorization")
    if given is not None:
        kind, _, secret = given.partition(b" ")
        return secret.strip().decode("latin-1") if kind.lower() == b"bearer" else ""
    return (headers.get(b"x-api-key") or headers.get(b"api-key") or b"").decode("latin-1")
