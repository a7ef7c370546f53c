from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest

from ferrata.catalog import Catalog, ModelFilter, Price, Rate, load_book
from ferrata.errors import NotFound

if TYPE_CHECKING:
    from ferrata.catalog import PriceBook

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return load_book(None)


@pytest.fixture(scope="module")
def catalog(book: PriceBook) -> Catalog:
    return Catalog(book, NOW)


def test_a_card_says_all_that_is_known(catalog: Catalog) -> None:
    card = catalog.card("gpt-4o")
    assert (card.id, card.maker, card.kind, card.pinning) == ("openai/gpt-4o", "openai", "chat", "floating")
    assert (card.stage, card.retires, card.replacement) == ("deprecated", date(2027, 1, 14), "gpt-6-luna")
    assert card.points_to == "gpt-4o-2024-08-06"
    assert card.price is not None and card.price.input == Rate(2.5)
    assert card.capabilities.tools is True
    assert "https://developers.openai.com/api/docs/deprecations" in card.sources
    assert len(card.sources) == len(set(card.sources))


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("openai/gpt-4o", "openai/gpt-4o"),
        ("openai:gpt-4o", "openai/gpt-4o"),
        ("azure/gpt-4o", "azure/gpt-4o"),
        ("azure-openai/gpt-4o", "azure/gpt-4o"),
        ("claude-haiku-4-5", "anthropic/claude-haiku-4-5"),
        ("x-ai/grok-4.3", "xai/grok-4.3"),
        ("anthropic.claude-3-haiku-20240307-v1:0", "bedrock/anthropic.claude-3-haiku-20240307-v1:0"),
        ("vertex/claude-3-haiku@20240307", "vertex/claude-3-haiku@20240307"),
        ("openrouter/openai/gpt-4o", "openrouter/openai/gpt-4o"),
        ("smollm2", "local/smollm2"),
    ],
)
def test_a_model_is_found_as_people_spell_it(catalog: Catalog, name: str, id: str) -> None:
    assert catalog.card(name).id == id


@pytest.mark.parametrize(
    ("name", "hint"),
    [("gpt-4oo", "did you mean openai/gpt-4o?"), ("zzzzzz", "list them with `ferrata models list --all`")],
)
def test_what_is_not_known_is_said_with_what_may_be_meant(catalog: Catalog, name: str, hint: str) -> None:
    with pytest.raises(NotFound, match=f"no model '{name}' is known") as caught:
        catalog.card(name)
    assert caught.value.hint == hint


def test_an_unknown_provider_is_said(catalog: Catalog) -> None:
    with pytest.raises(NotFound, match="no provider 'opnai'") as caught:
        catalog.cards("opnai")
    assert "openai" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "stage"),
    [
        ("gpt-4", "retired"),
        ("gpt-4o", "deprecated"),
        ("gpt-5.5", "ga"),
        ("claude-sonnet-5", "legacy"),
        ("gemini-3-flash-preview", "preview"),
        ("command-r", "deprecated"),
        ("azure/gpt-4o", "unknown"),
        ("bedrock/anthropic.claude-3-haiku-20240307-v1:0", "retired"),
    ],
)
def test_each_stage_of_life_is_told_apart(catalog: Catalog, name: str, stage: str) -> None:
    assert catalog.card(name).stage == stage


def test_the_stage_is_that_of_the_day(book: PriceBook) -> None:
    days = [datetime(2027, 1, 13, 23, tzinfo=UTC), datetime(2027, 1, 14, tzinfo=UTC)]
    assert [Catalog(book, day).card("gpt-4o").stage for day in days] == ["deprecated", "retired"]


def test_the_list_of_a_maker_has_its_own_models_once(catalog: Catalog) -> None:
    names = [card.name for card in catalog.cards("anthropic")]
    assert len(names) == len(set(names)) > 30
    assert "claude-haiku-4-5" in names
    assert "claude-3-haiku" not in names, "a pattern of the list of prices, and no name of a model"
    assert not [card.id for card in catalog.cards("google") if card.maker != "google"]


def test_every_provider_can_be_listed(catalog: Catalog) -> None:
    cards = [card for provider in catalog.providers for card in catalog.cards(provider)]
    assert len(cards) > 2000
    assert len({card.id for card in cards}) == len(cards)
    assert all(catalog.card(card.id).id == card.id for card in cards)


def test_the_projects_own_price_comes_first(book: PriceBook) -> None:
    own = Price("azure", "gpt-4o", "ferrata.yaml/1", Rate(1.0), Rate(2.0))
    mine = Price("inhouse", "llama", "ferrata.yaml/1", Rate(0.1), Rate(0.2))
    catalog = Catalog(book, NOW, own_prices={"azure/gpt-4o": own, "inhouse/llama": mine})
    assert catalog.card("azure/gpt-4o").price is own
    assert catalog.price_of("azure-openai", "GPT-4o") is own
    assert catalog.card("inhouse/llama").price is mine
    assert [card.id for card in catalog.cards("inhouse")] == ["inhouse/llama"]


def test_the_local_model_costs_nothing(catalog: Catalog) -> None:
    price = catalog.price_of("local", "smollm2")
    assert price is not None and price.input == Rate(0.0) and price.output == Rate(0.0)


FILTERS = [
    (ModelFilter(text="4o-MINI"), lambda card: "4o-mini" in card.id),
    (ModelFilter(makers=("anthropic",)), lambda card: card.maker == "anthropic"),
    (ModelFilter(kinds=("embedding",)), lambda card: "embed" in card.name),
    (ModelFilter(stages=("retired", "legacy")), lambda card: card.stage in ("retired", "legacy")),
    (ModelFilter(features=("tools", "logprobs")), lambda c: bool(c.capabilities.tools and c.capabilities.logprobs)),
    (ModelFilter(min_context=500_000), lambda card: (card.capabilities.context or 0) >= 500_000),
    (ModelFilter(max_input_price=0.2), lambda c: bool(c.price and c.price.input and c.price.input.base <= 0.2)),
    (ModelFilter(max_output_price=1), lambda c: bool(c.price and c.price.output and c.price.output.base <= 1)),
    (ModelFilter(licences=("apache-2.0",)), lambda card: card.capabilities.licence == "apache-2.0"),
    (ModelFilter(licences=("open",)), lambda card: card.capabilities.open_weights is True),
    (ModelFilter(pinned=True), lambda card: card.pinning == "pinned"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(FILTERS)))
def test_a_filter_admits_what_it_says(catalog: Catalog, number: int) -> None:
    wanted, holds = FILTERS[number]
    cards = [card for maker in catalog.makers for card in catalog.cards(maker)]
    admitted = [card.id for card in cards if wanted.admits(card)]
    assert admitted == [card.id for card in cards if holds(card)]
    assert 0 < len(admitted) < len(cards)


def test_filters_add_up(catalog: Catalog) -> None:
    wanted = ModelFilter(
        providers=("openai",), features=("json_schema",), stages=("ga",), max_input_price=1.0, min_context=200_000
    )
    cards = [card for maker in catalog.makers for card in catalog.cards(maker)]
    found = [card for card in cards if wanted.admits(card)]
    assert found
    assert {(card.provider, card.stage, card.capabilities.json_schema) for card in found} == {("openai", "ga", True)}


@pytest.mark.parametrize(
    ("provider", "model", "logprobs", "temperature", "tools"),
    [
        ("openai", "gpt-5-mini-2025-08-07", False, False, True),
        ("openai", "gpt-4o-mini-2024-07-18", True, None, True),
        ("openrouter", "openai/gpt-5-mini", None, None, True),
        ("anthropic", "claude-opus-4-7", False, False, True),
    ],
)
def test_what_a_model_can_do_at_a_provider(
    catalog: Catalog, provider: str, model: str, logprobs: bool | None, temperature: bool | None, tools: bool | None
) -> None:
    can = catalog.capabilities_of(provider, model)
    assert can is not None
    assert (can.logprobs, can.temperature, can.tools) == (logprobs, temperature, tools)


@pytest.mark.parametrize("provider", ["vllm", "ollama", "openai-compatible", "lm-studio"])
def test_a_name_at_nobodys_provider_says_nothing(catalog: Catalog, provider: str) -> None:
    assert catalog.capabilities_of(provider, "gpt-4o") is None
