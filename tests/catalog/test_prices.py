from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.catalog import Price, Rate
from ferrata.messages import Usage

TOKENS = st.integers(0, 2_000_000)


def price(**rates: Rate | float | None) -> Price:
    given = {"input": Rate(2.0), "output": Rate(8.0), **rates}
    return Price("openai", "m", "test/1", **given)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("usage", "dollars"),
    [
        (Usage(), 0.0),
        (Usage(1_000_000, 0), 2.0),
        (Usage(0, 1_000_000), 8.0),
        (Usage(1_000_000, 1_000_000, cached_tokens=400_000), 0.6 * 2 + 0.4 * 0.5 + 8),
        (Usage(1_000_000, 0, cached_tokens=400_000, cache_write_tokens=100_000), 0.5 * 2 + 0.4 * 0.5 + 0.1 * 2.5),
        (Usage(0, 1_000_000, reasoning_tokens=900_000), 8.0),
    ],
)
def test_each_token_is_paid_once(usage: Usage, dollars: float) -> None:
    assert price(cached_input=Rate(0.5), cache_write=Rate(2.5)).cost(usage) == pytest.approx(dollars)


def test_a_cached_token_costs_as_much_as_another_where_the_list_has_no_rate_for_it() -> None:
    assert price().cost(Usage(1_000_000, 0, cached_tokens=1_000_000)) == 2.0


def test_reasoning_may_have_a_rate_of_its_own() -> None:
    assert price(reasoning=Rate(1.0)).cost(Usage(0, 2_000_000, reasoning_tokens=1_000_000)) == 9.0


def test_a_request_may_cost_something_itself() -> None:
    assert price(request=0.005).cost(Usage()) == 0.005


def test_tokens_without_a_rate_make_the_cost_unknown() -> None:
    embedding = price(output=None)
    assert embedding.cost(Usage(1_000_000, 0)) == 2.0
    assert embedding.cost(Usage(1_000_000, 1)) is None
    assert price(input=None).cost(Usage(1, 0)) is None


@pytest.mark.parametrize(
    ("tokens", "rate"), [(0, 2.0), (200_000, 2.0), (200_001, 4.0), (1_000_000, 4.0), (1_000_001, 6.0)]
)
def test_a_tier_counts_for_the_whole_request(tokens: int, rate: float) -> None:
    tiered = Rate(2.0, ((200_000, 4.0), (1_000_000, 6.0)))
    assert tiered.at(tokens) == rate
    assert price(input=tiered).cost(Usage(tokens, 0)) == pytest.approx(tokens * rate / 1_000_000)


@given(TOKENS, TOKENS, TOKENS, TOKENS)
def test_reading_from_the_cache_never_costs_more(fresh: int, cached: int, written: int, output: int) -> None:
    listed = price(cached_input=Rate(0.5), cache_write=Rate(2.0))
    warm = listed.cost(Usage(fresh + cached + written, output, cached, written))
    cold = listed.cost(Usage(fresh + cached + written, output))
    assert warm is not None and cold is not None
    assert 0 <= warm <= cold + 1e-9


def test_a_price_says_what_it_is_and_where_it_is_from() -> None:
    assert price(cached_input=Rate(0.5, ((1000, 1.0),))).as_json() == {
        "provider": "openai",
        "model": "m",
        "version": "test/1",
        "currency": "USD",
        "per_tokens": 1_000_000,
        "input": 2.0,
        "output": 8.0,
        "cached_input": {"base": 0.5, "above": [[1000, 1.0]]},
    }
