from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ferrata.access import Keys
from ferrata.assets import Ledger

if TYPE_CHECKING:
    from ferrata.clock import FrozenClock
    from ferrata.store import Store


@pytest.fixture
def ledger(store: Store, clock: FrozenClock) -> Ledger:
    return Ledger(store, clock, "ann", project="bot")


@pytest.fixture
def keys(store: Store, clock: FrozenClock, ledger: Ledger) -> Keys:
    return Keys(store, clock, project="bot", actor="ann", ledger=lambda: ledger)
