"""One rule held against scores: estimate, interval, p-values both ways. Knows nothing of the gate's other rules.

Two questions are asked of each rule: is it shown that it is kept, and is it shown that it is broken? Neither of both is an answer too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from ferrata.errors import UsageError
from ferrata.gates.planning import error, factor, power, rows_needed
from ferrata.gates.sides import counted, matched, on_one_scale

if TYPE_CHECKING:
    from ferrata.gates.planning import How
    from ferrata.gates.sides import Counted, Scored
    from ferrata.gates.types import Rule, Standing
    from ferrata.stats import Comparison, Inference, Interval, Scores

__all__ = ["MATCHED", "Blocked", "Measured", "check_sides", "measure", "with_standing"]

# Of the candidate's rows, so many must be in the baseline for a comparison to be one of the same data.
MATCHED = 0.9
_LEAST_ROWS = 2


@dataclass(frozen=True)
class Measured:
    """A rule and what the scores say to it, before the gate's other rules are taken into account.

    Attributes:
        rule: which, its metric in full.
        n: rows or pairs.
        estimate: the candidate's mean, or candidate less baseline.
        boundary: at which the rule turns.
        interval: of the estimate, each bound the one-sided test.
        p_pass: that the rule is broken; small: it is kept.
        p_fail: that it is kept; small: it is broken.
        deciding: whether it counts alone.
        blocked: why nothing can be decided; empty where it can.
        doubts: why it cannot pass; empty where it can.
        notes: what else to know.
        higher_is_better: the score's direction.
        test: that gave the p-values.
        baseline, candidate: means.
        comparison: with the baseline.
        smallest: the smallest margin that these rows can see.
        power: to pass where candidate and baseline are equally good.
        rows_needed: to decide at the present estimate.
        corrected: the mean, corrected for the judge's error.
        corrected_interval: of it.
    """

    rule: Rule
    n: int = 0
    estimate: float | None = None
    boundary: float | None = None
    interval: Interval | None = None
    p_pass: float = 1.0
    p_fail: float = 1.0
    deciding: bool = True
    blocked: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    higher_is_better: bool = True
    test: str = ""
    baseline: float | None = None
    candidate: float | None = None
    comparison: Comparison | None = None
    smallest: float | None = None
    power: float | None = None
    rows_needed: int | None = None
    corrected: float | None = None
    corrected_interval: Interval | None = None


class _Asked(NamedTuple):
    """A rule as a question on one quantity.

    Attributes:
        inference: on it.
        boundary: at which the rule turns.
        above: whether more than the boundary keeps the rule.
        shift: of the quantity to what is shown.
        comparison: with the baseline.
        p_test: one-sided, by the test that is reported beside the interval, to pass and to fail.
    """

    inference: Inference
    boundary: float
    above: bool
    shift: float = 0.0
    comparison: Comparison | None = None
    p_test: tuple[float, float] = (0.0, 0.0)

    @property
    def p_values(self) -> tuple[float, float]:
        """To pass and to fail: what the interval says, and the reported test must agree."""
        up, down = self.inference.p_greater(self.boundary), self.inference.p_less(self.boundary)
        kept, broken = (up, down) if self.above else (down, up)
        return max(kept, self.p_test[0]), max(broken, self.p_test[1])


def measure(
    rule: Rule, candidate: Scored, baseline: Scored | None, how: How, *, standing: Standing | None = None
) -> Measured:
    """Hold a rule against scores.

    Args:
        rule: its metric in full.
        candidate: what is judged.
        baseline: what it is compared with; needed where the rule compares.
        how: by which it is decided.
        standing: of the judge behind the metric; None: nothing is known.

    Raises:
        UsageError: the rule compares and there is no baseline.
    """
    scores = candidate.scores[rule.metric]
    found = Measured(rule, higher_is_better=scores.higher_is_better)
    found = with_standing(found, candidate, standing)
    if candidate.incomplete:
        found = replace(found, blocked=(candidate.incomplete,))
    try:
        if rule.compares:
            if baseline is None:
                raise UsageError(f"{rule.text}: there is no baseline", hint="give one: --baseline RUN")
            return _compared(found, candidate, baseline, how)
        return _alone(found, candidate, how, standing)
    except Blocked as error:
        return replace(found, blocked=(*found.blocked, str(error)))


class Blocked(Exception):
    """Why a rule cannot be decided."""


def with_standing(found: Measured, candidate: Scored, standing: Standing | None) -> Measured:
    """The rule, which decides nothing where its score is a model's that nobody has held against people."""
    alias = found.rule.metric.partition(".")[0]
    if alias not in candidate.judged:
        return found
    if standing is None:
        calibrate = f"ferrata judge calibrate {alias}"
        why = f"it does not decide: a model gives this score, and its agreement with people was never measured: {calibrate}"
        return replace(found, deciding=False, notes=(why,))
    notes = (standing.reason,) if standing.may_decide else (f"it does not decide: {standing.reason}",)
    return replace(found, deciding=standing.may_decide, notes=notes)


# A mean against a limit


def _alone(found: Measured, candidate: Scored, how: How, standing: Standing | None) -> Measured:
    rule = found.rule
    above = rule.kind == "at_least"
    worst: Literal["least", "greatest"] = "least" if above else "greatest"
    rows = counted(candidate, rule.metric, worst=worst, clusters=candidate.clusters)
    found = replace(found, notes=(*found.notes, *_told(rows, "candidate")), doubts=_lost(rows))
    asked = _limit_question(rows.scores, rule, above=above)
    if standing is not None and (corrected := standing.corrected(rows.scores)) is not None:
        found = replace(found, corrected=corrected.estimate, corrected_interval=corrected.interval(how.confidence))
        asked = asked._replace(p_test=asked._replace(inference=corrected).p_values)
    found = replace(_answered(found, asked, how), candidate=asked.inference.estimate)
    end = rows.scores.high if above else rows.scores.low
    if end is not None and (rule.limit >= end if above else rule.limit <= end):
        found = replace(found, rows_needed=None, notes=(*found.notes, _unreachable(rule, end)))
    if not rows.missing:
        return found
    harsh = counted(candidate, rule.metric, worst=worst, missing=worst, clusters=candidate.clusters)
    p_pass, _ = _limit_question(harsh.scores, rule, above=above).p_values
    return _harsher(found, p_pass, harsh, how)


def _limit_question(scores: Scores, rule: Rule, *, above: bool) -> _Asked:
    from ferrata.stats import infer_scores

    _check(scores)
    try:
        return _Asked(infer_scores(scores), rule.limit, above)
    except UsageError as error:
        raise Blocked(error.message) from None


def _unreachable(rule: Rule, end: float) -> str:
    most = "greatest" if rule.kind == "at_least" else "least"
    return f"no number of rows can show {rule.text}: {end:g} is the {most} that the score can be; give a limit inside the scale"


def _check(scores: Scores) -> None:
    if wrong := [key for key, value in zip(scores.keys, scores.values, strict=True) if not isfinite(value)]:
        raise Blocked(f"{len(wrong):,} scores are no numbers, the first is that of row {wrong[0]!r}")
    if len(scores.keys) < _LEAST_ROWS:
        there = "1 row has a score" if scores.keys else "no row has a score"
        lacking = f", {len(scores.missing):,} have none that could be had" if scores.missing else ""
        raise Blocked(f"{there}{lacking}; a decision needs {_LEAST_ROWS} at least")


# Two sides


def _compared(found: Measured, candidate: Scored, baseline: Scored, how: How) -> Measured:
    metric = found.rule.metric
    check_sides(metric, candidate, baseline)
    candidate, baseline = on_one_scale(metric, candidate, baseline)
    mine, theirs = candidate.scores[metric], baseline.scores[metric]
    shared = candidate.clusters
    better = mine.higher_is_better
    worst: Literal["least", "greatest"] = "least" if better else "greatest"
    best: Literal["least", "greatest"] = "greatest" if better else "least"
    rows = counted(candidate, metric, worst=worst, clusters=shared)
    before = counted(baseline, metric, worst=worst, clusters=shared)
    there = {*before.scores.keys, *theirs.missing, *theirs.failed}
    all_mine = [*rows.scores.keys, *(key for key in mine.missing if key not in set(rows.scores.keys))]
    notes = (*found.notes, *_told(rows, "candidate"), *_told(before, "baseline"), *_unmatched(all_mine, there))
    found = replace(found, notes=notes, doubts=(*_lost(rows), *_lost(before)))
    asked = _pair_question(before.scores, rows.scores, found.rule, how)
    found = _answered(found, asked, how)
    if asked.comparison is not None:
        found = replace(found, baseline=asked.comparison.baseline, candidate=asked.comparison.candidate)
    if not (rows.missing or before.missing):
        return found
    harsh = counted(candidate, metric, worst=worst, missing=worst, clusters=shared)
    kind = counted(baseline, metric, worst=worst, missing=best, clusters=shared)
    p_pass, _ = _pair_question(kind.scores, harsh.scores, found.rule, how).p_values
    return _harsher(found, p_pass, harsh if harsh.lost > rows.lost else kind, how)


def check_sides(metric: str, candidate: Scored, baseline: Scored) -> None:
    """Refuse a comparison of what was not scored in the same way.

    Raises:
        Blocked: the baseline is not whole, lacks the metric, or was scored by another version of its evaluator.
    """
    alias = metric.partition(".")[0]
    if baseline.incomplete:
        raise Blocked(f"the baseline: {baseline.incomplete}")
    if metric not in baseline.scores:
        there = ", ".join(sorted(baseline.scores)) or "none"
        raise Blocked(
            f"the baseline {baseline.side.run!r} has no {metric!r} (it has {there}); score it again: {baseline.again}"
        )
    mine, theirs = candidate.evaluators.get(alias, ""), baseline.evaluators.get(alias, "")
    if mine and theirs and mine != theirs:
        raise Blocked(
            f"the baseline {baseline.side.run!r} was scored by another version of {alias!r} ({theirs[:12]}, not {mine[:12]}); "
            f"score it again: {baseline.again}"
        )


def _unmatched(keys: list[str], there: set[str]) -> tuple[str, ...]:
    """What to say of rows that only the candidate has; too many of them, and nothing is compared."""
    shared = sum(key in there for key in keys)
    if shared < MATCHED * len(keys) or not keys:
        raise Blocked(
            f"only {shared:,} of the candidate's {len(keys):,} rows are in the baseline; a comparison needs {MATCHED:.0%}: "
            "evaluate the baseline on the same data"
        )
    said: list[str] = []
    if alone := len(keys) - shared:
        said.append(f"{alone:,} of the candidate's {len(keys):,} rows are not in the baseline and are left out")
    if extra := len(there) - shared:
        said.append(f"{extra:,} of the baseline's rows are not in the candidate's run and are left out")
    return tuple(said)


def _pair_question(baseline: Scores, candidate: Scores, rule: Rule, how: How) -> _Asked:
    from ferrata.stats import compare

    first, second = matched(baseline, candidate)
    for scores in (first, second):
        _check(scores)
    effect = rule.limit if rule.kind == "non_inferiority" and not rule.relative else None
    try:
        comparison = compare(first, second, confidence=how.confidence, effect=effect)
    except UsageError as error:
        raise Blocked(f"{error.message}; {error.hint}" if error.hint else error.message) from None
    sign = 1 if second.higher_is_better else -1
    tolerated = -rule.limit if rule.kind == "non_inferiority" else rule.limit
    if rule.relative:
        return _share_question(first, second, comparison, how, share=sign * tolerated)
    if comparison.inference is None:
        raise Blocked("the comparison says nothing on its uncertainty")
    asked = _Asked(comparison.inference, sign * tolerated, sign > 0, comparison=comparison)
    if rule.kind == "superiority" and not rule.limit:
        favours = sign * comparison.difference > 0
        half = comparison.p_value / 2
        asked = asked._replace(p_test=(half, 1 - half) if favours else (1 - half, half))
    return asked


def _share_question(baseline: Scores, candidate: Scores, comparison: Comparison, how: How, *, share: float) -> _Asked:
    """Against a share of the baseline's mean, whose own uncertainty counts: the mean of candidate - (1 + share) * baseline against 0.

    That varies with the baseline even where no row came out differently, and would hide that little was seen to change. So where
    the differences themselves are less exactly known, they must show it as well.
    """
    from ferrata.stats import infer_mean

    if not comparison.baseline > 0:
        raise Blocked(
            f"a share of the baseline's mean says nothing where that is {comparison.baseline:g}: give a margin in the score's units"
        )
    factor = 1 + share
    values = candidate.values - factor * baseline.values
    least = greatest = None
    if (
        candidate.low is not None and candidate.high is not None
    ):  # the baseline's are the same, or there is no comparison
        ends = [c - factor * b for c in (candidate.low, candidate.high) for b in (candidate.low, candidate.high)]
        least, greatest = min(ends), max(ends)
    inference = infer_mean(np.asarray(values), low=least, high=greatest, clusters=candidate.clusters)
    above, shift = candidate.higher_is_better, share * comparison.baseline
    asked = _Asked(inference, 0.0, above, shift, comparison)
    plain = comparison.inference
    if plain is None or _width(plain, how) <= _width(inference, how):
        return asked
    return _Asked(plain, shift, above, comparison=comparison, p_test=asked.p_values)


def _width(inference: Inference, how: How) -> float:
    low, high = inference.interval(how.confidence)[:2]
    return high - low


# What both have in common


def _answered(found: Measured, asked: _Asked, how: How) -> Measured:
    inference, shift = asked.inference, asked.shift
    interval = inference.interval(how.confidence)
    shown = interval._replace(low=interval.low + shift, high=interval.high + shift)
    p_pass, p_fail = asked.p_values
    comparison = asked.comparison
    notes = comparison.notes if comparison is not None else getattr(inference, "notes", ())
    deviation = error(inference, how)
    boundary = asked.boundary + shift
    margin = abs(boundary) if found.rule.kind == "non_inferiority" else None
    return replace(
        found,
        n=inference.n,
        estimate=inference.estimate if comparison is None else comparison.difference,
        boundary=boundary,
        interval=shown,
        p_pass=p_pass,
        p_fail=p_fail,
        notes=(*found.notes, *notes),
        test=_test(asked),
        comparison=comparison,
        smallest=None if deviation is None else deviation * factor(how),
        power=None if deviation is None or margin is None else power(margin, deviation, how),
        rows_needed=rows_needed(inference, asked.boundary, how),
    )


def _test(asked: _Asked) -> str:
    if asked.comparison is not None and asked.p_test != (0.0, 0.0):
        return f"{asked.comparison.test} and {asked.inference.method}"
    return asked.inference.method


def _harsher(found: Measured, p_pass: float, harsh: Counted, how: How) -> Measured:
    """With what the missing rows could have been."""
    if lost := _lost(harsh):
        return replace(found, doubts=tuple(dict.fromkeys((*found.doubts, *lost))))
    doubts = found.doubts
    if found.p_pass <= how.alpha < p_pass:
        doubts = (*doubts, "it would not pass if the missing scores were the worst that they can be")
    return replace(found, p_pass=max(p_pass, found.p_pass), doubts=doubts)


def _told(rows: Counted, whose: str) -> tuple[str, ...]:
    said: list[str] = []
    if rows.failed and not rows.lost:
        said.append(f"{rows.failed:,} rows of the {whose} failed and count as the worst score")
    if rows.missing:
        said.append(f"{rows.missing:,} rows of the {whose} have no score and are left out")
    return tuple(said)


def _lost(rows: Counted) -> tuple[str, ...]:
    if not rows.lost:
        return ()
    return (
        f"{rows.lost:,} rows have no value, and this score has no worst one to put in its place, so that it cannot pass; "
        "a rule on its pass_rate can",
    )
