"""Each price is asked for once, also when it is begun early and by several at a time."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from ferrata.flows.prices import begin_price, price_of, use_prices
from ferrata.messages import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator


class Two:
    """Two dollars a token of input."""

    version = "own"

    def cost(self, usage: Usage) -> float | None:
        return usage.input_tokens * 2.0


@pytest.fixture
def asked() -> Iterator[list[tuple[str, str]]]:
    found: list[tuple[str, str]] = []

    def find(vendor: str, model: str) -> Two:
        time.sleep(0.05)
        found.append((vendor, model))
        return Two()

    use_prices(find)
    yield found
    use_prices(None)


def test_a_price_is_looked_up_once(asked: list[tuple[str, str]]) -> None:
    begin_price("a", "small")
    begin_price("a", "small")
    threads = [threading.Thread(target=price_of, args=("a", "small")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = price_of("a", "small")
    assert found is not None
    assert found.cost(Usage(3)) == 6.0
    assert price_of("a", "large") is not None
    assert asked == [("a", "small"), ("a", "large")]


def test_where_nobody_says_there_is_no_price(asked: list[tuple[str, str]]) -> None:
    assert price_of("a", "small") is not None
    use_prices(None)
    begin_price("a", "small")
    assert price_of("a", "small") is None
    assert asked == [("a", "small")]
