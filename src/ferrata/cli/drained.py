"""What the commands that read calls have in common: spans that wait are moved first, and a time back from now is an option."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from ferrata.cli.words import counted, printable
from ferrata.errors import StoreUnavailable

if TYPE_CHECKING:
    from ferrata.app import App
    from ferrata.store import Store

__all__ = ["as_time", "drained_store"]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LAST = re.compile(r"^(\d{1,6})([smhdw])\Z")
_MOST_SECONDS = 10.0


def as_time(_ctx: click.Context, _param: click.Parameter, value: str | None) -> timedelta | None:
    """An option's text as so long until now: `90s`, `15m`, `1h`, `7d`, `4w`; at most 100 years."""
    if value is None:
        return None
    found = _LAST.match(value)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < seconds <= 100 * 365 * 86_400:
        raise click.BadParameter(f"{value!r} is no time, as 15m, 1h or 7d")
    return timedelta(seconds=seconds)


def drained_store(app: App) -> Store | None:
    """The store, with what lay in the project's spools; None where there is neither.

    Where the spools cannot be drained, that is said and the store is read as it is.

    Raises:
        StoreUnavailable: the store cannot be used.
    """
    waits = app.state.usable is not None and any(app.spool.glob("*.jsonl"))
    if not (waits or app.has_store):
        return None
    store = app.store
    if waits:
        try:
            _drain(app)
        except (StoreUnavailable, OSError) as error:
            _warn(f"without the spans that still wait: {error}")
    return store


def _drain(app: App) -> None:
    give_up, bad, more = time.monotonic() + _MOST_SECONDS, 0, True
    while more and time.monotonic() < give_up:
        done = app.drain.step()
        bad, more = bad + done.bad, done.more
    if bad:
        _warn(
            f"{counted(bad, 'line')} of the spool {'is no span' if bad == 1 else 'are no spans'}: see {app.spool}/*.bad"
        )
    if more:
        _warn("more spans wait to be moved into the store: run the command again")


def _warn(text: str) -> None:
    click.echo(f"ferrata: {printable(text)}", err=True)
