from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ferrata.markup import code, escaped, shortened

_render = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render
_text = st.text(alphabet=st.one_of(st.sampled_from("|`\\*_[]()<>#!~&:/.-+1@$ x\n"), st.characters()), max_size=40)


def _shown(html: str) -> str:
    from html import unescape

    return unescape(re.sub(r"<!-- -->|</?\w[^>]*>", "", html))


@given(_text)
def test_escaped_text_shows_as_it_is(text: str) -> None:
    html = _render(f"| a |\n| - |\n| {escaped(text)} |\n")
    assert re.findall(r"</?(\w+)", html.replace("<!-- -->", "")) == [
        "table", "thead", "tr", "th", "th", "tr", "thead", "tbody", "tr", "td", "td", "tr", "tbody", "table",
    ]  # fmt: skip
    cell = re.search(r"<td>(.*)</td>", html, re.DOTALL)
    assert cell is not None and _shown(cell[1]) == shortened(text, 240)


@given(_text)
def test_escaped_text_in_a_list_starts_no_block(text: str) -> None:
    html = _render(f"- {escaped('x' if not text.strip() else text)}\n")
    assert re.findall(r"</?(\w+)", html.replace("<!-- -->", "")) == ["ul", "li", "li", "ul"]


@given(_text)
def test_code_shows_as_it_is(text: str) -> None:
    line = shortened(text, 120)
    if not line:
        return
    for html in (_render(f"x {code(text)} x"), _render(f"| a |\n| - |\n| x {code(text, cell=True)} x |\n")):
        span = re.search(r"x <code>(.*)</code> x", html, re.DOTALL)
        assert span is not None and _shown(span[1]) == line


@pytest.mark.parametrize(
    "text",
    ["see #12", "fixes GH-12", "merge !7", "milestone %3", "hi @ann", "https://evil.example", "www.evil.example"],
)
def test_nothing_is_left_that_a_forge_would_link(text: str) -> None:
    html = _render(escaped(text))
    assert _shown(html).strip() == text
    assert not re.search(r"(#|GH-|!|%)\d|@\w|://|www\.", html)
