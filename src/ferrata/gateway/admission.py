"""Who may run at once, who waits, and who is turned away before a call costs anything.

`Places` are those of one scope (an endpoint, a key): who finds none free waits in a queue, first come, first served. `Doorway` is the
process's own limit, and sheds load when the event loop lags: then each further call would make all of them slower. Calls that are
inside go on.

For one event loop. Knows no request and no scope's name.
"""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from typing import TYPE_CHECKING

from ferrata.errors import FerrataError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Doorway",
    "Overloaded",
    "Places",
    "QueueFull",
    "QueueTimeout",
    "TurnedAway",
    "give_back",
    "take_all",
    "take_now",
]


class TurnedAway(FerrataError):
    """There is no room for a call just now.

    Attributes:
        retry_after: seconds after which there may be.
    """

    code = "turned_away"
    status = 503
    retryable = True

    def __init__(self, message: str, *, retry_after: float, hint: str = "") -> None:
        super().__init__(message, hint=hint or f"try again in {retry_after:.0f} s")
        self.retry_after = retry_after


class QueueFull(TurnedAway):
    """All places are taken and no more calls may wait."""

    code = "queue_full"
    status = 429


class QueueTimeout(TurnedAway):
    """A call waited as long as one may, and no place came free."""

    code = "queue_timeout"
    status = 429


class Overloaded(TurnedAway):
    """The process has all that it can do."""

    code = "overloaded"


class Places:
    """Places for calls that run at once, and a queue for those that wait.

    `if not places.take_now(): await places.take()`, and `places.give()` in the end, once for each.

    Args:
        limit: calls at once.
        queue: calls that may wait.
        seconds: that one waits at most.
    """

    __slots__ = ("_limit", "_queue", "_seconds", "_taken", "_waiting")

    def __init__(self, limit: int, queue: int = 100, seconds: float = 10.0) -> None:
        self._limit = limit
        self._queue = queue
        self._seconds = seconds
        self._taken = 0
        # Each with the time at which it began to wait. A place is handed over with the result True; False: it was too long.
        self._waiting: OrderedDict[asyncio.Future[bool], float] = OrderedDict()

    @property
    def taken(self) -> int:
        """Places that are taken, those of calls from before a smaller limit included."""
        return self._taken

    @property
    def waiting(self) -> int:
        """Calls in the queue."""
        return len(self._waiting)

    def take_now(self) -> bool:
        """Take a place if one is free; does not push in, as none is free while somebody waits."""
        if self._taken < self._limit:
            self._taken += 1
            return True
        return False

    async def take(self, seconds: float | None = None) -> None:
        """Take a place, or wait for one.

        Args:
            seconds: that the call has left; None: no end but the queue's own.

        Raises:
            QueueFull: no more may wait.
            QueueTimeout: it was too long. No place is taken then, nor when the waiting is cancelled.
        """
        if self.take_now():
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        if len(self._waiting) >= self._queue:
            # As long as the first in the queue has been waiting: so long it takes to get through.
            waited = now - next(iter(self._waiting.values()), now)
            message = f"{self._limit} calls at once run already, and {len(self._waiting)} wait"
            raise QueueFull(message, retry_after=_whole(waited))
        patience = self._seconds if seconds is None else min(self._seconds, seconds)
        place = loop.create_future()
        self._waiting[place] = now
        timer = loop.call_later(patience, self._give_up, place)
        try:
            came = await place
        except asyncio.CancelledError:
            if self._waiting.pop(place, None) is None and place.done() and not place.cancelled() and place.result():
                self.give()  # it was handed over at the moment of the cancellation
            raise
        finally:
            timer.cancel()
        if not came:
            message = f"no place came free within {patience:.3g} s: {self._limit} calls at once run already"
            raise QueueTimeout(message, retry_after=_whole(patience))

    def give(self) -> None:
        """Give a place back: to the first who waits."""
        self._taken -= 1
        self._hand_over()

    def resize(self, limit: int, queue: int, seconds: float) -> None:
        """Go on with other limits. Who runs or waits already stays; a new time holds for those who come."""
        self._limit = limit
        self._queue = queue
        self._seconds = seconds
        self._hand_over()

    def _hand_over(self) -> None:
        while self._waiting and self._taken < self._limit:
            place, _ = self._waiting.popitem(last=False)
            if not place.done():
                self._taken += 1
                place.set_result(True)

    def _give_up(self, place: asyncio.Future[bool]) -> None:
        if not place.done():
            self._waiting.pop(place, None)
            place.set_result(False)


def take_now(places: Sequence[Places]) -> bool:
    """Take a place in each of several scopes if all have one free; otherwise in none."""
    for number, one in enumerate(places):
        if not one.take_now():
            give_back(places[:number])
            return False
    return True


async def take_all(places: Sequence[Places], seconds: float | None = None) -> None:
    """Take a place in each, or wait.

    Args:
        places: the narrowest scope first (key, then endpoint), and everywhere in this order: then a call that waits for a wide one
            holds up nobody but its own, and no two calls wait for each other.
        seconds: that the call has left, for all together.

    Raises:
        QueueFull: no more may wait for one of them.
        QueueTimeout: it was too long. Nothing is taken then.
    """
    loop = asyncio.get_running_loop()
    end = None if seconds is None else loop.time() + seconds
    number = 0
    try:
        for number, one in enumerate(places):  # noqa: B007
            if not one.take_now():
                await one.take(None if end is None else max(0.0, end - loop.time()))
    except BaseException:
        give_back(places[:number])
        raise


def give_back(places: Sequence[Places]) -> None:
    """Give the places back, the last first."""
    for one in reversed(places):
        one.give()


class Doorway:
    """The limit of a process: calls at once, and whether its event loop keeps up.

    The loop's lag is how late a timer fires, smoothed over about `tau` seconds. One turn of the loop may well take 0.2 s when hundreds of
    calls come at once, so it is overloaded only when the lag has been above `most_lag` for `hold` seconds; it is so no longer when the
    lag is below half of that.

    Args:
        most_calls: at once.
        most_lag: seconds.
        hold: seconds.
        period: seconds between two looks.
        tau: seconds.
    """

    __slots__ = (
        "_above_since",
        "_due",
        "_hold",
        "_inside",
        "_most_calls",
        "_most_lag",
        "_period",
        "_tau",
        "_timer",
        "lag",
        "shedding",
    )

    def __init__(
        self, most_calls: int, *, most_lag: float = 0.25, hold: float = 1.0, period: float = 0.05, tau: float = 0.5
    ) -> None:
        self._most_calls = most_calls
        self._most_lag = most_lag
        self._hold = hold
        self._period = period
        self._tau = tau
        self._inside = 0
        self._due = 0.0
        self._above_since: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.lag = 0.0
        """Smoothed lag of the event loop, in seconds."""
        self.shedding = False
        """Whether further calls are turned away because the loop lags."""

    @property
    def inside(self) -> int:
        """Calls that run."""
        return self._inside

    def enter(self) -> None:
        """Let a call in; `leave` when it is over.

        Raises:
            Overloaded: too many are inside, or the loop lags. Nothing is counted then.
        """
        if self.shedding:
            raise Overloaded(f"the process lags by {self.lag:.2f} s", retry_after=_whole(self._hold))
        if self._inside >= self._most_calls:
            raise Overloaded(f"{self._inside} calls run already, and no more may", retry_after=1)
        self._inside += 1

    def leave(self) -> None:
        """A call is over."""
        self._inside -= 1

    def resize(self, most_calls: int) -> None:
        """Go on with another limit; who is inside stays."""
        self._most_calls = most_calls

    def watch(self) -> None:
        """Begin to measure the running loop's lag: one timer for the whole process."""
        self.stop()
        self._look_again(asyncio.get_running_loop())

    def stop(self) -> None:
        """Measure no longer, and turn nobody away for the lag."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._above_since = None
        self.lag = 0.0
        self.shedding = False

    def _look_again(self, loop: asyncio.AbstractEventLoop) -> None:
        self._due = loop.time() + self._period
        self._timer = loop.call_at(self._due, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        late = max(0.0, now - self._due)
        self.lag += (late - self.lag) * (1 - math.exp(-(self._period + late) / self._tau))
        if self.lag < self._most_lag / 2:
            self.shedding = False
            self._above_since = None
        elif self.lag < self._most_lag:
            self._above_since = None
        elif self._above_since is None:
            self._above_since = now
        elif now - self._above_since >= self._hold:
            self.shedding = True
        self._look_again(loop)


def _whole(seconds: float) -> float:
    """Whole seconds, at least one, as `retry-after` has them."""
    return max(1.0, float(math.ceil(seconds)))
