"""How much of what may be used in a window of time. Knows neither who uses it nor how much of it is gone.

Amounts are counted in whole atoms, so that sums are exact: a request, a token, a billionth of a US dollar.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple, get_args

from ferrata.errors import UsageError

__all__ = ["Allowance", "Atoms", "Bounds", "Scope", "Unit", "Window", "atoms_of", "window_at"]

Unit = Literal["requests", "tokens", "usd"]
Window = Literal["minute", "day", "month"]
UNITS: tuple[Unit, ...] = get_args(Unit)
PER_UNIT = {"requests": 1, "tokens": 1, "usd": 1_000_000_000}
_MOST = 2**60  # so that sums of a few of them are integers of every database
_BUDGET = re.compile(r"(?P<amount>\d+(?:\.\d+)?)\s*(?P<unit>[a-z]+)\s*/\s*(?P<window>[a-z]+)\Z")
_WORDS = {"usd": "usd", "token": "tokens", "tokens": "tokens", "request": "requests", "requests": "requests"}


@dataclass(frozen=True, slots=True)
class Allowance:
    """So much of a unit in each window, by the clock in UTC.

    Attributes:
        unit: US dollars, tokens in and out, or requests.
        window: a minute, a day or a month.
        amount: how much; above 0.
    """

    unit: Unit
    window: Window
    amount: float

    @classmethod
    def parse(cls, text: str) -> Allowance:
        """Read `5usd/day`, `100000 tokens/minute`, `60requests/minute`.

        Raises:
            UsageError: it is none of these.
        """
        match = _BUDGET.match(text.strip().lower())
        unit = _WORDS.get(match["unit"]) if match else None
        if match is None or unit is None or match["window"] not in get_args(Window) or not float(match["amount"]):
            raise UsageError(
                f"not a budget: {text!r}", hint="write AMOUNT UNIT/WINDOW, as in 5usd/day or 100000tokens/minute"
            )
        return cls(unit, match["window"], float(match["amount"]))  # pyright: ignore[reportArgumentType]

    @property
    def atoms(self) -> int:
        """The amount in atoms, rounded down."""
        return min(_MOST, math.floor(round(self.amount * PER_UNIT[self.unit], 3)))

    @property
    def atoms_per_unit(self) -> int:
        """How many atoms one of its unit is."""
        return PER_UNIT[self.unit]

    def __str__(self) -> str:
        return f"{self.amount:.15g}{self.unit}/{self.window}"


Scope = tuple[str, tuple[Allowance, ...]]
"""Whose allowances these are: `key:ID`, `user:NAME`, `team:NAME`, `endpoint:NAME` or `project`."""


class Atoms(NamedTuple):
    """Amounts of the three units, in atoms; in the order of `UNITS`."""

    requests: int
    tokens: int
    usd: int


def atoms_of(*, requests: int = 1, tokens: int = 0, usd: float = 0.0) -> Atoms:
    """What a call takes, or is thought to take, in atoms."""
    return Atoms(requests, tokens, round(usd * 1_000_000_000))


class Bounds(NamedTuple):
    """A window of time: from `start` until before `end`, in seconds since the epoch."""

    start: int
    end: int


def window_at(window: Window, at: float) -> Bounds:
    """The window of a moment, by the clock in UTC.

    Args:
        window: its length.
        at: seconds since the epoch.
    """
    second = math.floor(at)
    if window == "minute":
        start = second - second % 60
        return Bounds(start, start + 60)
    if window == "day":
        start = second - second % 86_400
        return Bounds(start, start + 86_400)
    first = datetime.fromtimestamp(second, UTC).replace(day=1, hour=0, minute=0, second=0)
    after = (first + timedelta(days=31)).replace(day=1)
    return Bounds(int(first.timestamp()), int(after.timestamp()))
