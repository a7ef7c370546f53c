"""Two runs of one metric, row by row where they share rows. Knows what to say of a comparison, no formula."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ferrata.errors import UsageError
from ferrata.stats.inference import check_confidence
from ferrata.stats.intervals import check_scores, is_binary
from ferrata.stats.paired import PairedRates, paired_difference
from ferrata.stats.planning import Pilot, pilot_from, power_of, smallest_effect
from ferrata.stats.types import Comparison
from ferrata.stats.unpaired import unpaired_difference

if TYPE_CHECKING:
    from ferrata.stats.inference import Bounded
    from ferrata.stats.ranks import Tested
    from ferrata.stats.types import Interval, Scores, Values

__all__ = ["compare"]

# Pairs below which a comparison says so.
FEW_PAIRS = 10
# Spread, in differences, that is rounding.
NOISE = 1e-9


class _Shared(NamedTuple):
    """The rows that both runs have, in the order of their keys."""

    keys: list[str]
    baseline: Values
    candidate: Values
    clusters: list[str] | None


def compare(
    baseline: Scores, candidate: Scores, *, confidence: float = 0.95, effect: float | None = None
) -> Comparison:
    """Compare one metric of two runs, candidate less baseline.

    Paired over the rows that both have, with the comparison as if rows were not the same beside it (`unpaired`); where they share
    none, that is all there is.

    `power` is for a true difference of `effect`, never for the difference that was seen: such "observed power" is the p-value in
    other words (Hoenig & Heisey, The American Statistician 55 (2001) 19-24).

    Args:
        baseline: scores of the run to compare with.
        candidate: scores of the same metric in the other run.
        confidence: of the interval.
        effect: the true difference that should not be overlooked, in the score's units; None: 5 % of the scale where it is known,
            else 0.2 standard deviations of the baseline.

    Raises:
        UsageError: the metrics, their scales or directions differ; an effect or a confidence that makes no sense; else see
            `check_scores`.
    """
    check_confidence(confidence)
    if effect is not None and not effect > 0:
        raise UsageError(f"an effect of {effect!r} makes no sense", hint="give how large a difference matters, above 0")
    for scores in (baseline, candidate):
        check_scores(scores)
    _check_alike(baseline, candidate)
    unpaired = _compare_unpaired(baseline, candidate, confidence, effect)
    shared = _shared(baseline, candidate)
    if not shared.keys:
        return unpaired
    return _compare_paired(baseline, candidate, shared, confidence, effect, unpaired)


def _check_alike(baseline: Scores, candidate: Scores) -> None:
    name = baseline.metric
    if name != candidate.metric:
        said = f"the baseline's scores are of {name!r}, the candidate's of {candidate.metric!r}"
        raise UsageError(said, hint="compare the same metric")
    if any(getattr(baseline, key) != getattr(candidate, key) for key in ("scale", "low", "high", "higher_is_better")):
        one, other = _scale_words(baseline), _scale_words(candidate)
        raise UsageError(
            f"{name!r} is not on one scale: the baseline's scores are {one}; the candidate's are {other}",
            hint="score both by the same evaluator, and give a file's scores in the same unit",
        )
    if (baseline.clusters is None) != (candidate.clusters is None):
        raise UsageError(
            f"only one of the runs of {baseline.metric!r} has clusters", hint="give the clusters of both, or of none"
        )


def _scale_words(scores: Scores) -> str:
    """What a scale is, in words."""
    kinds = {"binary": "yes or no", "ordinal": "levels", "continuous": "numbers"}
    low, high = scores.low, scores.high
    if low is not None and high is not None:
        ends = f"from {low:g} to {high:g}"
    elif low is not None or high is not None:
        ends = f"of {low:g} or more" if low is not None else f"of {high:g} or less"
    else:
        seen = [float(scores.values.min()), float(scores.values.max())] if len(scores.keys) else []
        ends = "without known bounds" + (f" ({seen[0]:.4g} to {seen[1]:.4g} are there)" if seen else "")
    return f"{kinds[scores.scale]} {ends}, where {'more' if scores.higher_is_better else 'less'} is better"


def _shared(baseline: Scores, candidate: Scores) -> _Shared:
    first = {key: i for i, key in enumerate(baseline.keys)}
    second = {key: i for i, key in enumerate(candidate.keys)}
    keys = sorted(first.keys() & second.keys())
    clusters = None
    if baseline.clusters is not None and candidate.clusters is not None:
        clusters = [baseline.clusters[first[key]] for key in keys]
        for key, cluster in zip(keys, clusters, strict=True):
            other = candidate.clusters[second[key]]
            if other != cluster:
                raise UsageError(
                    f"row {key!r} of {baseline.metric!r} is of cluster {cluster!r} in the baseline and of {other!r} in the candidate",
                    hint="give each row the same cluster in both runs",
                )
    return _Shared(
        keys,
        baseline.values[[first[key] for key in keys]],
        candidate.values[[second[key] for key in keys]],
        clusters,
    )


def _compare_paired(
    baseline: Scores,
    candidate: Scores,
    shared: _Shared,
    confidence: float,
    effect: float | None,
    unpaired: Comparison,
) -> Comparison:
    low, high = baseline.low, baseline.high
    inference, tested = paired_difference(
        shared.baseline, shared.candidate, scale=baseline.scale, low=low, high=high, clusters=shared.clusters
    )
    differences = shared.candidate - shared.baseline
    n, moved = len(shared.keys), int(np.sum(differences != 0))
    up = int(np.sum(differences > 0))
    pilot = pilot_from(baseline, candidate) if n > 1 and moved else None
    if pilot is not None and pilot.discordance is None and pilot.sd <= NOISE * float(np.abs(differences).max()):
        pilot = None  # all differ by the same, but for rounding: nothing is known of how rows vary
    if pilot is not None and pilot.discordance is not None:
        # Half a pair that differs more: with few, the share that was seen is hardly known.
        pilot = replace(pilot, discordance=(moved + 0.5) / (n + 1))
    power = _power(pilot, n, effect if effect is not None else _default_effect(baseline), confidence)
    interval = inference.interval(confidence)
    notes = [*_row_notes(baseline, candidate, n), *inference.notes, *_change_notes(n, moved, inference)]
    return Comparison(
        metric=baseline.metric,
        paired=True,
        n=n,
        baseline=float(shared.baseline.mean()),
        candidate=float(shared.candidate.mean()),
        difference=inference.estimate,
        interval=interval,
        confidence=confidence,
        p_value=tested.p_value,
        test=tested.test,
        effect=_standardized(inference.estimate, float(differences.std(ddof=1)) if n > 1 else 0.0),
        higher_is_better=baseline.higher_is_better,
        better=up if baseline.higher_is_better else moved - up,
        worse=moved - up if baseline.higher_is_better else up,
        clusters=len(set(shared.clusters)) if shared.clusters is not None else None,
        notes=tuple([*notes, *_disagreement(interval, tested, confidence)]),
        inference=inference,
        unpaired=unpaired,
        power=power.power,
        power_for=power.effect,
        smallest=power.smallest,
    )


def _compare_unpaired(baseline: Scores, candidate: Scores, confidence: float, effect: float | None) -> Comparison:
    inference, tested = unpaired_difference(
        baseline.values,
        candidate.values,
        scale=baseline.scale,
        low=baseline.low,
        high=baseline.high,
        clusters=(baseline.clusters, candidate.clusters),
    )
    one, other = baseline.values, candidate.values
    n = len(one) + len(other)
    interval = inference.interval(confidence)
    shared = len(set(baseline.keys) & set(candidate.keys))
    notes = [
        *(() if shared else ("The runs share no row; they are compared as over different rows.",)),
        *inference.notes,
    ]
    pooled = 0.0
    if n > 2:
        pooled = sqrt((float(np.sum((one - one.mean()) ** 2)) + float(np.sum((other - other.mean()) ** 2))) / (n - 2))
    # As if both runs had as many rows as make the same error.
    rows = round(2 * len(one) * len(other) / n)
    pilot = Pilot(sd=pooled, paired=False) if pooled > 0 and baseline.clusters is None else None
    if pilot is not None and is_binary(baseline) and is_binary(candidate):
        pilot = Pilot(paired=False, rate=float(one.mean()))
    power = _power(pilot, rows, effect if effect is not None else _default_effect(baseline), confidence)
    return Comparison(
        metric=baseline.metric,
        paired=False,
        n=n,
        baseline=float(one.mean()),
        candidate=float(other.mean()),
        difference=inference.estimate,
        interval=interval,
        confidence=confidence,
        p_value=tested.p_value,
        test=tested.test,
        effect=_standardized(inference.estimate, pooled),
        higher_is_better=baseline.higher_is_better,
        clusters=len({*(baseline.clusters or ()), *(candidate.clusters or ())}) or None,
        notes=tuple([*notes, *_disagreement(interval, tested, confidence)]),
        inference=inference,
        power=power.power,
        power_for=power.effect,
        smallest=power.smallest,
    )


class _Power(NamedTuple):
    """Of a comparison: the probability to see `effect`, and the smallest effect seen with a probability of 0.8."""

    power: float | None
    effect: float | None
    smallest: float | None


def _power(pilot: Pilot | None, n: int, effect: float | None, confidence: float) -> _Power:
    if pilot is None or n < 1:
        return _Power(None, effect, None)
    alpha = 1 - confidence
    return _Power(
        power_of(pilot, n, effect, alpha=alpha) if effect else None, effect, smallest_effect(pilot, n, alpha=alpha)
    )


def _default_effect(baseline: Scores) -> float | None:
    """5 % of the scale, else 0.2 standard deviations of the baseline; None where that does not vary."""
    if baseline.scale == "binary":
        return 0.05
    if baseline.low is not None and baseline.high is not None:
        return 0.05 * (baseline.high - baseline.low)
    return 0.2 * float(baseline.values.std(ddof=1)) or None if len(baseline.values) > 1 else None


def _standardized(difference: float, sd: float) -> float | None:
    return difference / sd if sd > 0 else None


def _row_notes(baseline: Scores, candidate: Scores, shared: int) -> list[str]:
    only = [len(scores.keys) - shared for scores in (baseline, candidate)]
    if not any(only):
        return []
    return [
        f"{shared} rows are in both runs and are compared; {only[0]} are in the baseline only, {only[1]} in the candidate."
    ]


def _change_notes(n: int, moved: int, inference: Bounded) -> list[str]:
    notes: list[str] = []
    if not moved:
        notes.append(
            f"No row of {n} came out differently: nothing was seen to change. The interval rests on the number of rows alone."
            if isfinite(inference.low)
            else f"No row of {n} came out differently: nothing was seen to change, and without a scale nothing bounds the rest."
        )
    elif isinstance(inference, PairedRates) and moved < FEW_PAIRS:
        notes.append(f"Only {moved} of {n} rows came out differently; the comparison rests on these.")
    if n < FEW_PAIRS:
        notes.append(
            f"Only {n} row{' is' if n == 1 else 's are'} compared; only a large difference can be seen with so few."
        )
    return notes


def _disagreement(interval: Interval, tested: Tested, confidence: float) -> list[str]:
    seen, apart = tested.p_value < 1 - confidence, interval.low > 0 or interval.high < 0
    if seen == apart:
        return []
    says, but = ("sees a difference", "includes") if seen else ("sees no difference", "excludes")
    return [
        f"The test ({tested.test}, p = {tested.p_value:.2g}) {says}, the interval {but} 0: they ask different questions. "
        "Do not rest a decision on one of them alone; more rows would settle it."
    ]
