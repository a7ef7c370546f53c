from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.catalog import classify_model, looks_like_model
from ferrata.catalog.families import match_family
from ferrata.catalog.records import read_lifecycle

TODAY = date(2026, 11, 23)
LISTED = [(vendor, name) for vendor, listing in read_lifecycle().vendors.items() for name in listing.models]
NAMES = [name for _, name in LISTED]
DAYS = st.dates(date(2022, 1, 1), date(2030, 1, 1))

KNOWN = [
    # name, vendor, pinning, state on 2026-11-23
    ("gpt-4o", "openai", "floating", "retiring"),
    ("gpt-4o-2024-08-06", "openai", "pinned", "retiring"),
    ("gpt-4o-2024-05-13", "openai", "pinned", "retired"),
    ("gpt-4", "openai", "floating", "retired"),
    ("gpt-4-0613", "openai", "pinned", "retired"),
    ("gpt-4-1106-vision-preview", "openai", "pinned", "retired"),
    ("gpt-3.5-turbo-16k-0613", "openai", "pinned", "retired"),
    ("gpt-5-2025-08-07", "openai", "pinned", "retiring"),
    ("gpt-5.4-2026-03-05", "openai", "pinned", "current"),
    ("gpt-5.6-sol", "openai", "floating", "current"),
    ("chatgpt-4o-latest", "openai", "floating", "retired"),
    ("o1", "openai", "floating", "retired"),
    ("o3-2025-04-16", "openai", "pinned", "retiring"),
    ("o4-mini", "openai", "floating", "retired"),
    ("text-davinci-003", "openai", "pinned", "retired"),
    ("text-similarity-ada-001", "openai", "pinned", "current"),
    ("text-embedding-3-small", "openai", "pinned", "current"),
    ("gpt-oss-120b", "openai", "unversioned", "current"),
    ("openai/gpt-4o", "openai", "floating", "retiring"),
    ("openai:gpt-4o-mini", "openai", "floating", "retiring"),
    ("openai/o3", "openai", "floating", "retiring"),
    ("ft:gpt-4o-mini-2024-07-18:org::id", "openai", "pinned", "retiring"),
    ("ft:gpt-3.5-turbo-0613:org:name:id", "openai", "pinned", "retired"),
    ("claude-3-5-sonnet-20241022", "anthropic", "pinned", "retired"),
    ("claude-3-5-sonnet-latest", "anthropic", "floating", "retired"),
    ("claude-3-opus-20240229", "anthropic", "pinned", "retired"),
    ("claude-2.1", "anthropic", "pinned", "retired"),
    ("claude-sonnet-4-5", "anthropic", "floating", "retiring"),
    ("claude-haiku-4-5-20251001", "anthropic", "pinned", "current"),
    ("claude-sonnet-4-6", "anthropic", "pinned", "current"),
    ("anthropic/claude-opus-4-1-20250805", "anthropic", "pinned", "retired"),
    ("us.anthropic.claude-3-sonnet-20240229-v1:0", "anthropic", "pinned", "retired"),
    ("anthropic.claude-opus-4-1-20250805-v1:0", "anthropic", "pinned", "retiring"),
    ("anthropic.claude-v2:1", "anthropic", "pinned", "current"),
    ("claude-3-5-sonnet@20240620", "anthropic", "pinned", "retired"),
    ("claude-3-5-sonnet-v2@20241022", "anthropic", "pinned", "retired"),
    ("openrouter/anthropic/claude-3.5-sonnet:beta", "anthropic", "floating", "current"),
    ("gemini-1.5-pro", "google", "floating", "retired"),
    ("gemini-1.5-pro-002", "google", "pinned", "retired"),
    ("models/gemini-1.5-flash", "google", "floating", "retired"),
    ("gemini-pro-vision", "google", "floating", "retired"),
    ("gemini-2.5-pro", "google", "pinned", "retiring"),
    ("gemini-2.5-pro-preview-05-06", "google", "pinned", "retired"),
    ("gemini-3-flash-preview", "google", "floating", "current"),
    ("gemini-flash-latest", "google", "floating", "current"),
    ("gemini-exp-1206", "google", "pinned", "current"),
    ("google-gla:gemini-2.0-flash", "google", "floating", "retired"),
    ("text-bison@001", "google", "pinned", "retired"),
    ("chat-bison", "google", "floating", "retired"),
    ("text-embedding-004", "google", "pinned", "retired"),
    ("gemma2:9b", "google", "unversioned", "current"),
    ("mistral-large-latest", "mistral", "floating", "current"),
    ("mistral-large-2407", "mistral", "pinned", "retired"),
    ("open-mixtral-8x7b", "mistral", "floating", "retired"),
    ("mistralai/Mixtral-8x7B-Instruct-v0.1", "mistral", "unversioned", "current"),
    ("mistral.mistral-7b-instruct-v0:2", "mistral", "pinned", "current"),
    ("codestral-2501", "mistral", "pinned", "retired"),
    ("command-r", "cohere", "floating", "retiring"),
    ("command-r-08-2024", "cohere", "pinned", "current"),
    ("cohere.command-r-v1:0", "cohere", "pinned", "retired"),
    ("embed-english-v3.0", "cohere", "pinned", "current"),
    ("meta-llama/Llama-3.1-8B-Instruct", "meta", "unversioned", "current"),
    ("llama3.1:8b-instruct-q4_0", "meta", "unversioned", "current"),
    ("meta.llama3-8b-instruct-v1:0", "meta", "pinned", "current"),
    ("deepseek-chat", "deepseek", "floating", "retired"),
    ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "deepseek", "unversioned", "current"),
    ("grok-4-0709", "xai", "pinned", "retired"),
    ("grok-2-1212", "xai", "pinned", "current"),
    ("amazon.titan-embed-text-v2:0", "amazon", "pinned", "current"),
    ("bedrock/amazon.nova-premier-v1:0", "amazon", "pinned", "retired"),
    ("qwen2.5-72b-instruct", "alibaba", "unversioned", "current"),
    ("qwen-plus-2024-11-27", "alibaba", "pinned", "current"),
    ("voyage-3-large", "voyage", "pinned", "current"),
]

NOT_MODELS = [
    "", " ", "o2", "o1x", "claude", "claude-code", "claude-desktop", "gemini", "gemini-cli", "gpt-engineer", "gpt-4all", "gpt4all",
    "gpt-neox-20b", "gpt-9", "command-line", "command", "mistral-common", "mistral", "llama-index", "llama-cpp-python", "llama.cpp",
    "llama-stack", "deepseek", "qwen-agent", "grok", "openai", "openai/", "ft:gpt-4o", "ft:claude-3-opus-20240229:o::i",
    "gpt-4o-mine", "claude-3-5-sonnet-20241022x", "text-embedding", "embed-js", "gpt-4o mini", "GPT–4o", "anthropic.claude", "a" * 5000,
]  # fmt: skip


@pytest.mark.parametrize(("name", "vendor", "pinning", "state"), KNOWN)
def test_a_name_is_classified(name: str, vendor: str, pinning: str, state: str) -> None:
    facts = classify_model(name, TODAY)
    assert facts is not None
    assert (facts.name, facts.vendor, facts.pinning, facts.state) == (name, vendor, pinning, state)


@pytest.mark.parametrize("name", NOT_MODELS)
def test_what_is_no_model_is_not_guessed_at(name: str) -> None:
    assert classify_model(name, TODAY) is None
    assert not looks_like_model(name)


def test_facts_say_when_what_instead_and_where_it_is_announced() -> None:
    facts = classify_model("claude-3-5-sonnet-latest", date(2025, 10, 27))
    assert facts is not None
    assert facts.state == "retiring"
    assert facts.retires == date(2025, 10, 28)
    assert facts.points_to == "claude-3-5-sonnet-20241022"
    assert facts.replacement == "claude-sonnet-4-6"
    assert facts.source == "https://platform.claude.com/docs/en/about-claude/model-deprecations"


def test_a_model_is_retired_from_the_day_itself() -> None:
    states = [classify_model("gpt-5", date(2026, 12, day)) for day in (10, 11, 12)]
    assert [facts.state for facts in states if facts] == ["retiring", "retired", "retired"]


def test_a_deprecation_without_a_day_is_retiring_without_a_date() -> None:
    facts = classify_model("command-r-plus", TODAY)
    assert facts is not None
    assert (facts.state, facts.retires) == ("retiring", None)
    assert facts.source == "https://docs.cohere.com/docs/deprecations"


@pytest.mark.parametrize(
    "name", ["azure/gpt-4", "openrouter/openai/gpt-4", "gpt-35-turbo", "vertex_ai/gemini-2.5-pro", "groq/llama3:8b"]
)
def test_a_host_does_not_inherit_the_vendors_dates(name: str) -> None:
    facts = classify_model(name, TODAY)
    assert facts is not None
    assert (facts.state, facts.retires, facts.source) == ("current", None, None)


def test_a_host_has_days_of_its_own() -> None:
    at_home, bedrock, vertex = (
        classify_model(name, TODAY)
        for name in ("claude-3-haiku-20240307", "anthropic.claude-3-haiku-20240307-v1:0", "claude-3-haiku@20240307")
    )
    assert at_home and bedrock and vertex
    assert (at_home.retires, bedrock.retires, vertex.retires) == (
        date(2026, 4, 20),
        date(2026, 9, 10),
        date(2026, 8, 23),
    )


@given(st.text(), DAYS)
def test_any_text_is_classified_or_not_without_an_error(text: str, on: date) -> None:
    assert (classify_model(text, on) is not None) == looks_like_model(text)


@given(st.text("abcdefgiklmnoprtuvx0123456789-.:/@", max_size=60), st.sampled_from(NAMES), DAYS)
def test_what_hangs_on_a_name_makes_no_error(text: str, name: str, on: date) -> None:
    for spelled in (text + name, name + text, f"{text}/{name}", f"{name}-{text}"):
        assert (classify_model(spelled, on) is not None) == looks_like_model(spelled)


@given(st.sampled_from([*NAMES, *(name for name, *_ in KNOWN)]), DAYS, st.integers(0, 3000))
def test_what_is_retired_stays_retired(name: str, on: date, days: int) -> None:
    order = ["current", "retiring", "retired"]
    now, later = classify_model(name, on), classify_model(name, on + timedelta(days=days))
    if now is None or later is None:
        assert name.startswith("ft:") and now is later
    else:
        assert order.index(later.state) >= order.index(now.state)


@pytest.mark.parametrize(("vendor", "name"), LISTED)
def test_every_listed_model_is_well_said(vendor: str, name: str) -> None:
    facts = classify_model(f"{name}:org::id" if name.startswith("ft:") else name, TODAY)
    assert facts is not None
    assert name == name.lower()
    assert facts.vendor == vendor
    announced = facts.retires is not None or facts.state == "retiring" or facts.stage == "legacy"
    assert (facts.source is not None) == announced
    assert facts.source is None or facts.source.startswith("https://")
    family = match_family(name.removeprefix("ft:"))
    assert family is not None and family.vendor == vendor
    if facts.points_to is not None:
        target = classify_model(facts.points_to, TODAY)
        assert facts.pinning == "floating"
        assert target is not None and target.pinning == "pinned"
    if facts.replacement is not None:
        assert facts.replacement != name
        assert looks_like_model(facts.replacement)


def test_every_source_is_https() -> None:
    lifecycle = read_lifecycle()
    listings = [*lifecycle.vendors.values(), *lifecycle.hosts.values()]
    sources = [listing.source for listing in listings]
    sources += [record.source for listing in listings for record in listing.models.values() if record.source]
    assert all(source.startswith("https://") for source in sources)


def test_no_model_is_listed_twice() -> None:
    assert len(NAMES) == len(set(NAMES))
