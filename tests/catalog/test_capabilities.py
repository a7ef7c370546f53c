from __future__ import annotations

from datetime import date

import pytest

from ferrata.catalog import FEATURES, looks_like_model
from ferrata.catalog.capabilities import Capabilities, facts_of, read_abilities

LINES = [(maker, name) for maker, vendor in read_abilities().items() for name in vendor.models]


def known(maker: str, name: str, *, hosted: bool = False) -> Capabilities:
    facts = facts_of(maker, name, hosted=hosted)
    assert facts is not None
    return facts.capabilities


def test_a_model_has_its_own_facts_and_its_vendors() -> None:
    can = known("anthropic", "claude-haiku-4-5")
    assert (can.context, can.output, can.tools, can.streaming) == (200_000, 64_000, True, True)
    assert (can.logprobs, can.seed, can.tunable, can.licence) == (False, False, False, "proprietary")


def test_what_nobody_says_is_unknown() -> None:
    assert facts_of("openai", "gpt-99", hosted=False) is None
    assert facts_of("nobody", "gpt-4o", hosted=False) is None
    assert known("anthropic", "claude-fable-5").json_schema is None


@pytest.mark.parametrize(
    ("maker", "name", "like"),
    [
        ("openai", "gpt-4o-2024-08-06", "gpt-4o"),
        ("openai", "gpt-5-mini-2025-08-07", "gpt-5-mini"),
        ("anthropic", "claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("anthropic", "claude-opus-4-20250514", "claude-opus-4-0"),
        ("anthropic", "claude-3-5-haiku-latest", "claude-3-5-haiku-20241022"),
    ],
)
def test_a_version_takes_the_facts_of_its_name(maker: str, name: str, like: str) -> None:
    version, named = known(maker, name), known(maker, like)
    assert version.model_copy(update={"released": None}) == named.model_copy(update={"released": None})


def test_a_version_with_a_line_of_its_own_takes_that() -> None:
    assert (known("openai", "gpt-4o-2024-05-13").output, known("openai", "gpt-4o").output) == (4096, 16_384)


def test_a_dated_name_was_released_on_its_day_not_on_that_of_the_first_version() -> None:
    assert known("openai", "gpt-4o").released == date(2024, 5, 13)
    assert known("openai", "gpt-4o-2024-11-20").released == date(2024, 11, 20)


def test_what_depends_on_the_vendors_own_api_is_unknown_elsewhere() -> None:
    can = known("openai", "gpt-4o", hosted=True)
    assert (can.tools, can.images, can.context) == (True, True, 128_000)
    assert (can.json_schema, can.logprobs, can.seed, can.streaming, can.tunable) == (None,) * 5


@pytest.mark.parametrize(("maker", "name"), LINES)
def test_every_line_is_well_said(maker: str, name: str) -> None:
    can = known(maker, name)
    assert name == name.lower()
    assert (
        maker == "local"
        or looks_like_model(name)
        or maker in ("cohere", "xai", "mistral")
        or name.startswith("gemma-4-e")
    )
    assert can.context is None or can.output is None or can.output <= can.context
    assert can.open_weights is not False or can.licence in (None, "proprietary")
    assert can.open_weights is not True or can.licence != "proprietary"
    assert all(hasattr(can, feature) for feature in FEATURES)
