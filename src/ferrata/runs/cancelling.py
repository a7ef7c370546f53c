"""Waiting for code that may not let itself be cancelled. Knows nothing of what the code does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine

__all__ = ["cancellable", "run_to_end"]

T = TypeVar("T")
# Seconds that code has to end once it is cancelled.
_PATIENCE = 0.5
# What did not end; kept, so that it is not ended in the middle of something by the collector.
_left: list[asyncio.Task[Any]] = []


async def cancellable(work: Awaitable[T], *, name: str | None = None) -> T:
    """What the work gives; where the waiting is cancelled, work that goes on all the same is left to itself.

    Args:
        work: to be done.
        name: of its task, for whoever finds that it does not end.

    Raises:
        BaseException: whatever the work raises.
    """
    task = asyncio.create_task(_outcome(work), name=name)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task}, timeout=_PATIENCE)
        if task.done() and not task.cancelled():
            task.exception()  # nobody asks for it any more
        raise
    outcome = task.result()
    if isinstance(outcome, _Exit):
        raise outcome.error
    return outcome


class _Exit:
    """What ends a process; out of a task it would end the loop before anybody could record it."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


async def _outcome(work: Awaitable[T]) -> T | _Exit:
    try:
        return await work
    except (SystemExit, KeyboardInterrupt) as error:
        return _Exit(error)


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.run`, which waits for ever for tasks that do not let themselves be cancelled; this does not.

    Raises:
        KeyboardInterrupt: the user's; also where the work is deaf to it.
    """
    runner = asyncio.Runner()
    try:
        return runner.run(_alone(work))
    finally:
        loop = runner.get_loop()
        left = asyncio.all_tasks(loop)
        if left:
            for task in left:
                task._log_destroy_pending = False  # pyright: ignore[reportAttributeAccessIssue]
            _left.extend(left)
            loop.close()
        else:
            runner.close()


async def _alone(work: Coroutine[Any, Any, T]) -> T:
    try:
        return await cancellable(work)
    finally:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=_PATIENCE)
