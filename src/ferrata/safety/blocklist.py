"""Phrases that a text may not hold: found in whole texts, and in texts that come in pieces.

Case, compatibility forms (full width, ligatures, composed letters) and invisible characters make no difference; a line
end or a tab is a space. A phrase that begins or ends with a letter, digit or `_` is found as whole words only; scripts
that put no spaces between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese) have no such bounds.

Knows no meaning, no other spelling ("b a d", "b4d", two spaces for one), no look-alike letter of another script, and
nothing of who asks.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import category, combining, normalize

from ahocorasick_rs import AhoCorasick

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Blocklist", "Match", "Watch"]

# What is drawn as nothing: Unicode's default ignorable code points that texts have in them.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]+"
)
# Thai to Lao, Burmese, Khmer, kana, Han.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(f"[^\\W{_UNSPACED}]")
# A table is the faster way for ASCII alone.
_ASCII_SPACES = str.maketrans("\t\n\v\f\r", "     ")
_SPACES = re.compile("[\t\n\v\f\r\x85\u2028\u2029]")
# Unicode's own limit for streams: text of people has no more marks on one letter.
_MOST_MARKS = 30


class Match(NamedTuple):
    """A phrase by its index, and where it stands in the text: from `start` up to, not including, `end`."""

    phrase: int
    start: int
    end: int


class Blocklist:
    """Phrases, ready to be looked for.

    Args:
        phrases: at least one letter or sign each.

    Raises:
        UsageError: a phrase holds nothing that can be seen, or begins with a mark that belongs on a letter.
    """

    def __init__(self, phrases: Sequence[str]) -> None:
        folded = [_fold(phrase) for phrase in phrases]
        for phrase, found in zip(phrases, folded, strict=True):
            if not found.strip() or combining(found[0]) or _marks(found) > _MOST_MARKS:
                raise UsageError(
                    f"{phrase!r} cannot be looked for", hint="block a phrase with a letter, a digit or a sign"
                )
        self.phrases = tuple(phrases)
        self._search = AhoCorasick(folded) if folded else None
        self._sorted = sorted(set(folded))
        self._longest = max(map(len, folded), default=0)
        self._bounds = [(_is_word(found[0]), _is_word(found[-1])) for found in folded]
        first = sorted({found[0] for found in folded})
        bound = "".join(re.escape(c) for c in first if _is_word(c))
        free = "".join(re.escape(c) for c in first if not _is_word(c))
        ways = [f"(?<![^\\W{_UNSPACED}])[{bound}]"] * bool(bound) + [f"[{free}]"] * bool(free)
        self._begins = re.compile("|".join(ways))

    def find(self, text: str) -> Match | None:
        """The blocked phrase that ends first, or None."""
        if self._search is None:
            return None
        found = self._first(_fold(text), "", whole=True)
        if found is None or text.isascii():
            return found
        starts = _places(text)
        return Match(found.phrase, starts[found.start], _end_of(starts, found.end, len(text)))

    def watch(self) -> Watch:
        """A fresh watch, for one text that comes in pieces."""
        return Watch(self)

    def _first(self, folded: str, before: str, *, whole: bool) -> Match | None:
        """The first phrase in a folded text that follows `before` (a character, or nothing).

        Without `whole`, a phrase at the very end is none yet where what follows decides.
        """
        if self._search is None:
            return None
        for phrase, start, end in self._search.find_matches_as_indexes(folded, overlapping=True):
            begins, ends = self._bounds[phrase]
            if begins and (left := folded[start - 1] if start else before) and _is_word(left):
                continue
            if ends and (_is_word(folded[end]) if end < len(folded) else not whole):
                continue
            return Match(phrase, start, end)
        return None

    def _held(self, folded: str, before: str) -> int:
        """Where the longest end of a folded text begins that may still become a phrase; its length: none may."""
        size = len(folded)
        # Marks that come later may stand before those that are there: what counts is the letter under them.
        letter = size
        while letter and combining(folded[letter - 1]):
            letter -= 1
        if size - letter > _MOST_MARKS:
            letter = size
        text, shift = before + folded, len(before)
        for found in self._begins.finditer(text, max(shift, shift + letter - self._longest)):
            start = found.start()
            if start and not text[start - 1].isascii() and _is_word(text[start]) and _is_word(text[start - 1]):
                continue
            if self._is_begin(text[start:]) or (letter < size and self._is_begin(text[start : shift + letter])):
                return start - shift
        return size

    def _is_begin(self, folded: str) -> bool:
        at = bisect_left(self._sorted, folded)
        return bool(folded) and at < len(self._sorted) and self._sorted[at].startswith(folded)


class Watch:
    """Looks for blocked phrases in a text that comes in pieces, and lets go what can no longer be part of one.

    Attributes:
        blocked: index of the phrase that was found; nothing is let go after it.
    """

    __slots__ = ("_before", "_held", "_hidden", "_list", "blocked")

    def __init__(self, blocklist: Blocklist) -> None:
        self._list = blocklist
        # What waits; invisible characters behind it; the last character (folded) of what went out.
        self._held = ""
        self._hidden: list[str] = []
        self._before = ""
        self.blocked: int | None = None

    def feed(self, text: str) -> str:
        """What may go out now that `text` has come; together with what comes later it is the text itself."""
        if self.blocked is not None:
            return ""
        if self._held and not text.isascii() and not _HIDDEN.sub("", text):
            # Else any number of them would be looked at again and again.
            self._hidden.append(text)
            return ""
        return self._go_on(self._waiting() + text, end=False)

    def end(self) -> str:
        """What waited, once the text is over."""
        return "" if self.blocked is not None else self._go_on(self._waiting(), end=True)

    def _waiting(self) -> str:
        if not self._hidden:
            return self._held
        text = self._held + "".join(self._hidden)
        self._hidden.clear()
        return text

    def _go_on(self, text: str, *, end: bool) -> str:
        folded = _fold(text)
        found = self._list._first(folded, self._before, whole=end)  # pyright: ignore[reportPrivateUsage]
        if found is not None:
            self.blocked, self._held = found.phrase, ""
            return text[: found.start if text.isascii() else _places(text)[found.start]]
        held = len(folded) if end else self._list._held(folded, self._before)  # pyright: ignore[reportPrivateUsage]
        cut = held
        if not text.isascii():
            cut = len(text)
            if held < len(folded):
                # A character may fold into several, and goes out whole.
                places = _places(text)
                cut = places[held]
                held = bisect_left(places, cut)
        if held:
            self._before = folded[held - 1]
        self._held = text[cut:]
        return text[:cut]


def _fold(text: str) -> str:
    if text.isascii():
        # What can be printed has no line ends or tabs; asking that is much quicker than replacing them.
        return text.lower() if text.isprintable() else text.lower().translate(_ASCII_SPACES)
    # Case first, for a mark that is a letter then (U+0345); and again, for letters that come of others.
    found = normalize("NFKD", _HIDDEN.sub("", text).casefold()).casefold()
    return _SPACES.sub(" ", normalize("NFKD", found))


def _places(text: str) -> list[int]:
    """The place in the text for each character of `_fold(text)`: that of the letter whose mark it is."""
    places = list[int]()
    at, size = 0, len(text)
    while at < size:
        end = at + 1
        while end < size and _joins(text[end]):
            end += 1
        places += [at] * len(_fold(text[at:end]))
        at = end
    return places


def _joins(char: str) -> bool:
    """Whether it belongs to the character before it."""
    return not char.isascii() and (
        _HIDDEN.match(char) is not None or combining(normalize("NFKD", char.casefold())[0]) != 0
    )


def _end_of(places: list[int], end: int, size: int) -> int:
    """The place in the text where the folded characters before `end` are over."""
    last = places[end - 1]
    return next((place for place in places[end:] if place > last), size)


def _is_word(char: str) -> bool:
    if char.isascii():
        return char.isalnum() or char == "_"
    return _WORD.match(char) is not None or (category(char)[0] == "M" and not "\u0e00" <= char <= "\u0eff")


def _marks(folded: str) -> int:
    """The most marks on one letter."""
    most = run = 0
    for char in folded:
        run = run + 1 if combining(char) else 0
        most = max(most, run)
    return most
