"""Routes that answer and fail as tests say, in virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

from ferrata.catalog import EndpointSettings
from ferrata.gateway import (
    Attempted,
    AttemptPolicy,
    DeadlineWatch,
    Limits,
    Picker,
    Route,
    Tried,
    build_routes,
    run_attempts,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class Stage:
    """An endpoint whose routes play scripts: one entry an attempt, the last one again and again.

    An entry is (seconds, answer or error); an error is raised.
    """

    def __init__(
        self, clock: Callable[[], float], scripts: dict[str, list[tuple[float, Any]]], **declared: Any
    ) -> None:
        fallbacks = declared.pop("fallbacks", 0)
        named = [{"name": name, "model": "a/b"} for name in scripts]
        cut = len(named) - fallbacks
        # The first one has nearly all of the weight, so that the order is the one of the scripts.
        for place, route in enumerate(named[:cut]):
            route["weight"] = 1e-9**place
        settings = EndpointSettings.model_validate({"routes": named[:cut], "fallbacks": named[cut:], **declared})
        self.clock = clock
        self.routes = build_routes(settings)
        self.by_name = {route.name: route for route in self.routes.all()}
        self.picker = Picker("chat", self.routes, random=Random(1).random, clock=clock)
        self.policy = AttemptPolicy.of("chat", settings, DeadlineWatch(clock=clock))
        self.policy.clock = clock
        self.policy.random = lambda: 0.5
        self.scripts = scripts
        self.asked = list[tuple[str, float]]()
        self.limits = list[Limits]()
        self.ended = Counter[str]()
        self.disposed = list[Any]()
        self.log = list[Tried]()
        self.stubborn = False

    async def attempt(self, route: Route, limits: Limits) -> Any:
        script = self.scripts[route.name]
        nth = sum(name == route.name for name, _ in self.asked)
        seconds, outcome = script[min(nth, len(script) - 1)]
        self.asked.append((route.name, self.clock()))
        self.limits.append(limits)
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            self.ended["cancelled"] += 1
            if not self.stubborn:
                raise
        if isinstance(outcome, BaseException):
            self.ended["failed"] += 1
            raise outcome
        self.ended["answered"] += 1
        return outcome

    async def dispose(self, answer: Any) -> None:
        await asyncio.sleep(0)
        self.disposed.append(answer)

    async def call(self, *, within: float | None = None) -> Attempted[Any]:
        total = self.policy.total if within is None else within
        return await run_attempts(
            self.policy,
            self.picker.order(),
            self.attempt,
            deadline=self.clock() + total,
            log=self.log,
            dispose=self.dispose,
        )

    def at_rest(self) -> bool:
        """Whether nothing is counted as on its way."""
        return not len(self.policy.watch) and all(route.inflight == 0 for route in self.routes.all())
