"""Whatever a file holds, it is read and rendered, or refused with an error of ours."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ferrata.errors import FerrataError
from ferrata.prompts import convert_prompt, lint_text, parse_prompt, prompt_meaning, render_prompt

PIECES = st.sampled_from(
    [
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "{{x}}",
        "{{ x.a }}",
        "{{x|upper}}",
        "{% for i in x %}",
        "{% endfor %}",
        "{% if x %}",
    ]
    + [
        "{% endif %}",
        "{{#x}}",
        "{{/x}}",
        "{{^x}}",
        "{{{x}}}",
        "{{=<% %>=}}",
        "system:\n",
        "user:\n",
        "assistant:\n",
        "tool:\n",
    ]
    + [
        "## tool_call_id:\n",
        "## content:\n",
        "## tool_calls:\n",
        "![image](",
        ")",
        "\n",
        "text ",
        "\ufdd0",
        "\ufdd3",
        "{{x.role}}:\n",
    ]
)
BODIES = st.lists(PIECES | st.text(max_size=8), max_size=14).map("".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["role", "content", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        "name",
        "model",
        "inputs",
        "outputs",
        "sample",
        "tools",
        "template",
        "metadata",
        "configuration",
        "parameters",
        "api",
        "id",
    ]
    + [
        "options",
        "connection",
        "kind",
        "type",
        "default",
        "format",
        "parser",
        "response_format",
        "tool_choice",
        "properties",
        "x",
    ]
)
YAML = st.recursive(
    st.sampled_from(
        ["1", "x", "null", "true", '""', "${file:a}", "jinja2", "mustache", "chat", "string", "thread", "list"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.tuples(KEYS, inner), max_size=3).map(
            lambda pairs: "{" + ", ".join(f"{k}: {v}" for k, v in pairs) + "}"
        )
    ),
    max_leaves=8,
)


@given(BODIES, VALUES, st.sampled_from(["jinja2", "mustache"]))
def test_templates_and_values(body: str, value: object, engine: str) -> None:
    text = f"---\ntemplate: {{format: {{kind: {engine}}}}}\n---\n{body}"
    try:
        messages = render_prompt(parse_prompt(text), {"x": value})
    except FerrataError:
        return
    assert all(message.role in ("system", "user", "assistant", "tool") for message in messages)
    if "system:" not in body:
        assert [message.role for message in messages[1:]].count("system") == 0


@given(st.lists(st.tuples(KEYS, YAML), max_size=4), BODIES)
def test_front_matter(pairs: list[tuple[str, str]], body: str) -> None:
    header = "\n".join(f"{key}: {value}" for key, value in pairs)
    text = f"---\n{header}\n---\n{body}"
    assert isinstance(lint_text(text), list)
    try:
        prompt = parse_prompt(text)
        prompt_meaning(prompt)
        for dialect in ("prompty-v1", "prompty-v2", "promptflow"):
            convert_prompt(prompt, dialect)
    except FerrataError:
        return
