"""METEOR: words matched as they are, then by stem, then by synonym; recall counts nine times, and broken order costs.

Source: A. Lavie and A. Agarwal, Meteor, WMT 2007, with nltk's way of aligning words. nltk and azure-ai-evaluation look
synonyms up in WordNet, 10 MB of data that neither brings along and without which both fail. Here there are none unless a
function gives them, so that a score is nltk's without its third stage: never more matches, as a rule a slightly lower score.
Knows no tokenizers.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from ferrata.evals.metrics.stemming import stem
from ferrata.evals.metrics.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Synonyms = Callable[[str], Iterable[str]]

__all__ = ["sentence_meteor"]


def sentence_meteor(
    response: Tokens | Sequence[str],
    references: Sequence[Tokens | Sequence[str]],
    *,
    synonyms: Synonyms | None = None,
    alpha: float = 0.9,
    beta: float = 3.0,
    gamma: float = 0.5,
) -> float:
    """METEOR of one text against the reference that it fits best, from 0.0 to 1.0.

    Args:
        response: tokens of the text, in azure-ai-evaluation `Text.words`.
        references: tokens of each reference.
        synonyms: the words that a word may stand for. As in nltk, it is asked for stems, and its words are looked for
            among the reference's stems.
        alpha: how much precision counts beside recall.
        beta: how steeply the penalty grows with the number of pieces that the matches fall into.
        gamma: the greatest penalty.
    """
    given = [word.lower() for word in Tokens.of(response).items]
    scores = [0.0]
    for reference in references:
        wanted = [word.lower() for word in Tokens.of(reference).items]
        places = _align(given, wanted, synonyms)
        if places:
            precision, recall = len(places) / len(given), len(places) / len(wanted)
            mean = precision * recall / (alpha * precision + (1 - alpha) * recall)
            scores.append((1 - gamma * (_pieces(places) / len(places)) ** beta) * mean)
    return max(scores)


def _align(given: list[str], wanted: list[str], synonyms: Synonyms | None) -> list[tuple[int, int]]:
    """Pairs of places of matched words, in the order of the response; each stage goes from the end to the beginning."""
    pairs: list[tuple[int, int]] = []
    left, free = _match(enumerate(given), enumerate(wanted), pairs)
    if left and free:
        left, free = _match(((i, stem(word)) for i, word in left), ((j, stem(word)) for j, word in free), pairs)
    if synonyms is not None and left and free:
        _match_synonyms(left, free, pairs, synonyms)
    pairs.sort()
    return pairs


def _match(
    given: Iterable[tuple[int, str]], wanted: Iterable[tuple[int, str]], pairs: list[tuple[int, int]]
) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Adds the pairs of equal words; what is left of both."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for j, word in wanted:
        places[word].append(j)
    left: list[tuple[int, str]] = []
    for i, word in reversed(list(given)):
        if found := places.get(word):
            pairs.append((i, found.pop()))
        else:
            left.append((i, word))
    return left[::-1], sorted((j, word) for word, found in places.items() for j in found)


def _match_synonyms(
    given: list[tuple[int, str]], wanted: list[tuple[int, str]], pairs: list[tuple[int, int]], synonyms: Synonyms
) -> None:
    places: defaultdict[str, list[int]] = defaultdict(list)
    for j, word in wanted:
        places[word].append(j)
    for i, word in reversed(given):
        found = [places[other] for other in {word, *synonyms(word)} if places.get(other)]
        if found:
            pairs.append((i, max(found, key=lambda free: free[-1]).pop()))


def _pieces(pairs: list[tuple[int, int]]) -> int:
    """Runs of pairs that are neighbours in both texts."""
    return 1 + sum(after != (before[0] + 1, before[1] + 1) for before, after in pairwise(pairs))
