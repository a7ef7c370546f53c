"""Numbers as people read them: as exact as their interval says. Knows nothing of what they are of."""

from __future__ import annotations

from decimal import Decimal
from math import floor, isfinite, log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["figures", "percent"]

# What a float holds.
_MOST = 15


def figures(value: float, around: Sequence[float] | None = None, *, least: int = 4, sign: str = "") -> str:
    """A number with so many figures that its interval can be told from it.

    Args:
        value: itself.
        around: the ends of its interval; without one, or with an end that is infinite, it has `least` figures.
        least: figures at least.
        sign: `+` for a sign before what is not negative, too.
    """
    count = least
    if around is not None and isfinite(half := (around[1] - around[0]) / 2) and half > 0 and value and isfinite(value):
        count = min(max(floor(log10(abs(value))) - floor(log10(half)) + 2, least), _MOST)
    return f"{value:{sign}.{count}g}"


def percent(share: float) -> str:
    """A share in percent with all its digits, without the sign: 0.999999 is `99.9999`, and only 1 is `100`."""
    found = f"{100 * share:.{_MOST}g}"
    return f"{Decimal(repr(share)) * 100:f}".rstrip("0") if found == "100" and share < 1 else found
