"""Tokenizers that published metrics are defined over: mteval's 13a (sacrebleu), rouge-score's, and the words of SQuAD's F1.

Each gives exactly the tokens of the implementation that it is named after, so that scores can be compared. The words
of nltk are in `words`. Knows no metric.
"""

from __future__ import annotations

import re
import string
from typing import Final

from ferrata.evals.metrics.stemming import stem

__all__ = ["normalize_text", "tokenize_13a", "tokenize_answer", "tokenize_plain"]

# By bytes, as that is several times faster than looking for runs: what is not ASCII becomes "?" first, and so a space.
_PLAIN: Final = bytes(code if chr(code) in string.ascii_lowercase + string.digits else 0x20 for code in range(256))
_ARTICLE: Final = re.compile(r"\b(?:a|an|the)\b")
_ARTICLES: Final = frozenset(("a", "an", "the"))
_NO_PUNCTUATION: Final = str.maketrans("", "", string.punctuation)

# 13a: everything of these is a token of its own; a period or comma is, unless digits stand on both sides; so is a hyphen
# after a digit.
_ALONE: Final = r"{-~\[-`!-&(-+:-@/"
_LETTER: Final = rf"[^\s.,\-{_ALONE}]"
_TAIL: Final = rf"(?:(?:(?<![0-9])-|(?<=[0-9])[.,](?=[0-9])){_LETTER}*)*"
_13A: Final = re.compile(rf"{_LETTER}+{_TAIL}|(?<![0-9])-{_LETTER}*{_TAIL}|[.,\-{_ALONE}]")
# Periods and commas in a row before a digit: mteval takes what is no digit and what follows in pairs, from the left, so that
# the last one of the row may stay with the digit.
_ROW: Final = re.compile(r"(?<![.,])[.,]{2,}(?=[0-9])")
_DIGITS: Final = frozenset(string.digits)


def tokenize_13a(text: str) -> list[str]:
    """The tokens of mteval-v13a, sacrebleu's default for BLEU; case is kept.

    Source: NIST's mteval-v13a.pl, as sacrebleu 2 reads it.
    """
    text = text.rstrip().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    if "&" in text:
        text = text.replace("&quot;", '"').replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
    rows = list(_ROW.finditer(text))
    if not rows:
        return _13A.findall(text)
    tokens: list[str] = []
    begin = 0
    for row in rows:
        before = text[row.start() - 1 : row.start()]
        joined = len(row[0]) % 2 == (1 if before in _DIGITS else 0)
        end = row.end() - 1 if joined else row.end()
        tokens += _13A.findall(text, begin, end)
        begin = end
        if joined:
            begin = _number(text, end)
            tokens.append(text[end:begin])
    return tokens + _13A.findall(text, begin)


def _number(text: str, begin: int) -> int:
    """Where the token ends that begins with a period or comma and goes on with a digit."""
    found = _13A.match(text, begin + 1)
    return begin + 1 if found is None else found.end()


def tokenize_plain(text: str, *, stems: bool = False) -> list[str]:
    """The tokens of rouge-score: runs of a to z and 0 to 9 in lower case; all else separates, letters of other scripts too.

    Args:
        text: any text.
        stems: whether words of more than three letters are reduced to their stem (`use_stemmer` of rouge-score).
    """
    tokens = text.lower().encode("ascii", "replace").translate(_PLAIN).decode("ascii").split()
    return [stem(token) if len(token) > 3 else token for token in tokens] if stems else tokens


def tokenize_answer(text: str) -> list[str]:
    """The words of an answer as SQuAD and azure-ai-evaluation compare them: lower case, no punctuation, no articles.

    Only ASCII punctuation is taken out (`“the”` keeps its quotes and loses its article), as there.
    """
    text = text.lower().translate(_NO_PUNCTUATION)
    if text.isascii():
        words = text.split()
        if "".join(words).isalnum():
            return [word for word in words if word not in _ARTICLES]
    return _ARTICLE.sub(" ", text).split()


def normalize_text(text: str, *, case: bool = True, space: bool = True, punctuation: bool = False) -> str:
    """A text for comparison.

    Args:
        text: any text.
        case: whether case is taken away (full case folding: `ß` and `SS` become the same).
        space: whether white space at the ends goes and each run of it inside becomes one space.
        punctuation: whether ASCII punctuation goes.
    """
    if case:
        text = text.casefold()
    if punctuation:
        text = text.translate(_NO_PUNCTUATION)
    return " ".join(text.split()) if space else text
