"""Exact match, overlap of tokens and similarity of strings, each from 0.0 to 1.0.

Similarity is that of RapidFuzz (there from 0 to 100): the length of the longest common subsequence of the characters, twice,
divided by the lengths of both texts. Knows no data sets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.evals.metrics.subsequence import common_length
from ferrata.evals.metrics.text import normalize_text
from ferrata.evals.metrics.tokens import PrecisionRecall, Tokens, count_shared, precision_recall

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "edit_distance",
    "edit_similarity",
    "exact_match",
    "jaccard",
    "partial_similarity",
    "similarity",
    "sorted_similarity",
    "token_overlap",
    "token_set_similarity",
]


def exact_match(
    response: str, expected: str, *, case: bool = False, space: bool = False, punctuation: bool = False
) -> bool:
    """Whether two texts are the same.

    Args:
        response: what was answered.
        expected: what should have been.
        case: whether differences of case do not matter.
        space: whether white space at the ends, and how much of it inside, does not matter.
        punctuation: whether ASCII punctuation does not matter.
    """
    first, second = (
        normalize_text(text, case=case, space=space, punctuation=punctuation) for text in (response, expected)
    )
    return first == second


def token_overlap(response: Tokens | Sequence[str], expected: Tokens | Sequence[str]) -> PrecisionRecall:
    """Precision, recall and F1 over tokens; with `Text.answer`, SQuAD's F1, which is azure-ai-evaluation's `f1_score`."""
    given, wanted = Tokens.of(response), Tokens.of(expected)
    return precision_recall(count_shared(given.counts(1), wanted.counts(1)), len(given), len(wanted))


def jaccard(response: Tokens | Sequence[str], expected: Tokens | Sequence[str]) -> float:
    """Distinct tokens in both texts, of the distinct tokens in either; 1.0 where neither has any."""
    given, wanted = set(Tokens.of(response).items), set(Tokens.of(expected).items)
    either = len(given | wanted)
    return len(given & wanted) / either if either else 1.0


def similarity(response: str, expected: str, *, at_least: float = 0.0) -> float:
    """RapidFuzz's `ratio`: 1.0 for equal texts (two empty ones too), 0.0 where no character is shared.

    Args:
        response: what was answered.
        expected: what should have been.
        at_least: anything lower counts as 0.0, and is often known without comparing.
    """
    if response == expected:
        return 1.0
    both = len(response) + len(expected)
    if 2 * min(len(response), len(expected)) < at_least * both:
        return 0.0
    found = 2 * common_length(response, expected) / both
    return found if found >= at_least else 0.0


def partial_similarity(response: str, expected: str) -> float:
    """RapidFuzz's `partial_ratio`: how well the shorter text fits the best place of the longer one.

    Takes time in proportion to the product of both lengths.
    """
    short, long = sorted((response, expected), key=len)
    if not short:
        return 1.0 if not long else 0.0
    if short in long:
        return 1.0
    best = _best_window(short, long)
    return max(best, _best_window(long, short)) if len(short) == len(long) else best


def _best_window(short: str, long: str) -> float:
    """The best similarity of a text to a window of its length, or to a shorter one at either end."""
    width, letters, best = len(short), set(short), 0.0
    for end in range(1, len(long) + width):
        window = long[max(end - width, 0) : end]
        # A window that ends (at the right: begins) with a foreign letter is never better than its neighbour without it.
        if window[-1 if end <= len(long) else 0] in letters:
            best = max(best, similarity(short, window, at_least=best))
    return best


def sorted_similarity(response: str, expected: str) -> float:
    """RapidFuzz's `token_sort_ratio`: the similarity of both texts with their words in the order of the alphabet."""
    return similarity(" ".join(sorted(response.split())), " ".join(sorted(expected.split())))


def token_set_similarity(response: str, expected: str) -> float:
    """RapidFuzz's `token_set_ratio`: 1.0 where all words of one text are in the other, 0.0 where one has none.

    Else the best of three similarities: of shared words to the shared words and the rest, for either text, and of both.
    """
    one, other = set(response.split()), set(expected.split())
    if not one or not other:
        return 0.0
    shared = one & other
    if shared and (one <= other or other <= one):
        return 1.0
    first, second = " ".join(sorted(one - other)), " ".join(sorted(other - one))
    both = len(" ".join(shared))
    gap = 1 if both else 0
    lengths = [both + gap + len(rest) for rest in (first, second)]
    apart = len(first) + len(second) - 2 * common_length(first, second)
    best = 1 - apart / sum(lengths)
    return (
        max(best, *(1 - (gap + len(rest)) / (2 * both + gap + len(rest)) for rest in (first, second))) if both else best
    )


def edit_distance(response: str, expected: str) -> int:
    """Levenshtein's distance: the fewest characters to insert, take out or replace.

    Source: G. Myers, A fast bit-vector algorithm for approximate string matching, J. ACM 46 (3), 1999; H. Hyyrö's version.
    """
    if not response or not expected:
        return len(response) + len(expected)
    places: dict[str, int] = {}
    for index, letter in enumerate(expected):
        places[letter] = places.get(letter, 0) | 1 << index
    last, full = 1 << (len(expected) - 1), (1 << len(expected)) - 1
    up, down, distance = full, 0, len(expected)
    for letter in response:
        here = places.get(letter, 0)
        zero = (((here & up) + up) ^ up) | here | down
        right, left = down | ~(zero | up), up & zero
        distance += bool(right & last) - bool(left & last)
        right = right << 1 | 1
        up, down = (left << 1 | ~(zero | right)) & full, right & zero & full
    return distance


def edit_similarity(response: str, expected: str) -> float:
    """1.0 less the edit distance as a part of the longer text's length; 1.0 for two empty texts."""
    longer = max(len(response), len(expected))
    return 1 - edit_distance(response, expected) / longer if longer else 1.0
