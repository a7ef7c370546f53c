"""Ctrl-C and SIGTERM while rows are run: the first one stops the run, a further one ends the process."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["stopped_by_signals"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopped_by_signals(stop: asyncio.Event) -> Generator[None]:
    """Set `stop` at the first signal in this block, raise KeyboardInterrupt at the second, end the process at the third.

    The second one may end in a row that takes it for a failure of its own. Not by the loop's own handlers, which have to wait where a row keeps the loop to itself.
    """
    loop = asyncio.get_running_loop()
    came = 0

    def on_signal(number: int, _frame: object) -> None:
        nonlocal came
        came += 1
        if came == 2:
            raise KeyboardInterrupt
        if came > 2:  # every record is whole on the disk, and the lock goes with the process
            os._exit(128 + number)
        loop.call_soon_threadsafe(stop.set)

    before = [(one, signal.signal(one, on_signal)) for one in _SIGNALS]
    try:
        yield
    finally:
        for one, handler in before:
            signal.signal(one, handler)
