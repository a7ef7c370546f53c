"""Event loops in threads of their own, for code that is not asynchronous but has something asynchronous to wait for.

The work runs in the context of who waits, so that spans nest. One loop asks models, another runs flows; whoever waits on a loop's own
thread gets a further one, so that nobody waits for himself.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator

__all__ = ["each", "stop_background", "wait_for"]

T = TypeVar("T")
_lock = threading.Lock()
_running: dict[str, tuple[asyncio.AbstractEventLoop, threading.Thread]] = {}


def wait_for(work: Coroutine[Any, Any, T], *, on: str = "models") -> T:
    """Run it on the loop `on` and wait for what it gives; raises what it raises."""
    future = asyncio.run_coroutine_threadsafe(work, _loop(on))
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


def each(items: AsyncIterator[T], close: Callable[[], Awaitable[object]]) -> Iterator[T]:
    """The items one by one, each waited for; `close` is called at the end, however it comes."""
    try:
        while True:
            try:
                yield wait_for(_next(items))
            except StopAsyncIteration:
                return
    finally:
        wait_for(_await(close))


def stop_background(closing: Callable[[], Coroutine[Any, Any, object]] | None = None) -> None:
    """End the loops and their threads, after `closing` has run on each; a later call begins new ones."""
    with _lock:
        loops = list(_running.values())
        _running.clear()
    for loop, thread in loops:
        if closing is not None:
            asyncio.run_coroutine_threadsafe(closing(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        if not thread.is_alive():
            loop.close()


async def _next(items: AsyncIterator[T]) -> T:
    return await anext(items)


async def _await(close: Callable[[], Awaitable[object]]) -> None:
    await close()


def _loop(name: str) -> asyncio.AbstractEventLoop:
    with _lock:
        while True:
            found = _running.get(name)
            if found is None:
                loop = asyncio.new_event_loop()
                thread = threading.Thread(target=loop.run_forever, name=f"ferrata-{name}", daemon=True)
                thread.start()
                found = _running[name] = (loop, thread)
            if found[1] is not threading.current_thread():
                return found[0]
            name = f"{name}-within"


atexit.register(stop_background)
