"""Threads for the user's synchronous code: made as they are needed, reused, and never waited for at the end of the process.

A call that does not return keeps its thread; another is made in its place, and the process can still end. Knows nothing of what is
called.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

__all__ = ["Threads"]


class _Job:
    __slots__ = ("call", "context", "future", "loop")

    def __init__(
        self,
        call: Callable[[], Any],
        context: Context,
        future: asyncio.Future[Any],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.call = call
        self.context = context
        self.future = future
        self.loop = loop


class Threads:
    """Runs calls in daemon threads.

    Args:
        limit: at most so many at a time; what is more waits. Rows at a time are limited by whoever runs them, so that this one
            only keeps the process from ending for want of memory.
    """

    def __init__(self, limit: int = 1024) -> None:
        self._limit = limit
        self._jobs: deque[_Job] = deque()
        self._wake = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._idle = 0
        self._running = 0
        self._closed = False

    async def run(self, call: Callable[[], Any]) -> Any:
        """What the call returns, with the context variables of the caller; its exceptions as they are."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        job = _Job(call, copy_context(), future, loop)
        with self._lock:
            self._jobs.append(job)
            new = self._idle < len(self._jobs) and self._running < self._limit
            self._running += new
        if new:
            threading.Thread(target=self._work, name="ferrata-call", daemon=True).start()
        self._wake.release()
        try:
            return await future
        except asyncio.CancelledError:
            with self._lock:
                if job in self._jobs:
                    self._jobs.remove(job)
                else:
                    # It cannot be stopped; others must not wait for it.
                    self._limit += 1
            raise

    def close(self) -> None:
        """Let idle threads end."""
        self._closed = True
        for _ in range(self._running):
            self._wake.release()

    def _work(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            self._wake.acquire()
            with self._lock:
                self._idle -= 1
                job = self._jobs.popleft() if self._jobs else None
            if job is None:
                if self._closed:
                    return
                continue
            result, error = None, None
            try:
                result = job.context.run(job.call)
            except BaseException as caught:  # noqa: BLE001 - handed to whoever waits
                error = caught
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                job.loop.call_soon_threadsafe(_settle, job.future, result, error)


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
    elif isinstance(error, StopIteration | GeneratorExit):  # a future does not take the one, an `await` not the other
        future.set_exception(RuntimeError(type(error).__name__))
    else:
        future.set_exception(error)
