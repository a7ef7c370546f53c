"""What a model's call costs, as somebody says it who is named before. Each price is looked up once.

Loads nothing itself. Looking the first one up takes a fraction of a second, so it can be begun while the model is still thinking.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.providers import Price

__all__ = ["begin_price", "price_of", "use_prices", "wait_for_prices"]

_LOOK_AGAIN = 0.01

_finds: list[Callable[[str, str], Price | None] | None] = [None]
_found: dict[tuple[str, str], Price | None] = {}
_begun: set[tuple[str, str]] = set()
_lock = threading.Lock()


def use_prices(find: Callable[[str, str], Price | None] | None) -> None:
    """Let `find` (of vendor and model) say what calls cost; None: costs are not known, as at the beginning."""
    with _lock:
        _finds[0] = find
        _found.clear()
        _begun.clear()


def begin_price(vendor: str, model: str) -> None:
    """Begin to look a price up beside what goes on; once for each model."""
    key = (vendor, model)
    if _finds[0] is None or key in _begun:
        return
    _begun.add(key)
    threading.Thread(target=_look_up, args=key, name="ferrata-price", daemon=True).start()


async def wait_for_prices() -> None:
    """Wait until what was begun is done, so that `price_of` does not hold up a whole event loop."""
    while _begun - _found.keys():
        await asyncio.sleep(_LOOK_AGAIN)


def price_of(vendor: str, model: str) -> Price | None:
    """What the model's tokens cost; None where nobody knows."""
    key = (vendor, model)
    if key not in _found:
        with _lock:
            find = _finds[0]
            if key not in _found:
                _found[key] = None if find is None else find(vendor, model)
    return _found.get(key)


def _look_up(vendor: str, model: str) -> None:
    try:
        price_of(vendor, model)
    finally:
        # Who asks for one that was not found out is told why.
        if (vendor, model) not in _found:
            _begun.discard((vendor, model))
