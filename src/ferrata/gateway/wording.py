"""Whether two short questions may ask the same, as far as their words say.

Embeddings say how near two texts are, and hardly see a number, a negation, or who does what to whom. What is checked here can only
refuse. Numbers with what they count, quotations, signs, negations, words that restrict, question words and all words that name a thing or
an act must be the same, and in one order; endings, capitals, politeness and words like `can` or `the` need not. Synonyms are refused with
that: one word more (`abroad`, `large`) may change the answer, and to ask a model again is cheaper than a wrong one.

Lists of words are English; negations are known in some more languages. In a language that they do not know, every word counts, and a
negation that stands alone on one side may be missed. Knows no vectors.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

__all__ = ["Wording", "may_ask_the_same", "wording_of"]

_QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”|„([^“”]+)[“”]|«([^»]+)»|`([^`]+)`|(?<!\w)'([^']+)'(?!\w)|‘([^’]+)’(?!\w)")
_TOKEN = re.compile(r"(?<![\w.])-?\d+(?:[.,:/-]\d+)*|\d+|[^\W\d_]+(?:['’][^\W\d_]+)*|[$€£¥%°+*/=<>^&|~@#_\\]|[.!?:;\n]")
_ENDS = frozenset(".!?:;\n")
_SIGNS = frozenset("$€£¥%°+*/=<>^&|~@#_\\")
_PASSED_OVER = frozenset(
    "a an the is are am be do does can could would of it its this that there please just what which how what's it's "
    "hello hi hey thanks thank so then one to tell know want about possible".split()
)
# Must be the same on both sides, however often; each changes what is asked even where nothing stands against it.
_TELLING = frozenset(
    "only except instead all every each both always if unless until before after since than more less most least fewer "
    "from why when where who whom whose between during within above below over under up down off out against versus vs "
    "for in on at by with per via through into onto as like today tomorrow yesterday tonight now currently next last "
    "must should may might was were will did had been ago yet still again other another else too or and but".split()
)
_NEGATIONS = frozenset(
    "no not never none nobody nothing nowhere neither nor cannot without non lack lacks "
    "dont doesnt didnt cant couldnt wont wouldnt isnt arent wasnt werent hasnt havent hadnt shouldnt mustnt aint "
    "nicht kein keine keinen keinem keiner nie niemals ohne pas ne jamais sans aucun aucune nunca sin jamás ningún senza "
    "mai não nem sem niet geen nooit zonder inte aldrig utan ikke nie bez не нет без никогда değil".split()
)
_NEGATING_SIGNS = re.compile("[不没沒無无非未別别勿]|ない|ません|안 |못|않")
_PERSONS = {
    **dict.fromkeys(["i", "me", "my", "mine", "myself", "i'm", "i've", "i'd", "i'll"], "i"),
    **dict.fromkeys(["you", "your", "yours", "yourself", "you're"], "you"),
    **dict.fromkeys(["we", "us", "our", "ours", "we're"], "we"),
    **dict.fromkeys(["he", "him", "his"], "he"),
    **dict.fromkeys(["she", "her", "hers"], "she"),
    **dict.fromkeys(["they", "them", "their", "theirs"], "they"),
}
_SPEAKERS = frozenset({"i", "you"})
_NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen twenty".split()
    )
} | {
    **{"thirty": "30", "forty": "40", "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90"},
    **{"hundred": "100", "thousand": "1000", "million": "1e6", "billion": "1e9", "dozen": "12", "half": "1/2"},
    **{"first": "1.", "second": "2.", "third": "3.", "fourth": "4.", "fifth": "5.", "once": "1x", "twice": "2x"},
    **{"double": "2x", "triple": "3x", "quarter": "1/4", "single": "1x"},
}
_ENDINGS = ("'s", "ing", "ies", "ied", "ed", "es", "s", "e", "y")


class Wording(NamedTuple):
    """What of a text must agree with another's.

    Attributes:
        fixed: numbers with the word after them, signs and quotations, in their order.
        counted: negations (as one word) and words that restrict or ask, sorted.
        words: the stems of the others that say something, each where it first comes.
    """

    fixed: tuple[str, ...]
    counted: tuple[str, ...]
    words: tuple[str, ...]


def wording_of(text: str) -> Wording:
    """Read a text; some tens of microseconds for a sentence."""
    plain = unicodedata.normalize("NFKC", text)
    fixed = ['"' + next(filter(None, found.groups())) for found in _QUOTED.finditer(plain)]
    counted = ["not"] * len(_NEGATING_SIGNS.findall(plain))
    words: dict[str, None] = {}
    number: str | None = None  # the one before, which the next word belongs to
    for token in _TOKEN.findall(plain):
        if token in _ENDS:
            number = None
            continue
        low = token.lower().replace("’", "'")
        digits = low if token[-1].isdigit() else _NUMBERS.get(low) if low != "one" else None
        if digits is not None:
            fixed.append(digits)
            number = digits
        elif token in _SIGNS:
            fixed.append(token)
        elif low in _NEGATIONS or low.endswith("n't"):
            counted.append("not")
        elif low in _TELLING:
            counted.append(low)
        elif low not in _PASSED_OVER:
            stem = _PERSONS.get(low) or _stem(low)
            if number is not None:
                fixed.append(stem)
                number = None
            words[stem] = None
    return Wording(tuple(fixed), tuple(sorted(counted)), tuple(words))


def may_ask_the_same(one: Wording, other: Wording) -> bool:
    """Whether nothing in the words says that two texts ask different things; symmetric."""
    if one.fixed != other.fixed or one.counted != other.counted:
        return False
    if one.words == other.words:
        return True
    ones, others = frozenset(one.words), frozenset(other.words)
    more, less = ones - others, others - ones
    # `Your opening hours` are `the opening hours`, but `my limit` is not `your limit`.
    if (more and less) or not (more | less) <= _SPEAKERS:
        return False
    return [word for word in one.words if word in others] == [word for word in other.words if word in ones]


def _stem(word: str) -> str:
    """A word without the ending that only says how it is used; three letters are left at least."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
