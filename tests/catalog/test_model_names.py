from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.catalog import MODEL_LITERALS, ModelName, looks_like_model, model_pattern
from ferrata.catalog.records import read_lifecycle

NAMES = [name for listing in read_lifecycle().vendors.values() for name in listing.models if not name.startswith("ft:")]
PREFIXES = ["", "openai/", "anthropic:", "azure/", "openrouter/openai/", "bedrock/", "models/"]


def found(text: str) -> list[str]:
    return [match["name"] for match in model_pattern().finditer(text)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('client.create(model="gpt-4o")', ["gpt-4o"]),
        ("model='GPT-4o'", ["GPT-4o"]),
        ("MODEL=gpt-4\n", ["gpt-4"]),
        ("model: openai:gpt-4o-mini  # cheap", ["openai:gpt-4o-mini"]),
        ("models:\n  - claude-3-opus-20240229\n  - gpt-4\r\n", ["claude-3-opus-20240229", "gpt-4"]),
        ('{"model": "o3", "temperature": 0}', ["o3"]),
        ("llm(model_name='o1')", ["o1"]),
        ('["openai/o1", "o1-mini"]', ["openai/o1", "o1-mini"]),
        (r'"{\"model\": \"gpt-4.1\"}"', ["gpt-4.1"]),
        ("run --model gpt-4-turbo-2024-04-09\n", ["gpt-4-turbo-2024-04-09"]),
        ("https://x.test/v1beta/models/gemini-1.5-pro:generateContent", ["gemini-1.5-pro"]),
        ('"us.anthropic.claude-3-sonnet-20240229-v1:0"', ["us.anthropic.claude-3-sonnet-20240229-v1:0"]),
        ('"anthropic.claude-v2:1"', ["anthropic.claude-v2:1"]),
        ('"claude-3-5-sonnet-v2@20241022"', ["claude-3-5-sonnet-v2@20241022"]),
        ("'ft:gpt-4o-mini-2024-07-18:org::id'", ["ft:gpt-4o-mini-2024-07-18:org::id"]),
        ('"meta-llama/Llama-3.1-8B-Instruct"', ["meta-llama/Llama-3.1-8B-Instruct"]),
        ('"openrouter/anthropic/claude-3.5-sonnet:beta"', ["openrouter/anthropic/claude-3.5-sonnet:beta"]),
        ('"amazon.titan-embed-text-v2:0"', ["amazon.titan-embed-text-v2:0"]),
        ("`command-r-plus`", ["command-r-plus"]),
        ('"gemini-pro-vision"', ["gemini-pro-vision"]),
    ],
)
def test_a_name_in_source_text_is_found(text: str, names: list[str]) -> None:
    assert found(text) == names
    assert all(looks_like_model(name) for name in names)


@pytest.mark.parametrize(
    "text",
    [
        "We moved from gpt-4 to claude-3-opus last year.",
        '"gpt-4 is good"',
        "o1 = foo(o3)",
        'columns = ["o3", "no2"]',
        '"o1": 3',
        "x = o1",
        '"claude-code" \'gemini-cli\' "command-line" "gpt-engineer" "claude-desktop"',
        'dependencies = ["llama-index>=0.1", "llama-cpp-python", "mistral-common"]',
        "llama.cpp: 1",
        'path = "./models/llama-2-7b.gguf"',
        "from gpt_4o import model",
        "name: gpt-4o-wrapper",
        '"my-gpt-4o"',
        "\"gpt-4'",
    ],
)
def test_prose_identifiers_packages_and_paths_are_not_found(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_listed_name_is_found_and_let_through_by_a_literal(name: str) -> None:
    for text in (f'model = "{name}"', f"model='{name}'".upper()):
        assert [match.lower() for match in found(text)] == [name]
        assert any(literal in text.lower() for literal in MODEL_LITERALS)


@given(st.text(), st.sampled_from(PREFIXES), st.sampled_from(NAMES), st.text())
def test_what_is_found_has_a_literal_and_is_a_model(before: str, prefix: str, name: str, after: str) -> None:
    text = f'{before} "{prefix}{name}" {after}'
    for match in model_pattern().finditer(text):
        assert looks_like_model(match["name"])
        assert any(literal in match[0].lower() for literal in MODEL_LITERALS)


def test_literals_are_lower_case_and_sorted() -> None:
    assert list(MODEL_LITERALS) == sorted({literal.lower() for literal in MODEL_LITERALS})


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("gpt-4o", ModelName("gpt-4o")),
        ("azure/GPT-4o", ModelName("gpt-4o", host="azure")),
        ("openrouter/openai/gpt-4o:free", ModelName("gpt-4o", host="other")),
        ("ft:gpt-4o-2024-08-06:org::id", ModelName("gpt-4o-2024-08-06", tuned=True, exact=True)),
        (
            "eu.anthropic.claude-3-opus-20240229-v1:0:200k",
            ModelName("claude-3-opus-20240229", host="bedrock", exact=True),
        ),
        ("anthropic.claude-v2:1", ModelName("claude-2.1", host="bedrock", exact=True)),
        ("deepseek.r1-v1:0", ModelName("deepseek-r1-v1", host="bedrock", exact=True)),
        ("openai.gpt-oss-120b-1:0", ModelName("gpt-oss-120b", host="bedrock", exact=True)),
        ("claude-sonnet-4@20250514", ModelName("claude-sonnet-4-20250514", host="vertex", exact=True)),
        ("claude-sonnet-4@default", ModelName("claude-sonnet-4", host="vertex")),
    ],
)
def test_a_spelling_is_taken_apart(text: str, name: ModelName) -> None:
    assert ModelName.parse(text) == name


@pytest.mark.parametrize("text", ["", "gpt\u20114o", "x" * 201])
def test_what_has_no_form_of_a_name_is_none(text: str) -> None:
    assert ModelName.parse(text) is None
