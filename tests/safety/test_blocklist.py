"""Blocked phrases are found however they are written, and however the text is cut."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ferrata.errors import UsageError
from ferrata.safety import Blocklist, Match

FOUND = [
    ("project falcon", "This is Project Falcon.", (8, 22)),
    ("project falcon", "PROJECT\nFALCON", (0, 14)),
    ("Straße", "in der STRASSE", (7, 14)),
    ("café", "un cafe\u0301!", (3, 8)),
    ("cafe\u0301", "un CAFÉ!", (3, 7)),
    ("office", "the oﬃce", (4, 8)),
    ("falcon", "ｆａｌｃｏｎ", (0, 6)),
    ("falcon", "fal\u200bcon", (0, 7)),
    ("falcon", "fal\u00adcon", (0, 7)),
    ("fal\u200bcon", "falcon", (0, 6)),
    ("bad", "bad", (0, 3)),
    ("bad", "(bad)", (1, 4)),
    ("bad", "это bad.", (4, 7)),
    ("$$$", "win$$$now", (3, 6)),
    ("#tag", "x#tag", (1, 5)),
    ("暴力", "これは暴力的です", (3, 5)),
    ("bad", "これはbadです", (3, 6)),
    ("việt", "VIE\u0302\u0323T", (0, 6)),
]
NOT_FOUND = [
    ("bad", "badly"),
    ("bad", "embad"),
    ("bad", "ba d"),
    ("cafe", "un café"),
    ("cafe", "un cafe\u0301"),
    ("bad", "_bad"),
    ("bad", "bad\u200bly"),
    ("#tag", "#tags"),
]


@pytest.mark.parametrize(("phrase", "text", "place"), FOUND)
def test_a_phrase_is_found_however_it_is_written(phrase: str, text: str, place: tuple[int, int]) -> None:
    assert Blocklist(["other", phrase]).find(text) == Match(1, *place)
    for size in (1, 2, 3):
        watch = Blocklist([phrase]).watch()
        out = "".join(watch.feed(text[i : i + size]) for i in range(0, len(text), size)) + watch.end()
        assert (out, watch.blocked) == (text[: place[0]], 0)


@pytest.mark.parametrize(("phrase", "text"), NOT_FOUND)
def test_words_that_hold_a_phrase_are_other_words(phrase: str, text: str) -> None:
    assert Blocklist([phrase]).find(text) is None
    watch = Blocklist([phrase]).watch()
    assert ("".join(map(watch.feed, text)) + watch.end(), watch.blocked) == (text, None)


def test_a_phrase_within_another_word_hides_none() -> None:
    assert Blocklist(["ab", "ab cd"]).find("xab ab cd") == Match(0, 4, 6)
    assert Blocklist(["abcd", "bc"]).find("abcde (bc)") == Match(1, 7, 9)


def test_text_waits_only_as_long_as_it_may_become_a_phrase() -> None:
    watch = Blocklist(["project falcon"]).watch()
    fed = ["The ", "pro", "ject ", "is a ", "project", " Fal", "staff.", " p"]
    assert [watch.feed(piece) for piece in fed] == ["The ", "", "", "project is a ", "", "", "project Falstaff.", " "]
    assert watch.end() == "p"


def test_a_phrase_that_needs_no_bound_is_blocked_at_once() -> None:
    watch = Blocklist(["bad!"]).watch()
    assert (watch.feed("so bad"), watch.blocked) == ("so ", None)
    assert (watch.feed("!"), watch.blocked) == ("", 0)
    assert (watch.feed("more"), watch.end()) == ("", "")


def test_a_flood_of_invisible_characters_is_not_looked_at_again_and_again() -> None:
    watch = Blocklist(["bad"]).watch()
    assert watch.feed("ba") == ""
    for _ in range(50_000):
        assert watch.feed("\u200b") == ""
    assert watch.feed("c") == "ba" + "\u200b" * 50_000 + "c"


def test_no_phrases_block_nothing() -> None:
    watch = Blocklist([]).watch()
    assert (Blocklist([]).find("x"), watch.feed("a"), watch.end()) == (None, "a", "")


@pytest.mark.parametrize("phrase", ["", " ", "\u200b", "\u0301x", "a" + "\u0301" * 31])
def test_a_phrase_that_shows_nothing_is_refused(phrase: str) -> None:
    with pytest.raises(UsageError, match="cannot be looked for"):
        Blocklist([phrase])


LETTERS = st.text("aAbß \u00e4\u0308\u0323\u200b\u00ad.1ﬁfi力각가\u11a8\u0345ώ$İ", max_size=14)
PHRASES = st.lists(LETTERS.filter(lambda p: len(p) < 6), min_size=1, max_size=4)


@given(phrases=PHRASES, text=LETTERS, cuts=st.lists(st.integers(0, 14), max_size=8))
@example(phrases=["a\u0323\u0308"], text="a\u0308\u0323", cuts=[1])
@example(phrases=["a\u0308"], text="a\u200b\u0308", cuts=[1, 2])
def test_no_cutting_of_a_text_lets_a_phrase_through(phrases: list[str], text: str, cuts: list[int]) -> None:
    try:
        blocklist = Blocklist(phrases)
    except UsageError:
        return
    found = blocklist.find(text)
    at = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    watch = blocklist.watch()
    out = "".join(watch.feed(text[a:b]) for a, b in zip(at, at[1:], strict=False)) + watch.end()
    if found is None:
        assert (out, watch.blocked) == (text, None)
        return
    assert watch.blocked is not None
    assert text.startswith(out)
    assert len(out) <= found.start


@given(phrase=LETTERS, before=LETTERS, after=LETTERS)
def test_a_phrase_between_spaces_is_found_in_any_of_its_forms(phrase: str, before: str, after: str) -> None:
    try:
        blocklist = Blocklist([phrase])
    except UsageError:
        return
    for form in (phrase, phrase.upper(), *(unicodedata.normalize(f, phrase) for f in ("NFC", "NFD", "NFKC", "NFKD"))):
        # Two letters that Unicode's own mappings do not bring back: dotted I, and the small iota below.
        if form != phrase and set("İ\u0345ώ") & set(phrase):
            continue
        text = f"{before} . {form} . {after}"
        found = blocklist.find(text)
        assert found is not None
        assert 0 <= found.start < found.end <= len(text)
