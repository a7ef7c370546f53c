"""Rules into verdicts, and verdicts into the gate's. Pure functions on scores; knows no run, no file and no terminal.

All rules must be kept for a gate to pass, so a gate that asks each rule at alpha passes with a rule broken with a probability of alpha at
most, without any correction (an intersection-union test; Berger 1982, "Multiparameter hypothesis testing and acceptance
sampling", Technometrics 24:4). `holm` guards more: that no single rule is shown as kept by chance. Failing is another matter: one
broken rule is enough, so with many rules something would look broken by chance; there Holm's correction is always made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ferrata.gates.measuring import measure
from ferrata.gates.sides import resolve_metric
from ferrata.gates.types import RuleResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.gates.measuring import Measured
    from ferrata.gates.planning import How
    from ferrata.gates.sides import Scored
    from ferrata.gates.types import Rule, Standing, Verdict
    from ferrata.stats import Scores

__all__ = ["Decision", "conclude", "decide"]


class Decision(NamedTuple):
    """What came of a gate's rules.

    Attributes:
        verdict: of all together.
        rules: one by one, in the order of the gate.
        notes: about the whole.
    """

    verdict: Verdict
    rules: Sequence[RuleResult]
    notes: Sequence[str] = ()


def decide(
    rules: Sequence[Rule],
    candidate: Scored,
    baseline: Scored | None,
    how: How,
    *,
    standings: Mapping[str, Standing] | None = None,
) -> Decision:
    """Hold rules against scores.

    Args:
        rules: of the gate; a metric may be named by its alias alone.
        candidate: what is judged.
        baseline: what it is compared with; None where no rule compares.
        how: by which it is decided.
        standings: alias -> what is known of the judge behind it.

    Raises:
        UsageError: no such metric; no baseline where a rule compares.
    """
    known = standings or {}
    measured: list[Measured] = []
    for named in rules:
        rule = replace(named, metric=resolve_metric(named.metric, candidate))
        alias = rule.metric.partition(".")[0]
        before = None if baseline is None else _as_named(baseline, named.metric, candidate.scores[rule.metric])
        measured.append(measure(rule, candidate, before, how, standing=known.get(alias)))
    return conclude(measured, how)


def _as_named(baseline: Scored, name: str, scores: Scores) -> Scored:
    """A baseline of another tool, whose metrics have the names that rules give them, and whose scale nobody has said."""
    if scores.metric in baseline.scores or name not in baseline.scores:
        return baseline
    about = {key: getattr(scores, key) for key in ("metric", "scale", "low", "high", "higher_is_better")}
    return replace(baseline, scores={**baseline.scores, scores.metric: replace(baseline.scores[name], **about)})


def conclude(measured: Sequence[Measured], how: How) -> Decision:
    """The verdicts of rules that were measured, and of the gate."""
    passing = _adjusted(measured, [_p_pass(one) for one in measured], corrected=how.correction == "holm")
    failing = _adjusted(measured, [1.0 if one.blocked else one.p_fail for one in measured], corrected=True)
    rules = [_result(one, p, q, how) for one, p, q in zip(measured, passing, failing, strict=True)]
    verdict, notes = _verdict(rules)
    return Decision(verdict, rules, notes)


def _p_pass(one: Measured) -> float:
    return 1.0 if one.blocked or one.doubts else one.p_pass


def _adjusted(measured: Sequence[Measured], p_values: list[float], *, corrected: bool) -> list[float]:
    """Over the rules that decide, and over those that do not, apart: the latter cost the former nothing."""
    from ferrata.stats import holm

    if not corrected:
        return p_values
    found = list(p_values)
    for deciding in (True, False):
        places = [place for place, one in enumerate(measured) if one.deciding == deciding]
        if places:
            for place, p in zip(places, holm([p_values[place] for place in places]), strict=True):
                found[place] = float(p)
    return found


def _result(one: Measured, p_pass: float, p_fail: float, how: How) -> RuleResult:
    verdict: Verdict = "inconclusive"
    if not one.blocked:
        if p_pass <= how.alpha:
            verdict = "pass"
        elif p_fail <= how.alpha:
            verdict = "fail"
    tested = one.interval is not None
    return RuleResult(
        rule=one.rule,
        verdict=verdict,
        deciding=one.deciding,
        n=one.n,
        estimate=one.estimate,
        interval=one.interval,
        confidence=how.confidence,
        boundary=one.boundary,
        p_value=_p_pass(one) if tested else None,
        p_adjusted=p_pass if tested else None,
        p_fail=p_fail if tested else None,
        test=one.test,
        effect=None if one.comparison is None else one.comparison.effect,
        power=one.power,
        smallest=one.smallest,
        rows_needed=one.rows_needed if verdict == "inconclusive" and not one.blocked and not one.doubts else None,
        higher_is_better=one.higher_is_better,
        baseline=one.baseline,
        candidate=one.candidate,
        comparison=one.comparison,
        corrected=one.corrected,
        corrected_interval=one.corrected_interval,
        reasons=tuple(_reasons(one, verdict)),
    )


def _reasons(one: Measured, verdict: Verdict) -> list[str]:
    said = [*one.blocked, *one.doubts]
    margin = None if one.boundary is None or one.rule.kind != "non_inferiority" else abs(one.boundary)
    if (
        not one.blocked
        and margin is not None
        and one.smallest is not None
        and verdict != "fail"
        and margin < one.smallest
    ):
        seen = f"with {one.n:,} rows the smallest margin it can see is {one.smallest:.2g}"
        if verdict == "inconclusive":
            said.insert(0, f"this gate could not have seen {margin:.3g}: {seen}")
        else:
            said.append(
                f"few rows for a margin of {margin:.3g}: {seen}; an equally good candidate passes {one.power or 0:.0%} of the time"
            )
    if verdict == "inconclusive" and not one.blocked and not one.doubts:
        said.append(_open(one))
    return list(dict.fromkeys([*said, *one.notes]))


def _open(one: Measured) -> str:
    if one.smallest is None:  # nobody knows how exact more rows would be
        return "neither kept nor broken is shown"
    if one.rows_needed is None:
        return "neither kept nor broken is shown, and no number of rows would show it at the present estimate"
    return f"neither kept nor broken is shown; at the present estimate about {one.rows_needed:,} rows would show it"


def _verdict(rules: Sequence[RuleResult]) -> tuple[Verdict, list[str]]:
    deciding = [one for one in rules if one.deciding]
    if any(one.verdict == "fail" for one in deciding):
        return "fail", []
    if not deciding:
        return "inconclusive", [
            "no rule decides: every score is a model's whose agreement with people is not known, or too low"
        ]
    if any(one.verdict != "pass" for one in deciding):
        return "inconclusive", []
    if broken := [one.rule.metric for one in rules if one.verdict == "fail"]:
        said = (
            f"all rules that decide are kept, but {', '.join(broken)} says that something got worse: look at those rows"
        )
        return "inconclusive", [said]
    return "pass", []
