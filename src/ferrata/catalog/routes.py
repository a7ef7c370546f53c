"""Endpoints and where their calls may go: the table that a gateway follows.

A project declares it in `ferrata.yaml`, under `endpoints` and `gateway`. Knows no key, no model's code and no release.
"""

from __future__ import annotations

import json
import re
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ferrata.catalog.conditions import ConditionSettings
from ferrata.catalog.rollouts import RolloutSettings
from ferrata.documents import Document, validate
from ferrata.errors import NotFound
from ferrata.settings import FILE_NAME
from ferrata.yamls import read_text

if TYPE_CHECKING:
    from ferrata.settings import Settings

__all__ = [
    "BreakerSettings",
    "BudgetSettings",
    "CacheSettings",
    "EndpointSettings",
    "GatewaySettings",
    "GuardSettings",
    "LimitSettings",
    "RouteSettings",
    "RouteTable",
    "ScopeSettings",
    "TimeoutSettings",
    "Unit",
    "Window",
    "read_routes",
]

Unit = Literal["usd", "tokens", "requests"]
Window = Literal["minute", "day", "month"]
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}\Z")
_ANSWERS = ("model", "flow", "release")
_RELEASE = re.compile(r"release/[A-Za-z0-9][A-Za-z0-9._/-]*@[1-9][0-9]{0,8}\Z")
_STICKY = re.compile(r"(user|key|conversation|header:[A-Za-z0-9-]{1,100})\Z")


def _name(text: str) -> str:
    if not _NAME.match(text):
        raise ValueError("must be letters, digits, `.`, `_` and `-`, at most 100")
    return text


Name = Annotated[str, AfterValidator(_name)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Amount = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class BudgetSettings(Document):
    """One limit over time.

    Attributes:
        usd: US dollars, or
        tokens: input and output together, or
        requests: that may be sent; one of the three.
        per: the window, by the clock in UTC.
    """

    usd: Amount | None = None
    tokens: Amount | None = None
    requests: Amount | None = None
    per: Window = "day"

    @model_validator(mode="after")
    def _one(self) -> BudgetSettings:
        if sum(value is not None for value in (self.usd, self.tokens, self.requests)) != 1:
            raise ValueError("must have one of usd, tokens and requests")
        return self

    @property
    def unit(self) -> Unit:
        """Which of the three."""
        return "usd" if self.usd is not None else "tokens" if self.tokens is not None else "requests"

    @property
    def amount(self) -> float:
        """How much."""
        return self.usd or self.tokens or self.requests or 0.0


class LimitSettings(Document):
    """How much is let in.

    Attributes:
        requests_per_minute: at most so many.
        tokens_per_minute: at most so many, in and out; estimated first, then corrected.
        concurrency: calls at a time, in each process; more wait.
        queue: calls that may wait, in each process; more are refused with 429.
        queue_seconds: that one waits at most.
    """

    requests_per_minute: Amount | None = None
    tokens_per_minute: Amount | None = None
    concurrency: int | None = Field(default=None, ge=1)
    queue: int = Field(default=100, ge=0)
    queue_seconds: Seconds = 10.0

    def budgets(self) -> list[BudgetSettings]:
        """The limits by the minute, as budgets."""
        found = list[BudgetSettings]()
        if self.requests_per_minute is not None:
            found.append(BudgetSettings(requests=self.requests_per_minute, per="minute"))
        if self.tokens_per_minute is not None:
            found.append(BudgetSettings(tokens=self.tokens_per_minute, per="minute"))
        return found


class ScopeSettings(Document):
    """What a team, a user or the whole project may use: limits and budgets."""

    limits: LimitSettings = LimitSettings()
    budgets: list[BudgetSettings] = []

    def all_budgets(self) -> list[BudgetSettings]:
        """Those declared, and the limits by the minute."""
        return [*self.limits.budgets(), *self.budgets]


class TimeoutSettings(Document):
    """Seconds of one call.

    Attributes:
        connect: until a connection to the model stands.
        first_token: until an answer begins.
        between_tokens: until the next piece of a stream.
        total: for all of it, other attempts included.
    """

    connect: Seconds = 5.0
    first_token: Seconds = 60.0
    between_tokens: Seconds = 60.0
    total: Seconds = 300.0


class BreakerSettings(Document):
    """When a route is left alone for a while.

    Attributes:
        failures: so many, one after the other, or
        share: of the last 20 calls or more that failed.
        seconds: until one call tries whether it answers again.
    """

    failures: int = Field(default=5, ge=1)
    share: float = Field(default=0.5, gt=0, le=1)
    seconds: Seconds = 10.0


class CacheSettings(Document):
    """Answers that are given again. Nobody gets one that was made for another team (for another key, where it has no team).

    Attributes:
        exact: the same request.
        semantic: the last message means the same, as far as embeddings say: at least this cosine; the rest is the same. None: off.
        seconds: that an answer is kept.
        most: answers that are kept, in each process.
    """

    exact: bool = True
    semantic: float | None = Field(default=None, gt=0, le=1)
    seconds: Seconds = 300.0
    most: int = Field(default=10_000, ge=1)


class GuardSettings(Document):
    """What texts may not hold.

    Attributes:
        blocklist: phrases, whatever their case.
        use: guards of plugins, by name.
        points: where they are looked for.
    """

    blocklist: list[Annotated[str, Field(min_length=1, max_length=1000)]] = []
    use: list[str] = []
    points: list[Literal["input", "output"]] = ["input", "output"]


class RouteSettings(Document):
    """One way that a call of an endpoint may take.

    Attributes:
        name: in spans and reports; the model's or the flow's where it is missing.
        model: a model of the project by its name there, or VENDOR/MODEL; or
        flow: a flow of the project, by its folder; or
        release: `release/NAME@N`, which holds all that answers.
        weight: share of the calls, beside the other routes' weights; 0: none, but by name and as a fallback.
        when: the calls for which it is, and which then go to no route without one; None: all others.
    """

    name: Name = ""
    model: str | None = None
    flow: str | None = None
    release: str | None = None
    weight: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    when: ConditionSettings | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        return {"model": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _named(self) -> RouteSettings:
        given = [one for one in (self.model, self.flow, self.release) if one is not None]
        if len(given) != 1:
            raise ValueError("must have either `model` or `flow` or `release`")
        if self.release is not None and not _RELEASE.match(self.release):
            raise ValueError("`release` must be release/NAME@NUMBER")
        if not self.name:
            given = re.sub(r"[^A-Za-z0-9._-]+", "-", given[0].removeprefix("release/")).strip("-.")
            object.__setattr__(self, "name", given[:100] or "route")
        return self


def _routes(value: object) -> object:
    return value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]


class EndpointSettings(Document):
    """A stable name that clients call.

    Attributes:
        routes: where its calls go; a single one needs no list.
        fallbacks: where they go when those do not answer, in this order.
        balance: `weights`, or the route that answers soonest (`latency`), or costs least (`cost`).
        sticky: whose calls keep to one route as long as weights stay: `user`, `key`, `conversation`, `header:NAME`.
        timeouts: of a call.
        retries: further attempts on the same route, before the next.
        hedge: seconds without an answer after which a second route is asked as well; None: never.
        breaker: when a route is left alone.
        limits: how much is let in.
        budgets: how much may be used over time.
        cache: answers given again; None: none.
        coalesce: calls that are the same at the same time ask once.
        guard: what texts may not hold.
        probe: seconds between probes of a route whose breaker is open; None: the next call tries.
        mcp: the endpoint's flow is served as a tool.
        rollout: how a new release gets its calls, and when it is taken back.
    """

    routes: Annotated[list[RouteSettings], BeforeValidator(_routes), Field(min_length=1)]
    fallbacks: list[RouteSettings] = []
    balance: Literal["weights", "latency", "cost"] = "weights"
    sticky: str | None = None
    timeouts: TimeoutSettings = TimeoutSettings()
    retries: int = Field(default=1, ge=0, le=10)
    hedge: Seconds | None = None
    breaker: BreakerSettings = BreakerSettings()
    limits: LimitSettings = LimitSettings()
    budgets: list[BudgetSettings] = []
    cache: CacheSettings | None = None
    coalesce: bool = False
    guard: GuardSettings = GuardSettings()
    probe: Seconds | None = None
    mcp: bool = False
    rollout: RolloutSettings = RolloutSettings()

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        if isinstance(value, str):
            return {"routes": [value]}
        if isinstance(value, dict) and "routes" not in value and not value.keys().isdisjoint(_ANSWERS):
            given: dict[str, Any] = {**value}
            route = {key: given.pop(key) for key in _ANSWERS if key in given}
            return {**given, "routes": [route]}
        return value  # pyright: ignore[reportUnknownVariableType]

    @model_validator(mode="after")
    def _sound(self) -> EndpointSettings:
        names = [route.name for route in (*self.routes, *self.fallbacks)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"has several routes named {twice[0]!r}: give each a `name` of its own")
        if not any(route.weight and route.when is None for route in self.routes):
            raise ValueError("has no route with a weight above 0 and without `when`")
        if self.sticky is not None and not _STICKY.match(self.sticky):
            raise ValueError("`sticky` must be user, key, conversation or header:NAME")
        return self

    def all_budgets(self) -> list[BudgetSettings]:
        """Those declared, and the limits by the minute."""
        return [*self.limits.budgets(), *self.budgets]


class GatewaySettings(Document):
    """The section `gateway`: what holds for all endpoints.

    Attributes:
        keys: whether a client needs a virtual key; without, whoever reaches the port is let in.
        limits: of the whole project.
        budgets: likewise.
        teams: of keys' teams, by name.
        users: of keys' users, by name.
        most_bytes: of a request's body.
        most_calls: at a time in each process; more are refused with 503.
        capture: whether spans hold what was asked and answered.
        spool_bytes: of spans that wait for the store; what comes after is counted as lost.
    """

    keys: bool = True
    limits: LimitSettings = LimitSettings()
    budgets: list[BudgetSettings] = []
    teams: dict[Name, ScopeSettings] = {}
    users: dict[str, ScopeSettings] = {}
    most_bytes: int = Field(default=20_000_000, ge=1_000)
    most_calls: int = Field(default=2_000, ge=1)
    capture: bool = False
    spool_bytes: int = Field(default=1_000_000_000, ge=1_000_000)

    def all_budgets(self) -> list[BudgetSettings]:
        """Those declared, and the limits by the minute."""
        return [*self.limits.budgets(), *self.budgets]


class RouteTable(Document):
    """All endpoints of a project, and what holds for all of them."""

    endpoints: dict[Name, EndpointSettings] = {}
    gateway: GatewaySettings = GatewaySettings()

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what it says, by which two processes know that they follow the same."""
        return sha256(json.dumps(self.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()

    def endpoint(self, name: str) -> EndpointSettings:
        """One by name.

        Raises:
            NotFound: there is none.
        """
        found = self.endpoints.get(name)
        if found is None:
            known = ", ".join(list(self.endpoints)[:5])
            raise NotFound(f"there is no endpoint {name!r}", hint=f"there is {known}" if known else "declare one")
        return found


def read_routes(settings: Settings) -> RouteTable:
    """The table that a project declares.

    Raises:
        InvalidDocument: it is wrong; all mistakes with file, line and key.
    """
    given = {"endpoints": settings.file.endpoints, "gateway": settings.file.gateway or {}}
    if not (given["endpoints"] or given["gateway"]):
        return RouteTable()
    path = settings.root / FILE_NAME
    return validate(given, RouteTable, file=str(path), text=read_text(path))
