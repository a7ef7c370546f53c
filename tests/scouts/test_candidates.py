"""Candidates by rule, from facts of the catalogue as they were on a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ferrata.catalog import FEATURES, Catalog, Measured, load_book
from ferrata.errors import NotFound
from ferrata.messages import ChatRequest, Image, Message, OutputSchema, Tool, Usage
from ferrata.scouts import Candidate, Needs, PassedOver, Search, find_candidates, needs_of, unaskable
from ferrata.scouts.candidates import _tier  # pyright: ignore[reportPrivateUsage]
from ferrata.settings import ModelSettings

KEYS = {"OPENAI_API_KEY": "x", "ANTHROPIC_API_KEY": "x"}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return Catalog(load_book(tmp_path_factory.mktemp("cache")), datetime(2026, 11, 23, tzinfo=UTC))


def model(name: str, **more: Any) -> ModelSettings:
    vendor, _, rest = name.partition("/")
    return ModelSettings.model_validate({"vendor": vendor, "model": rest, **more})


def search(catalog: Catalog, name: str = "openai/gpt-4o-mini-2024-07-18", **more: Any) -> Search:
    incumbent = model(name)
    asked = Search(catalog, incumbent, "main", {"main": incumbent}, Usage(1000, 100), Needs(), {}, environment=KEYS.get)
    return replace(asked, **more)


def found(asked: Search) -> tuple[dict[str, Candidate], dict[str, PassedOver]]:
    kept, passed = find_candidates(asked)
    return {one.id: one for one in kept}, {one.id: one for one in passed}


def test_who_retires_is_replaced_first(catalog: Catalog) -> None:
    card = catalog.card("openai/gpt-4o-mini-2024-07-18")
    assert card.retires is not None
    kept, _ = find_candidates(search(catalog))
    assert kept[0].id == f"openai/{card.replacement}"
    assert kept[0].reasons[0].startswith(f"replaces: gpt-4o-mini-2024-07-18 retires on {card.retires}")
    later, _ = find_candidates(search(catalog, within=10))
    assert not any(reason.startswith("replaces") for one in later for reason in one.reasons)


def test_newer_is_of_the_same_maker_and_tier_and_cheaper_is_by_these_requests(catalog: Catalog) -> None:
    kept, _ = found(search(catalog))
    for one in kept.values():
        card = catalog.card(one.id)
        if any(reason.startswith("newer") for reason in one.reasons):
            assert card.maker == "openai"
            assert _tier(card.name) == ("gpt", "mini")
        if any(reason.startswith("cheaper") for reason in one.reasons):
            assert one.request is not None
            assert one.request <= 0.9 * 0.00021  # 1,000 tokens at $0.15 and 100 at $0.60 a million
    assert any(reason.startswith("newer") for one in kept.values() for reason in one.reasons)
    assert not any(catalog.card(name).stage in ("retired", "deprecated") for name in kept)


def test_a_candidate_keeps_what_the_incumbent_was_asked_with(catalog: Catalog) -> None:
    mine = model(
        "openai/gpt-4o-mini-2024-07-18", parameters={"temperature": 0}, url="https://api.openai.com/v1", retries=5
    )
    kept, _ = found(
        search(catalog, incumbent=mine, include=("anthropic/claude-haiku-4-5-20251001", "openai/gpt-5.4-mini"))
    )
    there, here = kept["anthropic/claude-haiku-4-5-20251001"], kept["openai/gpt-5.4-mini"]
    assert (there.settings.parameters, there.settings.retries, there.settings.url) == (mine.parameters, 5, None)
    assert here.settings == mine.model_copy(update={"model": "gpt-5.4-mini"})
    assert there.reasons[0] == "named by you"


def test_who_cannot_do_what_is_asked_is_passed_over(catalog: Catalog) -> None:
    unable, feature = next(
        (card, name)
        for card in catalog.cards("openai")
        for name in FEATURES
        if getattr(card.capabilities, name) is False
        and (card.kind, card.stage, card.retires) == ("chat", "ga", None)
        and card.points_to is None
    )
    kept, passed = found(search(catalog, needs=Needs(frozenset({feature})), include=(unable.id,)))
    assert unable.id not in kept
    assert passed[unable.id].why == f"cannot do what the requests ask for: {feature}"
    _, passed = found(search(catalog, needs=Needs(tokens=10**9), include=("openai/gpt-5.4-mini",)))
    assert "has a context of" in passed["openai/gpt-5.4-mini"].why


def test_declared_models_and_measured_ones(catalog: Catalog) -> None:
    declared = {
        "main": model("openai/gpt-4o-mini-2024-07-18"),
        "own": model("ollama/qwen3"),
        "e": model("openai/text-embedding-3-small"),
    }
    times = {
        "openai/gpt-4o-mini-2024-07-18": Measured(10, latency=2.0),
        "openai/gpt-5.4-mini": Measured(10, latency=1.0),
    }
    kept, _ = found(search(catalog, declared=declared, measured=times))
    assert kept["ollama/qwen3"].declared == "own"
    assert "openai/text-embedding-3-small" not in kept
    assert "faster: 1.00 s by the last trial, not 2.00 s" in kept["openai/gpt-5.4-mini"].reasons


def test_vendors_and_names_narrow_the_search(catalog: Catalog) -> None:
    kept, _ = found(search(catalog, vendors=("anthropic",), exclude=("haiku-4-5",)))
    assert {name.partition("/")[0] for name in kept} <= {"anthropic"}
    assert not any("haiku-4-5" in name for name in kept)
    with pytest.raises(NotFound, match="no provider 'nobody'"):
        found(search(catalog, vendors=("nobody",)))
    with pytest.raises(NotFound, match="no model 'openai/nothing-1'"):
        found(search(catalog, include=("openai/nothing-1",)))


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (model("fake/x"), ""),
        (model("local/x"), ""),
        (model("openai/x"), ""),
        (model("google/x"), "set GEMINI_API_KEY"),
        (model("openai/x", key="${env:FERRATA_OTHER}", url="https://eu.example.com/v1"), "set FERRATA_OTHER"),
        (model("openai-compatible/x"), "give its url, or set FERRATA_MODEL_URL"),
        (model("openai-compatible/x", url="http://127.0.0.1:1/v1"), ""),
    ],
)
def test_who_can_be_asked(settings: ModelSettings, why: str) -> None:
    assert unaskable(settings, KEYS.get) == why


def test_needs_are_those_of_the_requests() -> None:
    plain = ChatRequest([Message("user", "hello")], temperature=1)
    assert needs_of([plain], 10) == Needs(tokens=10)
    rich = ChatRequest(
        [Message("user", (Image(url="https://x.example/a.png"),))],
        tools=(Tool("f"),),
        output=OutputSchema({"type": "object"}),
        temperature=0.2,
        seed=1,
    )
    assert needs_of([plain, rich], 5) == Needs(
        frozenset({"images", "tools", "json_schema", "seed"}), temperature=True, tokens=5
    )


@pytest.mark.parametrize(
    ("name", "tier"),
    [
        ("gpt-4o-mini", ("gpt", "mini")),
        ("gpt-5-mini-2025-08-07", ("gpt", "mini")),
        ("claude-3-5-haiku-latest", ("claude", "haiku")),
        ("claude-haiku-4-5", ("claude", "haiku")),
        ("gemini-2.5-flash-lite", ("flash", "gemini", "lite")),
    ],
)
def test_the_tier_of_a_name(name: str, tier: tuple[str, ...]) -> None:
    assert _tier(name) == tier
