"""Who says what a model's call costs. Loads nothing, so that it can be said before any model is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.providers import Price

__all__ = ["price_of", "use_prices"]

_finds: list[Callable[[str, str], Price | None] | None] = [None]


def use_prices(find: Callable[[str, str], Price | None] | None) -> None:
    """Let `find` (of vendor and model) say what calls cost; None: costs are not known, as at the beginning."""
    _finds[0] = find


def price_of(vendor: str, model: str) -> Price | None:
    """What the model's tokens cost; None where nobody knows."""
    find = _finds[0]
    return None if find is None else find(vendor, model)
