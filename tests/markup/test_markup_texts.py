from __future__ import annotations

import pytest

from ferrata.markup import one_line, safe_url, shortened, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\n b\t c", "a b c"),
        ("\x1b[31mred", "\\u001b[31mred"),
        ("gpj.\u202egnp", "gpj.\\u202egnp"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("日本 ñ 👩\u200d💻", "日本 ñ 👩\u200d💻"),
    ],
)
def test_one_line_shows_what_hides(text: str, shown: str) -> None:
    assert one_line(text) == shown


def test_shortened_keeps_both_ends() -> None:
    assert shortened("a" * 10 + "z" * 10, 10) == "aaaaaa…zzz"
    assert shortened("short", 10) == "short"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://forge.example/a#L1", True),
        ("http://forge.example/a", False),
        ("javascript:alert(1)", False),
        (" https://x.example", False),
        ("https://x.example/\u202ea", False),
        ("https://x.example/a b", False),
    ],
)
def test_only_plain_https_addresses_are_links(url: str, kept: bool) -> None:
    assert safe_url(url) == (url if kept else None)


def test_visible_keeps_lines_and_shows_what_hides() -> None:
    assert visible("a\tb\r\nc\x1b[2J\u202e") == "a   b\nc\\u001b[2J\\u202e"
