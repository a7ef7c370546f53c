from __future__ import annotations

from typing import Any

import pytest

from ferrata.evals.metrics import split_sentences, tokenize_words


def test_words_of_single_sentences_are_those_of_nltk(reference: dict[str, Any]) -> None:
    rows = [row for row in reference["tokens"] if not row["text"].isascii() or len(split_sentences(row["text"])) < 2]
    assert sum(not row["text"].isascii() for row in rows) > 20
    assert sum(row["text"].isascii() for row in rows) > 60
    assert [tokenize_words(row["text"]) for row in rows] == [row["words"] for row in rows]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("I can't.", ["I", "ca", "n't", "."]),
        ("Mr. Smith left. He cannot stay.", ["Mr.", "Smith", "left", ".", "He", "can", "not", "stay", "."]),
        ('He said "go!" twice.', ["He", "said", "``", "go", "!", "''", "twice", "."]),
        ("It's 3.5, or (so): 'tis", ["It", "'s", "3.5", ",", "or", "(", "so", ")", ":", "'", "tis"]),
        ("wait... what?", ["wait", "...", "what", "?"]),
        ("café 3.5.", ["caf", "é", "3.5."]),
        ("", []),
    ],
)
def test_words(text: str, tokens: list[str]) -> None:
    assert tokenize_words(text) == tokens


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three? four", 4),
        ("Dr. Who met Prof. Moriarty at 5 p.m. on Monday.", 1),
        ("He lives in the U.S. The weather is good.", 2),
        ("J. Smith wrote it.", 1),
        ("(It rains.) Then not.", 2),
        ("It costs 3.5. Then it was 4. rows", 2),
        ("No end", 1),
        (" \n ", 0),
    ],
)
def test_sentences(text: str, count: int) -> None:
    assert len(split_sentences(text)) == count


@pytest.mark.parametrize(
    "text", [")" * 50_000, "." * 50_000, "a." * 30_000, '"' * 50_000, ". " * 20_000, "x" * 100_000 + "."]
)
def test_no_text_takes_more_than_moments(text: str) -> None:
    assert tokenize_words(text)
