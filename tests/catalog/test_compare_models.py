from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ferrata.catalog import Catalog, Measured, Workload, compare_models, load_book, measured_of
from ferrata.messages import Usage

CATALOG = Catalog(load_book(None), datetime(2026, 11, 23, tzinfo=UTC))


def test_a_workload_is_priced_request_by_request() -> None:
    found = compare_models([CATALOG.card("gpt-4o-mini")], Workload(2000, 10_000, 500, cached_share=0.5))
    assert found[0].request == pytest.approx((5000 * 0.15 + 5000 * 0.075 + 500 * 0.6) / 1e6)
    assert found[0].total == pytest.approx(2000 * (found[0].request or 0))


def test_the_tier_is_that_of_one_request_not_of_all() -> None:
    card = CATALOG.card("xai/grok-4.3")
    small, large = (compare_models([card], Workload(1000, tokens, 0))[0].request for tokens in (100_000, 300_000))
    assert small == pytest.approx(0.1 * 1.25)
    assert large == pytest.approx(0.3 * 2.5)


def test_without_a_price_the_cost_is_unknown() -> None:
    found = compare_models([CATALOG.card("command-a-reasoning-08-2025")], Workload())[0]
    assert (found.request, found.total) == (None, None)


@pytest.mark.parametrize(
    ("name", "workload", "notes"),
    [
        ("claude-haiku-4-5", Workload(), ()),
        ("claude-haiku-4-5", Workload(1, 199_000, 1001), ("a request does not fit: 200,000 tokens of context",)),
        ("claude-haiku-4-5", Workload(1, 0, 64_001), ("an answer does not fit: 64,000 tokens of output",)),
        ("gpt-4o", Workload(), ("deprecated, off from 2027-01-14",)),
        ("command-r", Workload(), ("deprecated",)),
    ],
)
def test_what_does_not_fit_is_said(name: str, workload: Workload, notes: tuple[str, ...]) -> None:
    assert compare_models([CATALOG.card(name)], workload)[0].notes == notes


def test_a_workload_is_the_usage_of_a_request() -> None:
    assert Workload(5, 1000, 200, 0.25).usage() == Usage(1000, 200, 250)


def test_the_newest_run_of_a_model_counts() -> None:
    newest = {"rows": 20, "results": [{"model": "a/b", "quality": 0.9, "latency": 1, "input_tokens": 80, "bogus": 1}]}
    oldest = {"rows": 5, "results": [{"model": "a/b", "quality": 0.1}, {"model": "c/d", "rows": 7}]}
    assert measured_of([newest, oldest]) == {
        "a/b": Measured(20, quality=0.9, latency=1.0, input_tokens=80.0),
        "c/d": Measured(7),
    }


@pytest.mark.parametrize("results", [None, "text", 3, [1, "a", None], [{"quality": 1}], [{"model": 5}]])
def test_what_has_another_form_is_passed_over(results: object) -> None:
    assert measured_of([{"rows": 1, "results": results}]) == {}


def test_measurements_stand_beside_their_model() -> None:
    cards = [CATALOG.card("gpt-4o"), CATALOG.card("gpt-4o-mini")]
    found = compare_models(cards, Workload(), {"openai/gpt-4o": Measured(20, 0.8)})
    assert [model.measured for model in found] == [Measured(20, 0.8), None]
    assert found[0].as_json()["measured"] == Measured(20, 0.8)._asdict()
