"""Porter's stemmer with the changes that nltk makes by default, which rouge-score and nltk's METEOR use.

M. Porter, An algorithm for suffix stripping, Program 14 (3), 1980. English only. Knows nothing of texts and scores.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Final

__all__ = ["stem"]

_VOWELS: Final = frozenset("aeiou")

# Words that nltk does not send through the rules.
_IRREGULAR: Final = {
    **{word: word for word in ("sky", "news", "inning", "outing", "canning", "howe", "proceed", "exceed", "succeed")},
    "skies": "sky",
    "dying": "die",
    "lying": "lie",
    "tying": "tie",
    "innings": "inning",
    "outings": "outing",
    "cannings": "canning",
}

# Suffix -> what replaces it where something of measure 1 or more is left (steps 2 and 3) or of measure 2 or more (step 4).
# Of two that fit, the longer one counts, so it stands first.
_STEP_2: Final = (
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
)
_STEP_3: Final = (
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
)
_STEP_4: Final = (
    *("al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism"),
    *("ate", "iti", "ous", "ive", "ize"),
)


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """The stem of a lower-case word: `"running"` -> `"run"`. Texts repeat words, so the latest 65,536 are remembered."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 2:
        return word
    word = _past_and_progressive(_plural(word))
    if word.endswith("y") and len(word) > 2 and _consonants(word[:-1])[-1]:
        word = word[:-1] + "i"
    return _last_letters(_suffix(_step_3(_step_2(word))))


def _consonants(word: str) -> list[bool]:
    """For each letter whether it counts as a consonant; a `y` does where the letter before it does not."""
    flags: list[bool] = []
    before = False
    for letter in word:
        before = (not before) if letter == "y" else letter not in _VOWELS
        flags.append(before)
    return flags


def _measure(word: str) -> int:
    """How often a vowel is followed by a consonant."""
    return sum(after and not before for before, after in pairwise(_consonants(word)))


def _ends_short(word: str) -> bool:
    """Whether a word ends consonant, vowel, consonant, the last none of w, x, y; of two letters: vowel, consonant."""
    flags = _consonants(word)
    if len(word) == 2:
        return flags == [False, True]
    return flags[-3:] == [True, False, True] and word[-1] not in "wxy"


def _plural(word: str) -> str:
    if word.endswith("ies"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("sses"):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _past_and_progressive(word: str) -> str:
    if word.endswith("ied"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) else word
    left = word[:-2] if word.endswith("ed") else word[:-3] if word.endswith("ing") else ""
    if all(_consonants(left)):
        return word
    if left.endswith(("at", "bl", "iz")):
        return left + "e"
    if len(left) > 1 and left[-1] == left[-2] and _consonants(left)[-1]:
        return left if left[-1] in "lsz" else left[:-1]
    return left + "e" if _measure(left) == 1 and _ends_short(left) else left


def _step_2(word: str) -> str:
    if word.endswith("alli") and _measure(word[:-4]):
        return _step_2(word[:-2])
    for suffix, instead in _STEP_2:
        if word.endswith(suffix):
            left = word[: -len(suffix)]
            return left + instead if _measure(left) else word
    if word.endswith("logi") and _measure(word[:-3]):
        return word[:-1]
    return word


def _step_3(word: str) -> str:
    for suffix, instead in _STEP_3:
        if word.endswith(suffix):
            left = word[: -len(suffix)]
            return left + instead if _measure(left) else word
    return word


def _suffix(word: str) -> str:
    for suffix in _STEP_4:
        if word.endswith(suffix):
            left = word[: -len(suffix)]
            fits = _measure(left) > 1 and (suffix != "ion" or left[-1] in "st")
            return left if fits else word
    return word


def _last_letters(word: str) -> str:
    if word.endswith("e"):
        left = word[:-1]
        measure = _measure(left)
        if measure > 1 or (measure == 1 and not _ends_short(left)):
            word = left
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word
