"""A prompt in another dialect renders to the same messages, and what is lost is said."""

from __future__ import annotations

import pytest

from ferrata.errors import UsageError
from ferrata.messages import Message
from ferrata.prompts import DIALECTS, convert_prompt, new_prompt, parse_prompt, render_prompt, techniques

HISTORY = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]


@pytest.mark.parametrize("technique", list(techniques()))
@pytest.mark.parametrize("to", DIALECTS)
@pytest.mark.parametrize("via", DIALECTS)
def test_there_and_back(technique: str, to: str, via: str) -> None:
    first = parse_prompt(new_prompt("support", technique=technique))
    middle = parse_prompt(convert_prompt(first, via).text)  # pyright: ignore[reportArgumentType]
    last = parse_prompt(convert_prompt(middle, to).text)  # pyright: ignore[reportArgumentType]
    assert (middle.dialect, last.dialect) == (via, to)
    assert (last.name, last.description, last.sample) == (first.name, first.description, first.sample)
    assert [(one.name, one.kind) for one in last.inputs] == [(one.name, one.kind) for one in first.inputs]
    words = [[(m.role, m.text.split()) for m in render_prompt(p)] for p in (first, last)]
    assert words[0] == words[1]


def test_the_same_dialect_is_the_same_text() -> None:
    prompt = parse_prompt(new_prompt("support"))
    assert convert_prompt(prompt, "prompty-v2") == (prompt.text, ())


@pytest.mark.parametrize(
    "body",
    [
        "system:\nAct.\n\n{{thread}}\n\nuser:\n{{q}}\n",
        "system:\nAct.\n\nuser:\n{{thread}}\n\n{{q}}\n",
        "{{thread}}\nuser:\n{{q}}\n",
    ],
)
@pytest.mark.parametrize("to", ["prompty-v1", "promptflow"])
def test_a_thread_becomes_a_loop(body: str, to: str) -> None:
    header = "model: m\ninputs: [{name: thread, kind: thread}, {name: q, kind: string}]"
    prompt = parse_prompt(f"---\n{header}\n---\n{body}")
    other = parse_prompt(convert_prompt(prompt, to).text)  # pyright: ignore[reportArgumentType]
    given = {"thread": HISTORY, "q": "and?"}
    assert render_prompt(other, given) == render_prompt(prompt, given)
    assert render_prompt(other, given)[-3:] == (
        Message("user", "hi"),
        Message("assistant", "hello"),
        Message("user", "and?"),
    )


def test_tools_and_outputs_keep_their_meaning() -> None:
    text = """---
model: {id: gpt-4o, provider: openai, options: {temperature: 0, maxOutputTokens: 9, stopSequences: [x]}}
inputs: [{name: q, kind: string, default: hi}]
outputs: [{name: n, kind: integer}]
tools:
- name: look_up
  kind: function
  description: Looks up
  parameters: [{name: unit, kind: string, enumValues: [a, b], required: true}]
---
user:
{{q}}
"""
    first = parse_prompt(text)
    for to in ("prompty-v1", "promptflow"):
        other = parse_prompt(convert_prompt(first, to).text)
        assert (other.tools, other.model.parameters) == (first.tools, first.model.parameters)
        assert other.output is not None
        assert first.output is not None
        assert other.output.schema == first.output.schema


@pytest.mark.parametrize(
    ("header", "to", "lost"),
    [
        ("model: m\nmetadata: {owner: ann}", "promptflow", "`metadata.owner`"),
        ("model: {id: m, provider: anthropic}", "promptflow", "`model.provider: anthropic`"),
        ("model: m\ntools: [{name: f, kind: mcp}]", "prompty-v1", "the mcp tool 'f' is not sent to the model"),
        ("model: m\ninputs: [{name: a, kind: string, enumValues: [x]}]", "prompty-v1", "`inputs.a.enumValues`"),
        ("authors: [ann]\nmodel: {api: chat}", "promptflow", "`authors`"),
        (
            "model: {configuration: {type: azure_openai, connection: c}}",
            "prompty-v1",
            "Prompty v1 has no named connections",
        ),
        ("environment_variables: {A: b}\nmodel: {api: chat}", "prompty-v2", "`environment_variables`"),
        ("model: {response: all}", "prompty-v2", "`model.response`"),
        (
            "model: {configuration: {type: azure_openai, api_version: x}}",
            "prompty-v2",
            "`model.configuration.api_version`",
        ),
        ("inputs: {h: {type: list, is_chat_history: true}}", "prompty-v2", "`inputs.h.is_chat_history`"),
    ],
)
def test_what_is_lost_is_said(header: str, to: str, lost: str) -> None:
    found = convert_prompt(parse_prompt(f"---\n{header}\n---\nuser:\nhi\n"), to)  # pyright: ignore[reportArgumentType]
    assert any(lost in one for one in found.lost), found.lost


def test_prompt_flow_has_no_mustache() -> None:
    prompt = parse_prompt("---\ntemplate: {format: {kind: mustache}}\n---\nuser:\n{{#a}}x{{/a}}")
    with pytest.raises(UsageError, match="has no Mustache"):
        convert_prompt(prompt, "promptflow")
    assert parse_prompt(convert_prompt(prompt, "prompty-v1").text).engine == "mustache"
