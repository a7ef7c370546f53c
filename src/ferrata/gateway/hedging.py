"""Two routes asked at once: the second when the first has not answered for a while; the first good answer is taken.

Knows nothing of retries and of what is told to clients.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from ferrata.errors import ModelUnavailable
from ferrata.gateway.breaker import is_client_fault

if TYPE_CHECKING:
    from ferrata.gateway.attempts import Attempted, Attempts, Try

__all__ = ["race"]

T = TypeVar("T")
_END_SECONDS = 1.0
# What cleans up after losers; the loop itself holds tasks weakly.
_ending = set[asyncio.Task[None]]()


async def race(call: Attempts[T], first: Try, hedge: float) -> Attempted[T]:
    """Ask `first`, and after `hedge` seconds the next route as well, where one lets it in and the budget allows it.

    An error of one leaves the other running. Whoever is not needed is cancelled, and an answer that comes nevertheless is disposed of;
    nobody who has an answer waits for that.

    Raises:
        Exception: the error of the last one to fail; the client's fault goes before others.
    """
    running = {asyncio.create_task(call.one(first)): first}
    due: float | None = hedge
    errors: list[Exception] = []
    try:
        while True:
            done, _ = await asyncio.wait(running, timeout=due, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                due = None
                if (second := _second(call)) is not None:
                    running[asyncio.create_task(call.one(second))] = second
                continue
            for task in [task for task in running if task in done]:
                tried = running.pop(task)
                error = _error_of(task, tried)
                if error is None:
                    call.lost(list(running.values()))
                    return task.result()
                errors.append(error)
            if not running:
                raise next((error for error in errors if is_client_fault(error)), errors[-1])
    except asyncio.CancelledError:
        ends = [_let_go(call, task) for task in running]
        running.clear()
        if ends:
            await asyncio.wait(ends, timeout=_END_SECONDS)
        raise
    finally:
        for task in running:
            _let_go(call, task)


def _second(call: Attempts[T]) -> Try | None:
    """Begin a further attempt beside the first."""
    policy = call.policy
    now = policy.clock()
    if now >= call.deadline or not policy.budget.has(now):
        return None
    second = call.next()
    if second is not None:
        policy.budget.take(now)
    return second


def _error_of(task: asyncio.Task[Attempted[T]], tried: Try) -> Exception | None:
    if task.cancelled():
        return ModelUnavailable(f"the attempt on {tried.route.name!r} was cancelled from within")
    error = task.exception()
    if error is not None and not isinstance(error, Exception):
        raise error
    return error


def _let_go(call: Attempts[T], task: asyncio.Task[Attempted[T]]) -> asyncio.Task[None]:
    """Cancel a task and clean up after it, in a task that is kept until then."""
    task.cancel()
    end = asyncio.create_task(_dispose(call, task))
    _ending.add(end)
    end.add_done_callback(_ending.discard)
    return end


async def _dispose(call: Attempts[T], task: asyncio.Task[Attempted[T]]) -> None:
    await asyncio.wait([task])
    # An error is in the call's log already.
    if not task.cancelled() and task.exception() is None and call.dispose is not None:
        disposing = call.dispose(task.result().answer)
        if disposing is not None:
            await disposing
