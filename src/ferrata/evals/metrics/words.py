"""Words as nltk and azure-ai-evaluation cut them: the Penn Treebank's rules, sentence by sentence; other rules beyond ASCII.

The rules for words are those of nltk's `word_tokenize` (R. MacIntyre's tokenizer for the Penn Treebank, with nltk's
additions) and of its international NIST tokenizer, which azure-ai-evaluation takes for every text that is not ASCII. The
split into sentences is our own: nltk's needs a trained model that is not part of the package. It decides only whether a
period inside of a text is a token of its own, and decides by a list of abbreviations where nltk asks its model; so tokens can
differ at abbreviations. Knows no metric.
"""

from __future__ import annotations

import re
import string
import unicodedata
from functools import cache
from typing import Final

__all__ = ["split_sentences", "tokenize_words"]

# What may follow the sign that ends a sentence and still belong to it.
_END: Final = re.compile(r"[.!?][\])}\"']*\s+(?=\S)")
_OPENING: Final = "([{<\"'`"
_ABBREVIATIONS: Final = frozenset(
    "mr mrs ms messrs dr prof rev hon gen col maj capt cmdr lt sgt sen rep reps gov pres jr sr st ave bros co corp inc ltd cie"
    " jan feb mar aug sep sept oct nov dec mon tue tues wed thu thur thurs fri vs mg ft chg conn ct wis"
    " calif colo fla ga ill kan ky mich minn nev okla ore pa tenn tex va vt wash"
    " u.s u.k u.n a.m p.m ph.d n.y d.c l.a m.b.a n.j n.h n.c n.d n.m s.c s.a n.v b.v s.p.a".split()
)
# Words that begin a sentence when they stand, with a capital, behind an abbreviation.
_OPENERS: Final = frozenset(
    "the a an it he she they we you this that these those there but and however if when while although since after as in on at"
    " for by with from so then also its his her their our my yet still".split()
)

_Rule = tuple[frozenset[str], re.Pattern[str], str]


def _rules(*rows: tuple[str, str, str]) -> tuple[_Rule, ...]:
    """Rules, applied in order: signs of which the text must have one, what is looked for, what is put there."""
    return tuple((frozenset(signs), re.compile(pattern), instead) for signs, pattern, instead in rows)


_QUOTES: Final = _rules(
    ("`", r"`+", r" \g<0> "),
    ('"', r'^"', "``"),
    ('`"', r"``", " `` "),
    ("\"'", r"([ (\[{<])(?:\"|'')", r"\1 `` "),
    ("'", r"(?i)(?<!\w)'(?!(?:re|ve|ll|m|t|s|d|n)\b)(?=\w)", "' "),
)
_SIGNS: Final = _rules(
    (":,", r"([:,])([^\d])", r" \1 \2"),
    (":,", r"([:,])$", r" \1 "),
    (".", r"\.{2,}", r" \g<0> "),
    (";@#$%&", r"[;@#$%&]", r" \g<0> "),
    ("?!", r"[?!]", r" \g<0> "),
    ("'", r"([^'])' ", r"\1 ' "),
    ("*", r"\*", " * "),
    ("()[]{}<>", r"[\]\[(){}<>]", r" \g<0> "),
    ("-", r"--", " -- "),
)
# The period at the end of a sentence, and what may follow it.
_LAST: Final = re.compile(r"([^.])\.([\])}>\"' ]*+)\s*$")
_AFTER_LAST: Final = "])}>\"'" + string.whitespace
_CLITIC: Final = re.compile(r"([^' ])('[sSmMdD]|') ")
_LONG_CLITIC: Final = re.compile(r"([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ")
_JOINED: Final = re.compile(
    r"(?i)\b(can(?=not)|d(?='ye)|gim(?=me)|gon(?=na)|got(?=ta)|lem(?=me)|more(?='n)|wan(?=na\s))(not|'ye|me|na|ta|'n)\b"
)
_CUT: Final = ("cannot", "d'ye", "gimme", "gonna", "gotta", "lemme", "more'n", "wanna")
_TIS: Final = re.compile(r"(?i) ('t)(is|was)\b")


def tokenize_words(text: str) -> list[str]:
    """The words and signs of a text, case kept: `"I can't."` -> `["I", "ca", "n't", "."]`.

    A text with any sign beyond ASCII goes by the international rules, which leave a sign of punctuation at the word before
    it unless a letter or sign stands beside it, and separate ASCII from what is not (`café` -> `caf é`), as in nltk.
    """
    if not text.isascii():
        return _international(text)
    signs, lower = set(text), text.lower()
    quotes, rest = ([rule for rule in rules if not rule[0].isdisjoint(signs)] for rules in (_QUOTES, _SIGNS))
    cut = any(word in lower for word in _CUT)
    return [token for sentence in split_sentences(text) for token in _treebank(sentence, quotes, rest, cut=cut)]


def split_sentences(text: str) -> list[str]:
    """The sentences of an English text, without the white space around them."""
    sentences: list[str] = []
    begin = 0
    for match in _END.finditer(text):
        word = text[max(begin, match.start() - 40) : match.start() + 1].split()[-1]
        if _ends_sentence(word.lstrip(_OPENING), text[match.end() : match.end() + 40].split()[0]):
            sentences.append(text[begin : match.end()].strip())
            begin = match.end()
    last = text[begin:].strip()
    return [*sentences, last] if last else sentences


def _ends_sentence(word: str, following: str) -> bool:
    """Whether a word that ends with a period, question or exclamation mark ends its sentence."""
    if not word.endswith("."):
        return True
    name = word[:-1].lower()
    opens = following[0].isupper() and following.strip(_OPENING + ",.;:!?").lower() in _OPENERS
    if name.endswith(".") or not name:
        return opens
    if name.lstrip("-").replace(".", "").replace(",", "").isdigit():
        return not (following[0].islower() or following[0] in ",;:.!?")
    if len(name) == 1 and name.isalpha():
        return opens
    return opens or name.rpartition("-")[2] not in _ABBREVIATIONS


def _treebank(text: str, quotes: list[_Rule], signs: list[_Rule], *, cut: bool) -> list[str]:
    """The tokens of one sentence in ASCII, by the rules that may concern it; `cut` says whether two words may be in one."""
    for _, pattern, instead in quotes:
        text = pattern.sub(instead, text)
    before = len(text.rstrip(_AFTER_LAST)) - 2
    if before >= 0 and text[before + 1] == ".":
        text = text[:before] + _LAST.sub(r"\1 . \2 ", text[before:])
    for _, pattern, instead in signs:
        text = pattern.sub(instead, text)
    quoted = bool(quotes)
    if quoted:
        text = f" {text} ".replace("''", " '' ").replace('"', " '' ")
        text = " ".join(f"_{text}_".split())[1:-1]
        text = _LONG_CLITIC.sub(r"\1 \2 ", _CLITIC.sub(r"\1 \2 ", text))
    if cut:
        text = _JOINED.sub(r" \1 \2 ", f" {text} ")
    return (_TIS.sub(r" \1 \2 ", text) if quoted else text).split()


@cache
def _classes() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Punctuation behind and before what is no number, and symbols; made at first use, as that takes longer than a row.

    Emoji and other signs beyond the basic plane are in none, as in nltk's tables. Signs that are neither number nor separator, and neither ideographs nor Hangul: what nltk's table has for "no number".
    """
    kinds: dict[str, list[str]] = {"P": [], "S": [], "other": []}
    for code in (*range(0x20, 0xD800), *range(0xE000, 0x10000)):
        kind = unicodedata.category(sign := chr(code))[0]
        if kind in "PS":
            kinds[kind].append(sign)
        if kind not in "NZC" and not (0x3400 <= code < 0xA000 or 0xAC00 <= code < 0xD7A4):
            kinds["other"].append(sign)
    sign, symbol, other = (re.escape("".join(kinds[kind])) for kind in ("P", "S", "other"))
    return re.compile(f"([{other}])([{sign}])"), re.compile(f"([{sign}])([{other}])"), re.compile(f"[{symbol}]")


_ASCII: Final = re.compile(r"[\x00-\x7f]+")
_ENTITIES: Final = (
    ("&gt;", ">"),
    ("&lt;", "<"),
    ("&apos;", "'"),
    ("&quot;", '"'),
    ("&#124;", "|"),
    ("&#91;", "["),
    ("&#93;", "]"),
)


def _international(text: str) -> list[str]:
    text = text.replace("<skipped>", "").replace("\u2028", " ")
    if "&" in text:
        for entity, sign in _ENTITIES:
            text = text.replace(entity, sign)
        text = text.replace("&amp;", "&")
    behind, before, symbol = _classes()
    text = behind.sub(r"\1 \2 ", _ASCII.sub(r" \g<0> ", text))
    return symbol.sub(r" \g<0> ", before.sub(r" \1 \2", text)).split()
