"""How rows that run are stopped: Ctrl-C and SIGTERM stop the run, a further one ends the process; so does code that blocks it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import click

from ferrata.cli.words import printable

if TYPE_CHECKING:
    from collections.abc import Generator

    from ferrata.flows import FlowError

__all__ = ["end_blocked", "stopped_by_signals"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def end_blocked(error: FlowError, way_on: str = "") -> NoReturn:
    """End the process, whose event loop stands still, with a message and exit status 1.

    Args:
        error: says what keeps it.
        way_on: a further line.
    """
    lines = [f"stopped: {error.codes[0]}: {error.message}", f"hint: {error.hint}", *([way_on] if way_on else [])]
    click.echo("\n".join(map(printable, lines)), err=True)
    sys.stdout.flush()
    os._exit(1)


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
