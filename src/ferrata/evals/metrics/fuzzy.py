"""Similarity of strings by RapidFuzz, from 0.0 to 1.0 (there mostly from 0 to 100), and edit distance. Knows no tokens."""

from __future__ import annotations

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel, Levenshtein

__all__ = [
    "edit_distance",
    "edit_similarity",
    "partial_similarity",
    "similarity",
    "sorted_similarity",
    "token_set_similarity",
]


def similarity(response: str, expected: str, *, at_least: float = 0.0) -> float:
    """RapidFuzz's `ratio`: 1.0 for equal texts (two empty ones too), 0.0 where no character is shared.

    It is the length of the longest common subsequence of the characters, twice, divided by the lengths of both texts.

    Args:
        response: what was answered.
        expected: what should have been.
        at_least: anything lower counts as 0.0, and is often known without comparing.
    """
    return Indel.normalized_similarity(response, expected, score_cutoff=at_least)


def partial_similarity(response: str, expected: str) -> float:
    """RapidFuzz's `partial_ratio`: how well the shorter text fits the best place of the longer one."""
    return fuzz.partial_ratio(response, expected) / 100


def sorted_similarity(response: str, expected: str) -> float:
    """RapidFuzz's `token_sort_ratio`: the similarity of both texts with their words in the order of the alphabet."""
    return similarity(" ".join(sorted(response.split())), " ".join(sorted(expected.split())))


def token_set_similarity(response: str, expected: str) -> float:
    """RapidFuzz's `token_set_ratio`: 1.0 where all words of one text are in the other, 0.0 where one has none.

    Else the best of three similarities: of shared words to the shared words and the rest, for either text, and of both.
    """
    # RapidFuzz takes a text of white space alone for one with a word; for any other, what lies between words is the same to it.
    return fuzz.token_set_ratio(" ".join(response.split()), " ".join(expected.split())) / 100


def edit_distance(response: str, expected: str, *, most: int | None = None) -> int:
    """Levenshtein's distance: the fewest characters to insert, take out or replace.

    Args:
        response: what was answered.
        expected: what should have been.
        most: anything greater counts as `most` + 1, and is often known without comparing all.
    """
    return Levenshtein.distance(response, expected, score_cutoff=most)


def edit_similarity(response: str, expected: str) -> float:
    """1.0 less the edit distance as a part of the longer text's length; 1.0 for two empty texts."""
    return Levenshtein.normalized_similarity(response, expected)
