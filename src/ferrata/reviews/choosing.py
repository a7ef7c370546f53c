"""Which rows of a run people should see: at random, where judges disagree, where they were not sure, or what failed.

Random rows are drawn first and from all rows, so that they alone are a fair sample, whatever other rules choose beside them.
Knows the scores of runs, and no review.
"""

from __future__ import annotations

import random
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ferrata.evals import EvalRow, Score

__all__ = ["RANDOM", "RULES", "Chosen", "Signals", "choose_rows", "signals_of"]

RANDOM = "random"
RULES = (RANDOM, "disagreement", "low-confidence", "failed")
"""The rules, as they are named."""

_NEAR = 0.1
"""So near to the threshold, as a share of the scale, a continuous value counts as unsure."""


class Signals(NamedTuple):
    """What tells whether a row is worth a look; each number is 0 where nothing speaks for it.

    Attributes:
        place: of the row in its run, from 0.
        disagreement: share of the pairs of evaluators, at least one a judge, that differ on passing.
        low_confidence: how unsure the least sure score is, 0 to 1.
        failed: share of the scores that did not pass, or could not be had.
    """

    place: int
    disagreement: float = 0.0
    low_confidence: float = 0.0
    failed: float = 0.0

    def under(self, rule: str) -> float:
        """How much speaks for the row under a rule."""
        return float(getattr(self, rule.replace("-", "_")))


class Chosen(NamedTuple):
    """What was chosen.

    Attributes:
        rule_of: place of a row -> the rule that chose it, in the order of the rows.
        counts: rule -> how many rows it chose, and how many it should have.
    """

    rule_of: dict[int, str]
    counts: dict[str, tuple[int, int]]


def choose_rows(rows: Sequence[Signals], rules: Sequence[str], *, count: int, seed: int) -> Chosen:
    """Choose rows by rules, each with an equal share of the count (the first have one more where it does not divide).

    A rule takes the rows of which its number is highest, and none of which it is 0; ties are broken by the seed. A row is
    chosen once. What a rule leaves over nobody takes, since more rows of another rule were not asked for.

    Args:
        rows: those that can be rated.
        rules: of `RULES`, each once.
        count: of rows.
        seed: of the random choice and of ties.
    """
    draw = random.Random(seed)  # noqa: S311 - a sample, no secret
    shares = {rule: count // len(rules) + (i < count % len(rules)) for i, rule in enumerate(rules)}
    left = list(rows)
    draw.shuffle(left)
    found: dict[int, str] = {}
    counts: dict[str, tuple[int, int]] = {}
    for rule in sorted(rules, key=lambda one: one != RANDOM):
        taken = left[: shares[rule]]
        if rule != RANDOM:
            speaking = [row for row in left if row.under(rule) > 0]
            taken = sorted(speaking, key=lambda row: -row.under(rule))[: shares[rule]]
        found |= {row.place: rule for row in taken}
        left = [row for row in left if row.place not in found]
        counts[rule] = len(taken), shares[rule]
    return Chosen(dict(sorted(found.items())), {rule: counts[rule] for rule in rules})


def signals_of(place: int, row: EvalRow, evaluators: Iterable[Mapping[str, Any]]) -> Signals:
    """The signals of a row.

    Args:
        place: of the row in its run, from 0.
        row: with its scores.
        evaluators: as a run's document has them: `alias`, `computed`, `measures`.
    """
    known = {str(about["alias"]): about for about in evaluators}
    judges = {alias for alias, about in known.items() if not about.get("computed", True)}
    scores = [score for of in row.scores.values() for score in of]
    decided = [score for score in scores if score.passed is not None or score.status == "failed"]
    bad = sum(score.passed is not True for score in decided) + len(row.judge_errors)
    unsure = [_doubt(score, _measure(known.get(alias), score.key)) for alias, of in row.scores.items() for score in of]
    return Signals(
        place,
        _disagreement(row.scores, judges),
        max(unsure, default=0.0),
        bad / (len(decided) + len(row.judge_errors)) if bad else 0.0,
    )


def _disagreement(scores: Mapping[str, Sequence[Score]], judges: set[str]) -> float:
    """Among evaluators' main verdicts; where no evaluator is a judge, computed ones are held against each other."""
    verdicts = {
        alias: next((score.passed for score in of if score.passed is not None), None) for alias, of in scores.items()
    }
    said = {alias: passed for alias, passed in verdicts.items() if passed is not None}
    pairs = [pair for pair in combinations(said, 2) if not judges or judges.intersection(pair)]
    return sum(said[one] != said[other] for one, other in pairs) / len(pairs) if pairs else 0.0


def _measure(about: Mapping[str, Any] | None, key: str) -> Mapping[str, Any]:
    measures: Sequence[Mapping[str, Any]] = about["measures"] if about else ()
    return next((measure for measure in measures if measure.get("key") == key), dict[str, Any]())


def _doubt(score: Score, measure: Mapping[str, Any]) -> float:
    """How unsure a score is, 0 to 1: by the probabilities of the judge's answers, or else by the threshold's being near."""
    if isinstance(shares := score.properties.get("probabilities"), dict):
        return _spread(cast("dict[Any, Any]", shares))
    low, high, threshold = measure.get("low"), measure.get("high"), score.threshold
    if score.value is None or threshold is None or low is None or high is None or high <= low:
        return 0.0
    if measure.get("scale") == "ordinal" and measure.get("high") != 1:
        # The boundary lies between two numbers, and both are next to it.
        boundary = threshold - 0.5 if measure.get("higher_is_better", True) else threshold + 0.5
        return max(0.0, 1.0 - abs(score.value - boundary))
    if measure.get("scale") == "continuous":
        return max(0.0, 1.0 - abs(score.value - threshold) / (_NEAR * (high - low)))
    return 0.0


def _spread(shares: Mapping[Any, Any]) -> float:
    """Of probabilities: 0 where all lies on one answer, 1 where an answer is as likely as what is farthest from it.

    Of numbers, the greater of twice the distance of the mean from an integer and of the variance as a share of the largest
    that there could be; of labels, how far the likeliest is from certain.
    """
    try:
        points = {float(answer): float(share) for answer, share in shares.items()}
    except (TypeError, ValueError):
        top = max((float(share) for share in shares.values() if isinstance(share, int | float)), default=1.0)
        return (1.0 - top) * len(shares) / (len(shares) - 1) if len(shares) > 1 else 0.0
    whole = sum(points.values())
    if not 0 < whole < float("inf"):
        return 0.0
    mean = sum(answer * share for answer, share in points.items()) / whole
    width = (max(points) - min(points)) / 2
    variance = sum(share * (answer - mean) ** 2 for answer, share in points.items()) / whole
    return max(2 * abs(mean - round(mean)), variance / width**2 if width else 0.0)
