"""Notices that code keeps the event loop to itself: then no time limit, no stop and no other row gets its turn.

Knows no run; what is to be done about it is said by who watches.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ferrata.flows.failures import FlowError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

__all__ = ["GRACE", "watch_loop"]

GRACE = 5.0
"""Seconds beyond a row's limit after which the loop counts as blocked."""


@contextmanager
def watch_loop(seconds: float, folder: Path, on_blocked: Callable[[FlowError], None]) -> Generator[None]:
    """Watch the running event loop from a thread for as long as the block.

    Args:
        seconds: so long the loop may stand still, more than 0.
        folder: where the user's code is, to name its line.
        on_blocked: called once, in that thread, with `LineExecutionTimeoutError`; the loop may stand still for ever.
    """
    loop, ident = asyncio.get_running_loop(), threading.get_ident()
    turned, ended = threading.Event(), threading.Event()
    pause = min(1.0, seconds / 4)

    def watch() -> None:
        still = 0.0  # counted here, so that a process that was asleep is not taken for a blocked one
        loop.call_soon_threadsafe(turned.set)
        while not ended.wait(pause):
            if turned.is_set():
                still = 0.0
                turned.clear()
                loop.call_soon_threadsafe(turned.set)
                continue
            still += pause
            if still >= seconds:
                on_blocked(_error(loop, ident, folder, seconds))
                return

    watcher = threading.Thread(target=watch, name="ferrata-blocked", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _error(loop: asyncio.AbstractEventLoop, ident: int, folder: Path, seconds: float) -> FlowError:
    task = asyncio.current_task(loop)
    frames = traceback.extract_stack(sys._current_frames()[ident])  # pyright: ignore[reportPrivateUsage]
    own = [frame for frame in frames if frame.filename.startswith(str(folder))]
    at = f" at {own[-1].filename}:{own[-1].lineno}" if own else ""
    return FlowError(
        "LineExecutionTimeoutError",
        f"{task.get_name() if task else 'the code'} has kept the event loop to itself for {seconds:g} seconds{at}, so that "
        "no time limit works",
        hint="write it without `async`, so that it runs in a thread, or let it await what takes long",
    )
