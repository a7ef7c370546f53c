"""How sure a model was of its score: the probabilities of the scale's digits at the place of the score in its answer.

The mean over them is the expected score of G-Eval (Liu et al. 2023, arXiv:2303.16634). Works on whatever tokens a vendor has:
the digit alone, with white space, a quote, a colon or a brace beside it. Knows no vendor.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.evals.judges.answers import Scale
    from ferrata.messages import TokenLogprob

__all__ = ["Likelihood", "likelihood_of"]

# Inside of a JSON string every quote has a backslash before it, so this is no part of the reason.
_PLACE = re.compile(r'(?<!\\)"score"\s*:\s*"?\s*([0-9])(?![0-9])')
_BEFORE = ' \t\r\n":\u0120\u2581\u010a'  # the last three are how some tokenizers print white space
_DIGIT = re.compile(r"([0-9])(?![0-9])")


class Likelihood(NamedTuple):
    """What the model would have said.

    Attributes:
        probabilities: score -> probability; of all choices of the scale, together 1.
        mass: what they had together before that, 0 to 1. Little says that the model wanted to write something else.
    """

    probabilities: Mapping[int, float]
    mass: float

    def expected(self, scale: Scale) -> float | None:
        """The mean score, within the scale; None where all lies on the choice that is no score."""
        parts = [(score, self.probabilities.get(score, 0.0)) for score in scale.scores]
        total = math.fsum(p for _, p in parts)
        if total <= 0:
            return None
        return min(max(math.fsum(score * p for score, p in parts) / total, scale.low), scale.high)


def likelihood_of(tokens: Sequence[TokenLogprob] | None, score: int, scale: Scale) -> Likelihood | None:
    """The probabilities of the choices, or None where they cannot be told.

    Args:
        tokens: of the answer, each with the likeliest ones at its place.
        score: that was read from the answer; another one at the place found says that the place is wrong.
        scale: of the answer. Where it has numbers of two digits nothing can be told: one token need not hold them.
    """
    if not tokens or max(scale.choices) > 9 or min(scale.choices) < 0:
        return None
    text = "".join(token.token for token in tokens)
    places = list(_PLACE.finditer(text))
    if len(places) != 1 or int(places[0][1]) != score:
        return None
    token = _token_at(tokens, places[0].start(1))
    if token is None:
        return None
    found = dict.fromkeys(scale.choices, 0.0)
    for alternative, logprob in {token.token: token.logprob, **dict(token.top)}.items():
        digit = _DIGIT.match(alternative.lstrip(_BEFORE))
        if digit and int(digit[1]) in found and not math.isnan(logprob):
            found[int(digit[1])] += math.exp(min(logprob, 0.0))
    mass = math.fsum(found.values())
    if mass <= 0:
        return None
    return Likelihood({choice: p / mass for choice, p in found.items()}, min(mass, 1.0))


def _token_at(tokens: Sequence[TokenLogprob], place: int) -> TokenLogprob | None:
    """The token that holds the character at a place, if the digit is the first thing in it that matters."""
    start = 0
    for token in tokens:
        end = start + len(token.token)
        if start <= place < end:
            before = token.token[: place - start]
            return token if not before.strip(_BEFORE) else None
        start = end
    return None
