"""Citations in an answer: which there are, whether they point at a document, and whether its words support the statement.

Support is the overlap of words, not of meaning: a statement in other words than its source counts as unsupported, and one
that denies it in its own words as supported. Knows no retrieval.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from ferrata.evals.metrics.text import tokenize_plain
from ferrata.evals.metrics.words import split_sentences

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CITATION", "Citation", "CitationScores", "find_citations", "score_citations"]

CITATION: Final = re.compile(
    r"\[(?P<brackets>\d+(?:\s*[,;]\s*\d+)*|(?:doc|source|ref)\s?\d+|[^\s\[\]()]+\.[A-Za-z][A-Za-z0-9]{1,4})\](?!\()"
    r"|\((?:source|quelle|see)\s*:\s*(?P<named>[^()\n]{1,200})\)",
    re.IGNORECASE,
)
"""`[1]`, `[1, 2]`, `[doc1]`, `[source.md]` and `(source: name)`; not the text of a Markdown link."""

# Words that stand in every text, and so support nothing.
_EMPTY: Final = frozenset(
    "a an and are as at be been but by can for from had has have he her his i if in into is it its may no not of on or our"
    " she so that the their them then there these they this to was we were what when which who will with you your".split()
)


class Citation(NamedTuple):
    """One citation.

    Attributes:
        name: what it names, as `1`, `doc1` or `source.md`.
        start: index of its first character in the answer.
        statement: the sentence that it stands in or behind, without citations.
        exists: whether there is such a document.
        support: distinct words of the statement that are in the document, of all its words that say something; 0.0 to 1.0.
    """

    name: str
    start: int
    statement: str
    exists: bool
    support: float


class CitationScores(NamedTuple):
    """Citations of one answer; each share is 0.0 where there is no citation.

    Attributes:
        citations: those found, in order; one that names several documents counts once for each.
        present: whether there is any.
        existing: those that point at a document, of all.
        supported: those whose statement the document supports, of all.
        cited: sentences that a citation stands in or behind, of all sentences.
    """

    citations: tuple[Citation, ...]
    present: bool
    existing: float
    supported: float
    cited: float


def find_citations(text: str, *, pattern: re.Pattern[str] = CITATION) -> list[tuple[str, int]]:
    """Names and places of the citations in a text.

    Args:
        text: the answer.
        pattern: whose first group that matched is the name; commas and semicolons separate several.
    """
    found: list[tuple[str, int]] = []
    for match in pattern.finditer(text):
        named = next((group for group in match.groups() if group is not None), match[0])
        found += [(name.strip(), match.start()) for name in re.split(r"[,;]", named) if name.strip()]
    return found


def score_citations(
    answer: str, documents: Mapping[str, str], *, pattern: re.Pattern[str] = CITATION, at_least: float = 0.5
) -> CitationScores:
    """Scores the citations of an answer.

    Args:
        answer: the text with citations.
        documents: name -> text. A number that is no name is a place, from 1: `1` and `doc1` are the first document.
        pattern: see `find_citations`.
        at_least: support from which a citation counts as supported.
    """
    names = {name.lower(): name for name in documents}
    words = {name: set(tokenize_plain(text, stems=True)) for name, text in documents.items()}
    spans = _sentences(answer, pattern)
    citations: list[Citation] = []
    cited: set[int] = set()
    for name, start in find_citations(answer, pattern=pattern):
        index = next((i for i, (begin, end, _) in enumerate(spans) if begin <= start < end), len(spans) - 1)
        cited.add(index)
        statement = spans[index][2]
        document = _document(name, names, list(documents))
        support = 0.0 if document is None else _support(statement, words[document])
        citations.append(Citation(name, start, statement, document is not None, support))
    every = len(citations) or 1
    return CitationScores(
        tuple(citations),
        bool(citations),
        sum(one.exists for one in citations) / every,
        sum(one.exists and one.support >= at_least for one in citations) / every,
        len(cited) / len(spans) if spans else 0.0,
    )


def _sentences(answer: str, pattern: re.Pattern[str]) -> list[tuple[int, int, str]]:
    """Begin, end and text of each sentence; citations behind its period still belong to it."""
    # Citations become signs of no word and no space, so that places stay and none ends or begins a sentence.
    hidden = pattern.sub(lambda match: "\x00" * len(match[0]), answer)
    spans: list[tuple[int, int, str]] = []
    place = 0
    for sentence in split_sentences(re.sub(r"([.!?])(\s*)(\x00[\x00\s]*)", _behind, hidden)):
        begin, place = place, place + len(sentence)
        place += len(hidden[place:]) - len(hidden[place:].lstrip())
        spans.append((begin, place, re.sub(r" (?=[.,;:!?])", "", " ".join(sentence.replace("\x00", " ").split()))))
    return spans


def _behind(match: re.Match[str]) -> str:
    """A period with citations behind it, in their place: the citations first, and then the period."""
    marks, space = match[3].rstrip(), match[3][len(match[3].rstrip()) :]
    return "\x00" * (len(match[2]) + len(marks)) + match[1] + space


def _document(name: str, names: dict[str, str], order: list[str]) -> str | None:
    if name.lower() in names:
        return names[name.lower()]
    number = re.fullmatch(r"(?:doc|source|ref)?\s?(\d{1,6})", name, re.IGNORECASE)
    place = int(number[1]) if number else 0
    return order[place - 1] if 1 <= place <= len(order) else None


def _support(statement: str, words: set[str]) -> float:
    said = {word for word in tokenize_plain(statement, stems=True) if word not in _EMPTY}
    return len(said & words) / len(said) if said else 0.0
