"""The words of a request are found in any shape it has, and nothing makes the search fall over."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.gateway import texts_of

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
CASES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("openai-chat", {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "user": "u1"}, ["Hi"]),
    (
        "openai-chat",
        {
            "messages": [
                {"role": "system", "content": "Be brief"},
                {"role": "user", "content": [{"type": "text", "text": "pro"}, IMAGE, {"type": "text", "text": "ject"}]},
                {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{1}"}}]},
                {"role": "tool", "tool_call_id": "1", "content": "result"},
            ],
            "tools": [{"type": "function", "function": {"name": "f", "description": "does"}}],
        },
        ["Be brief", "pro", "ject", "project", "f", "{1}", "result", "f", "does"],
    ),
    ("openai-responses", {"instructions": "Be", "input": "Hi"}, ["Be", "Hi"]),
    (
        "openai-responses",
        {
            "input": [
                {
                    "role": "user",
                    "content": [{"type": "input_text", "text": "Hi"}, {"type": "input_image", "image_url": "x"}],
                },
                {"type": "function_call", "call_id": "1", "name": "f", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "1", "output": "12"},
            ]
        },
        ["Hi", "f", "{}", "12"],
    ),
    (
        "anthropic-messages",
        {
            "system": [{"type": "text", "text": "Be", "cache_control": {"type": "ephemeral"}}],
            "messages": [
                {"role": "user", "content": "Hi"},
                {
                    "role": "assistant",
                    "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {"city": "Bonn"}}],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "12"}]},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a page"}},
                    ],
                },
            ],
        },
        ["Be", "Hi", "f", "Bonn", "12", "a page"],
    ),
    ("openai-embeddings", {"input": "Hi"}, ["Hi"]),
    ("openai-embeddings", {"input": ["a", "b"]}, ["a", "b"]),
    ("openai-embeddings", {"input": [1, 2, "c"]}, ["c"]),
    ("openai-embeddings", {"input": [[1, 2], [3]]}, []),
]


@pytest.mark.parametrize(("dialect", "body", "texts"), CASES)
def test_all_that_is_said_is_found(dialect: str, body: dict[str, Any], texts: list[str]) -> None:
    assert sorted(texts_of(dialect, body)) == sorted(texts)


def test_a_value_deeper_than_the_stack() -> None:
    deep: Any = "bottom"
    for _ in range(10_000):
        deep = [deep]
    found = texts_of("openai-chat", {"messages": deep})
    while isinstance(deep, list):  # Taken apart from the top, as freeing it whole recurses.
        deep = deep.pop()
    assert found == ["bottom"]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["content", "text", "type", "data", "input", "x"]), inner, max_size=4)
    ),
    max_leaves=25,
)


@given(body=st.dictionaries(st.sampled_from(["messages", "input", "system", "instructions", "tools"]), JUNK))
def test_junk_is_searched_as_well(body: dict[str, Any]) -> None:
    for dialect in ("openai-chat", "openai-responses", "openai-embeddings", "anthropic-messages"):
        assert all(isinstance(text, str) for text in texts_of(dialect, body))
