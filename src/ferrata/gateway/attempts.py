"""The attempts of one call within its deadline: the same route again after a pause, the next one, or two at once.

An attempt is a coroutine that the caller gives; what it returns is an opened answer. Knows nothing of what is asked, of HTTP and of
what an answer holds. Failures that may go to another route are the kinds of `ModelError`; any other error ends the call as it is.
"""

from __future__ import annotations

import asyncio
import random as chance
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from ferrata.errors import ModelError, ModelTimeout, ModelUnavailable
from ferrata.gateway.breaker import is_client_fault, is_route_fault
from ferrata.gateway.deadlines import DeadlineWatch, Watched
from ferrata.gateway.hedging import race
from ferrata.gateway.refusals import for_client
from ferrata.gateway.retrying import RetryBudget, pause

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from ferrata.catalog import EndpointSettings
    from ferrata.gateway.routes import Route

__all__ = ["AttemptPolicy", "Attempted", "Attempts", "Limits", "Tried", "Try", "run_attempts"]

T = TypeVar("T")
_PATIENCE = 2.0


class Limits(NamedTuple):
    """What one attempt has to keep to.

    Attributes:
        seconds: left of the whole call.
        first_token: seconds until the answer has to begin; never more than `seconds`.
        connect: seconds until a connection has to stand; likewise.
    """

    seconds: float
    first_token: float
    connect: float


class Tried(NamedTuple):
    """An attempt that gave no answer.

    Attributes:
        route: its name.
        code: of the error; `hedged` where another route was quicker, `cancelled` where the client left.
        seconds: that it took.
        detail: the error's own words, which are not for clients.
    """

    route: str
    code: str
    seconds: float
    detail: str


class Attempted(NamedTuple, Generic[T]):
    """An answer and how it came about.

    Attributes:
        answer: what the attempt returned.
        route: that answered.
        attempts: how many there were, this one included.
        seconds: that it took to answer.
        log: the attempts that gave none, in the order in which they ended.
    """

    answer: T
    route: Route
    attempts: int
    seconds: float
    log: list[Tried]


class Try(NamedTuple):
    """An attempt on its way: its route, the breaker's epoch and when it began."""

    route: Route
    epoch: int
    begun: float


@dataclass(slots=True)
class AttemptPolicy:
    """How the calls of one endpoint are tried; one for an endpoint, as it has its budget of further attempts.

    Attributes:
        endpoint: its name.
        retries: further attempts on a route, before the next.
        hedge: seconds without an answer after which the next route is asked as well; None: never.
        connect, first_token, total: seconds, as in the endpoint's `timeouts`.
        budget: of further attempts.
        watch: ends what takes longer than the call's deadline.
        clock: seconds, those of deadlines.
        random: a number from 0 up to 1.
    """

    endpoint: str
    retries: int = 1
    hedge: float | None = None
    connect: float = 5.0
    first_token: float = 60.0
    total: float = 300.0
    budget: RetryBudget = field(default_factory=RetryBudget)
    watch: DeadlineWatch = field(default_factory=DeadlineWatch)
    clock: Callable[[], float] = monotonic
    random: Callable[[], float] = chance.random

    @classmethod
    def of(cls, endpoint: str, settings: EndpointSettings, watch: DeadlineWatch) -> AttemptPolicy:
        """The policy that an endpoint declares; `watch` may serve all endpoints."""
        times = settings.timeouts
        return cls(
            endpoint,
            settings.retries,
            settings.hedge,
            times.connect,
            times.first_token,
            times.total,
            watch=watch,
        )


async def run_attempts(
    policy: AttemptPolicy,
    routes: Iterator[Route],
    attempt: Callable[[Route, Limits], Awaitable[T]],
    *,
    deadline: float,
    log: list[Tried],
    dispose: Callable[[T], Awaitable[object] | None] | None = None,
) -> Attempted[T]:
    """Try until there is an answer, or nothing more to try.

    Args:
        policy: of the endpoint.
        routes: in the order in which they are asked; one whose breaker refuses is passed over.
        attempt: asks a route; returns once the answer has begun and keeps to the limits. It is cancelled where the deadline passes, the
            client leaves or another route is quicker, and then has to let go of what it holds.
        deadline: the moment at which the call ends, by the policy's clock.
        log: gets every attempt without an answer, also where this raises or is cancelled.
        dispose: lets go of an answer that came too late to be used.

    Raises:
        ModelError: of the last attempt's kind, in words for clients; its cause is that attempt's own error.
        ModelTimeout: the deadline passed.
        ModelUnavailable: the breakers of all routes refuse; `retry_after` says when one will let a call try.
    """
    policy.budget.calls += 1
    call = Attempts(policy, routes, attempt, deadline, log, dispose)
    policy.watch.begin(call)
    try:
        tried = call.next()
        if tried is None:
            raise call.all_refused()
        while True:
            try:
                if policy.hedge is None:
                    return await call.one(tried)
                return await race(call, tried, policy.hedge)
            except ModelError as error:
                tried = await call.go_on(error)
    except asyncio.CancelledError:
        if policy.watch.end(call):
            raise call.too_late() from None
        raise
    finally:
        policy.watch.end(call)


class Attempts(Watched, Generic[T]):
    """The attempts of one call. The arguments are those of `run_attempts`."""

    __slots__ = (
        "_attempt",
        "_failed",
        "_refused",
        "_routes",
        "count",
        "dispose",
        "last",
        "log",
        "policy",
        "won",
    )

    def __init__(
        self,
        policy: AttemptPolicy,
        routes: Iterator[Route],
        attempt: Callable[[Route, Limits], Awaitable[T]],
        deadline: float,
        log: list[Tried],
        dispose: Callable[[T], Awaitable[object] | None] | None,
    ) -> None:
        super().__init__(deadline)
        self.policy = policy
        self.log = log
        self.dispose = dispose
        self.count = 0
        self.won = False
        self.last: Route | None = None
        self._routes = routes
        self._attempt = attempt
        self._failed: dict[str, int] | None = None
        self._refused: list[Route] | None = None

    def next(self) -> Try | None:
        """Begin an attempt on the next route that lets it in; None where there is none. Raises when the time is up."""
        now = self.policy.clock()
        if now >= self.deadline:
            raise self.too_late()
        for route in self._routes:
            epoch = route.begin(now)
            if epoch:
                self.count += 1
                return Try(route, epoch, now)
            if self._refused is None:
                self._refused = []
            self._refused.append(route)
        return None

    async def one(self, tried: Try) -> Attempted[T]:
        """Make an attempt that has begun, and write down what came of it."""
        route, epoch, begun = tried
        policy, left, clock = self.policy, self.deadline - begun, self.policy.clock
        first, connect = policy.first_token, policy.connect
        # Comparisons, as `min` takes three times as long on the way of every call.
        limits = Limits(left, first if first < left else left, connect if connect < left else left)
        try:
            answer = await self._attempt(route, limits)
        except BaseException as error:
            self._ended(tried, error)
            raise
        seconds = clock() - begun
        route.answered(epoch, seconds)
        return Attempted(answer, route, self.count, seconds, self.log)

    def lost(self, others: list[Try]) -> None:
        """Write attempts into the log that are given up because another was answered."""
        self.won = True
        now = self.policy.clock()
        self.log.extend(Tried(other.route.name, "hedged", now - other.begun, "") for other in others)

    def too_late(self) -> ModelError:
        """The error of a call whose time is up."""
        return for_client(ModelTimeout("its time is up"), self.policy.endpoint)

    def _ended(self, tried: Try, error: BaseException) -> None:
        """Count an attempt without an answer, and write it into the log."""
        route, epoch, begun = tried
        now = self.policy.clock()
        seconds = now - begun
        cut = isinstance(error, asyncio.CancelledError)
        late = cut and self.late
        # An attempt that had less time than a first one has says nothing of the route by not being done.
        fair = self.deadline - begun >= min(self.policy.first_token, self.policy.total / 2)
        if late or isinstance(error, ModelTimeout):
            blamed = fair
        else:
            blamed = is_route_fault(error)
        if blamed:
            route.failed(epoch, now, seconds)
        else:
            route.left(epoch, now, seconds)
        self.last = route
        if cut:
            # Who lost a race is in the log since then.
            if not self.won:
                self.log.append(Tried(route.name, "model_timeout" if late else "cancelled", seconds, ""))
        else:
            code = error.code if isinstance(error, ModelError) else type(error).__name__
            self.log.append(Tried(route.name, code, seconds, str(error)))

    async def go_on(self, error: ModelError) -> Try:
        """Begin the attempt after a failed one, after a pause where it is the same route; raises what clients are told if there is none."""
        if is_client_fault(error):
            raise self._final(error)
        route = self.last
        if error.retryable and route is not None:
            again = await self._again(route, error)
            if again is not None:
                return again
        tried = self.next()
        if tried is None:
            raise self._final(error)
        return tried

    async def _again(self, route: Route, error: ModelError) -> Try | None:
        """Begin a further attempt after a pause, within retries, budget and deadline; None where they do not allow it."""
        policy = self.policy
        if self._failed is None:
            self._failed = {}
        failed = self._failed[route.name] = self._failed.get(route.name, 0) + 1
        wait = pause(failed, error.retry_after, policy.random())
        now = policy.clock()
        if failed > policy.retries or route.breaker.state != "closed" or now + wait >= self.deadline:
            return None
        if error.retry_after is not None and error.retry_after > _PATIENCE and (other := self.next()) is not None:
            return other
        if not policy.budget.take(now):
            return None
        await asyncio.sleep(wait)
        begun = policy.clock()
        epoch = route.begin(begun)
        if not epoch:
            return None
        self.count += 1
        return Try(route, epoch, begun)

    def _final(self, error: ModelError) -> ModelError:
        found = for_client(error, self.policy.endpoint)
        if found is not error:
            found.__cause__ = error
        return found

    def all_refused(self) -> ModelUnavailable:
        """The error of a call that no route let in."""
        now = self.policy.clock()
        wait = min((route.breaker.wait(now) for route in self._refused or ()), default=None)
        message = f"the endpoint {self.policy.endpoint!r} is left alone for now, as its models failed too often"
        if wait is None:
            return ModelUnavailable(f"the endpoint {self.policy.endpoint!r} has no route")
        return ModelUnavailable(message, hint=f"try again in {wait:.1f} s", retry_after=wait)
