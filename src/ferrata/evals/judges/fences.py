"""Delimiters that a judged text cannot close, because they hold a word that is in none of the texts.

The word follows from the texts, so that the same question is asked in the same words, and an answer cache and a seed do their work.
What a model makes of the text between them is not known here: a delimiter helps it, and proves nothing.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["fence_for"]


def fence_for(texts: Iterable[str]) -> str:
    """A word of 8 hexadecimal digits that no text holds, in whatever case."""
    given = [text.lower() for text in texts]
    state = sha256()
    for text in given:
        state.update(f"{len(text)}:{text}".encode("utf-8", "surrogatepass"))
    while True:
        word = state.hexdigest()[:8]
        if not any(word in text for text in given):
            return word
        state.update(b"again")
