"""One call of a target or of a judge: timed, in a span, within its time. Tells the row's errors from those of the whole run."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrata.errors import ModelBusy, ModelDenied, ModelOverQuota, ModelTimeout
from ferrata.evals.runner.records import error_of
from ferrata.evals.runner.types import StoppedEarly
from ferrata.evals.together import hear_parts
from ferrata.telemetry import hear_busy, hear_waits, open_span

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ferrata.evals.runner.pace import Pace
    from ferrata.telemetry import Span

__all__ = ["Called", "Caller"]

# Calls that would fail for every row alike.
_HOPELESS = (ModelDenied, ModelOverQuota)


class Called(NamedTuple):
    """What came of a call.

    Attributes:
        found: what was given back.
        error: why there is nothing, as data; None if there is something.
        span: of the call.
        seconds: that it took.
        put_off: it is to be made again: too many were made at a time, or the run ends.
    """

    found: Any
    error: dict[str, Any] | None
    span: Span | None
    seconds: float
    put_off: bool = False


class _Clock:
    """The time that a call takes, without what it waits for its turn because of a limit that was set here.

    Attributes:
        limit: of its time.
        disturbed: it waited, or somebody was asked again: its time is not the time of an answer.
        parted: it was made of several, whose times say more: how many are made at once changes from call to call.
    """

    def __init__(self, answered: Callable[[float | None], None]) -> None:
        self._answered = answered
        self.parted = False
        self.limit: asyncio.Timeout | None = None
        self.disturbed = False
        self._loop = asyncio.get_running_loop()
        self._start = self._until = time.perf_counter()
        self._waited = 0.0

    def busy(self, _retry_after: float | None) -> None:
        """Somebody refused, and is asked again."""
        self.disturbed = True

    def part(self, seconds: float) -> None:
        """One of several calls was answered."""
        self.parted = True
        self._answered(None if self.disturbed else seconds)

    def wait(self, seconds: float) -> None:
        """Somebody waits; two that wait at once wait no longer than one. Also from other threads."""
        self.disturbed = True
        now = time.perf_counter()
        more = now + seconds - max(self._until, now)
        if more > 0:
            self._until = now + seconds
            self._waited += more
            self._loop.call_soon_threadsafe(self._put_off, more)

    def _put_off(self, seconds: float) -> None:
        if self.limit is not None and (when := self.limit.when()) is not None:
            with suppress(RuntimeError):  # it has ended
                self.limit.reschedule(when + seconds)

    @property
    def seconds(self) -> float:
        """Until now."""
        now = time.perf_counter()
        return now - self._start - (self._waited - max(0.0, self._until - now))


class Caller:
    """Calls, and tells the pace what came.

    Args:
        pace: how many at a time.
        timeout: seconds that a call may take; None: for ever.
        stop: ends the run.
        spend: counts what a call took that is to be made again, and so has no record.

    Attributes:
        flying: calls on their way.
    """

    def __init__(
        self, pace: Pace, timeout: float | None, stop: Callable[[StoppedEarly], None], spend: Callable[[Span], None]
    ) -> None:
        self.flying = 0
        self._pace = pace
        self._timeout = timeout
        self._stop = stop
        self._spend = spend

    async def call(
        self, call: Callable[[], Awaitable[Any]], name: str, kind: str, attributes: dict[str, Any]
    ) -> Called:
        """Make a call in a span of this name, kind and attributes; whatever goes wrong is in the result."""
        self.flying += 1
        span: Span | None = None
        clock = _Clock(partial(self._pace.answered, kind=kind))
        try:
            with (
                open_span(name, kind, attributes) as span,
                hear_busy(clock.busy, too=True),
                hear_waits(clock.wait),
                hear_parts(clock.part),
            ):
                async with asyncio.timeout(self._timeout) as clock.limit:
                    found = await call()
        except BaseException as error:
            # The boundary of a call: whatever it raises is recorded as its failure.
            if _is_from_outside(error):
                if span is not None:
                    self._spend(span)
                raise
            if self._is_of_the_run(error):
                if span is not None:
                    self._spend(span)
                return Called(None, None, span, clock.seconds, put_off=True)
            # What failed at once says nothing of how long answers take; what took too long does.
            late = isinstance(error, TimeoutError | ModelTimeout)
            self._pace.answered(clock.seconds if late else None, kind)
            return Called(None, self._error_of(error), span, clock.seconds)
        finally:
            self.flying -= 1
        if not clock.parted:
            self._pace.answered(None if clock.disturbed else clock.seconds, kind)
        return Called(found, None, span, clock.seconds)

    def _is_of_the_run(self, error: BaseException) -> bool:
        """Whether an error is not the row's: then the row is put back, and the run slows down or stops."""
        if isinstance(error, ModelBusy):
            self._pace.refuse(error.retry_after)
            return True
        if isinstance(error, _HOPELESS):
            self._stop(StoppedEarly(type(error).__name__, error.message, error.hint))
            return True
        return False

    def _error_of(self, error: BaseException) -> dict[str, Any]:
        if isinstance(error, TimeoutError) and not str(error):
            message = f"no answer within {self._timeout:g} s" if self._timeout else "no answer in time"
            return {"code": "Timeout", "message": message, "hint": "give it more by --timeout"}
        return error_of(error)


def _is_from_outside(error: BaseException) -> bool:
    """Whether somebody ends the process or the run; code that raises CancelledError by itself does not."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is None or task.cancelling() > 0
    return isinstance(error, KeyboardInterrupt)
