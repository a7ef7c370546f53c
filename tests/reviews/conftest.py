from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ferrata.assets import Ledger
from ferrata.reviews import Body, Draft, DraftItem, Reviews, Scale

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.clock import FrozenClock
    from ferrata.store import Store


@pytest.fixture
def ledger(store: Store, clock: FrozenClock) -> Ledger:
    return Ledger(store, clock, "ann", project="bot")


@pytest.fixture
def reviews(store: Store, clock: FrozenClock, ledger: Ledger) -> Reviews:
    return Reviews(store, clock, project="bot", actor="ann", ledger=lambda: ledger)


@pytest.fixture
def draft() -> Callable[..., Draft]:
    """A draft with so many rows, of whatever scale."""

    def make(rows: int = 3, *, scale: str = "pass-fail", name: str = "check", **other: object) -> Draft:
        pair = scale.startswith("A|")
        items = [
            DraftItem(
                f"k{i}",
                "random" if i % 2 else "failed",
                Body(
                    {"query": f"q{i}"}, {"response": f"r{i}"}, {"response": f"o{i}"} if pair else None, i, 0, f"d:{i}"
                ),
                swapped=pair and i % 2 == 1,
            )
            for i in range(1, rows + 1)
        ]
        return Draft(name, "golden-1", Scale.parse(scale), items, **other)  # pyright: ignore[reportArgumentType]

    return make
