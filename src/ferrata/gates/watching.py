"""Rules held against rows as they come, so that an evaluation can end once its gate is decided. Knows no run that goes on.

The tests are bets (`stats.BettingTest`): their p-values hold at whatever row one stops, and so do Holm's corrections of them. What they
need is a score with both ends, and rows in an order that was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from ferrata.errors import UsageError
from ferrata.gates.deciding import conclude
from ferrata.gates.measuring import MATCHED, Blocked, Measured, check_sides, with_standing
from ferrata.stats import BettingTest, ConfidenceSequence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.evals import RowScores
    from ferrata.gates.deciding import Decision
    from ferrata.gates.planning import How
    from ferrata.gates.sides import Scored
    from ferrata.gates.types import Rule, Standing

__all__ = ["Ends", "Watch"]

_LEAST_ROWS = 2


class Ends(NamedTuple):
    """What a score can be.

    Attributes:
        low, high: the least and the greatest; None: no bound.
        higher_is_better: the direction.
    """

    low: float | None
    high: float | None
    higher_is_better: bool = True


@dataclass
class _Stake:
    """One rule's tests.

    Attributes:
        measured: the rule, without numbers.
        better: the direction of the score.
        worst: what a failed row has.
        factor: by which the baseline's score is taken away; None: there is none.
        boundary: at which the rule turns.
        above: whether more keeps it.
        hard: with missing rows as the worst, for passing.
        plain: without them, for failing.
    """

    measured: Measured
    ends: Ends
    worst: float
    factor: float | None
    boundary: float
    above: bool
    hard: BettingTest
    plain: BettingTest
    values: list[float] = field(default_factory=list[float])
    before: float = 0.0
    failed: int = 0
    missing: int = 0
    unmatched: int = 0
    seen: int = 0

    @property
    def now(self) -> Measured:
        """The rule with what is known by now."""
        kept = self.hard.p_greater if self.above else self.hard.p_less
        broken = self.plain.p_less if self.above else self.plain.p_greater
        known = replace(self.measured, n=self.plain.n, p_pass=kept, p_fail=broken)
        if self.seen - self.unmatched < MATCHED * self.seen or self.plain.n < _LEAST_ROWS:
            return replace(known, p_pass=1.0, p_fail=1.0)
        return known


class Watch:
    """The rules of a gate while rows come.

    Args:
        rules: with their metrics in full.
        ends: metric -> what it can be.
        candidate: what is judged, without scores yet.
        baseline: scores to compare with; None where no rule compares.
        how: by which it is decided.
        standings: alias -> what is known of the judge behind it.

    Attributes:
        rows: looked at.
        decided_after: rows after which it was decided; None while it is not.

    Raises:
        UsageError: a score without bounds, or a limit outside of them.
    """

    def __init__(
        self,
        rules: Sequence[Rule],
        ends: Mapping[str, Ends],
        candidate: Scored,
        baseline: Scored | None,
        how: How,
        *,
        standings: Mapping[str, Standing] | None = None,
    ) -> None:
        self._how = how
        self._before: dict[str, dict[str, float]] = {}
        self._stakes: list[_Stake | Measured] = []
        known = standings or {}
        for rule in rules:
            found = Measured(rule, higher_is_better=ends[rule.metric].higher_is_better)
            found = with_standing(found, candidate, known.get(rule.metric.partition(".")[0]))
            try:
                if rule.compares:
                    self._hold(rule, ends[rule.metric], candidate, baseline)
                self._stakes.append(_stake(found, ends[rule.metric]))
            except Blocked as error:
                self._stakes.append(replace(found, blocked=(str(error),)))
        self.rows = 0
        self.decided_after: int | None = None

    def _hold(self, rule: Rule, ends: Ends, candidate: Scored, baseline: Scored | None) -> None:
        if baseline is None:
            raise UsageError(f"{rule.text}: there is no baseline", hint="give one: --baseline RUN")
        check_sides(rule.metric, candidate, baseline)
        scores = baseline.scores[rule.metric]
        worst = ends.low if ends.higher_is_better else ends.high
        found = dict(zip(scores.keys, scores.values.tolist(), strict=True))
        if worst is not None:
            found |= dict.fromkeys((key for key in scores.failed if key not in found), worst)
        self._before[rule.metric] = found

    def add(self, repeats: Sequence[RowScores]) -> bool:
        """Take the next row in the order that was drawn, all its repeats; whether the gate is decided."""
        if self.decided_after is not None:
            return True
        self.rows += 1
        for place, stake in enumerate(self._stakes):
            if isinstance(stake, _Stake):
                try:
                    self._bet(stake, repeats)
                except UsageError as error:  # a value outside of its scale
                    self._stakes[place] = replace(stake.measured, blocked=(error.message,))
        if conclude([_now(one) for one in self._stakes], self._how).verdict != "inconclusive":
            self.decided_after = self.rows
            return True
        return False

    def _bet(self, stake: _Stake, repeats: Sequence[RowScores]) -> None:
        metric = stake.measured.rule.metric
        if not any(row.failed or metric in row.values for row in repeats):
            return  # none for this row
        stake.seen += 1
        before = 0.0
        if stake.factor is not None:
            if repeats[0].key not in self._before[metric]:
                stake.unmatched += 1
                return
            before = stake.factor * self._before[metric][repeats[0].key]
        found = [
            stake.worst if row.failed else row.values[metric] for row in repeats if row.failed or metric in row.values
        ]
        stake.failed += any(row.failed for row in repeats)
        there = [value for value in found if value is not None]
        if there:
            value = sum(there) / len(there) - before
            stake.plain.add(value)
            stake.values.append(value)
            stake.before += before
        if len(there) < len(found):
            stake.missing += 1
            there += [stake.worst] * (len(found) - len(there))
        stake.hard.add(sum(there) / len(there) - before)

    def decision(self) -> Decision:
        """What came of the rules, with intervals that hold at whatever row one stops."""
        return conclude([self._told(one) for one in self._stakes], self._how)

    def _told(self, stake: _Stake | Measured) -> Measured:
        if isinstance(stake, Measured):
            return stake
        known, test = stake.now, stake.plain
        sequence = ConfidenceSequence(test.low, test.high, self._how.confidence)
        sequence.add_many(stake.values)
        notes = [*known.notes, *sequence.notes]
        if stake.failed:
            notes.append(f"{stake.failed:,} rows of the candidate failed and count as the worst score")
        if stake.missing:
            notes.append(f"{stake.missing:,} rows of the candidate have no score; to pass, they count as the worst")
        blocked: tuple[str, ...] = ()
        if stake.unmatched:
            said = f"{stake.unmatched:,} of the candidate's {stake.seen:,} rows are not in the baseline"
            if stake.seen - stake.unmatched < MATCHED * stake.seen:
                blocked = (f"{said}; a comparison needs {MATCHED:.0%}: evaluate the baseline on the same data",)
            else:
                notes.append(f"{said} and are left out")
        return replace(
            known,
            estimate=test.mean,
            boundary=stake.boundary,
            interval=sequence.interval,
            test="betting, after every row",
            notes=tuple(notes),
            blocked=blocked,
            **_means(stake),
        )


def _means(stake: _Stake) -> dict[str, float]:
    """Of both sides, over the rows that were looked at."""
    if not stake.values:
        return {}
    mean, before = sum(stake.values) / len(stake.values), stake.before / len(stake.values)
    if stake.factor is None:
        return {"candidate": mean}
    if not stake.factor:
        return {}
    return {"candidate": mean + before, "baseline": before / stake.factor}


def _now(one: _Stake | Measured) -> Measured:
    return one.now if isinstance(one, _Stake) else one


def _stake(found: Measured, ends: Ends) -> _Stake:
    """The tests of a rule.

    Raises:
        UsageError: its score has no bounds, or its limit lies outside of them.
    """
    rule, low, high = found.rule, ends.low, ends.high
    if low is None or high is None or not (isfinite(low) and isfinite(high)):
        raise UsageError(
            f"{rule.text}: a sequential gate needs a score with both ends, and {rule.metric!r} has none",
            hint=f"hold the share of rows within a limit against it: {rule.metric}.pass_rate, with a `threshold` of the evaluator",
        )
    if rule.relative and low < 0:
        raise UsageError(
            f"{rule.text}: a share of a mean says nothing where scores can be below 0",
            hint="give a margin in the score's units",
        )
    sign = 1 if ends.higher_is_better else -1
    factor: float | None = None
    if rule.kind in ("at_least", "at_most"):
        above, boundary = rule.kind == "at_least", rule.limit
        worst = low if above else high
        least, greatest = low, high
    else:
        above, worst = sign > 0, (low if sign > 0 else high)
        tolerated = sign * (-rule.limit if rule.kind == "non_inferiority" else rule.limit)
        factor, boundary = (1 + tolerated, 0.0) if rule.relative else (1.0, tolerated)
        corners = [c - factor * b for c in (low, high) for b in (low, high)]
        least, greatest = min(corners), max(corners)
    if not least < boundary < greatest:
        raise UsageError(
            f"{rule.text}: the limit is not between the ends that it could have, {least:g} and {greatest:g}",
            hint="give one inside the scale",
        )
    tests = [BettingTest(boundary, low=least, high=greatest) for _ in range(2)]
    return _Stake(found, ends, worst, factor, boundary, above, tests[0], tests[1])
