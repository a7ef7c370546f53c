"""The words and numbers that all reports of a gate share. Knows no format and escapes nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from ferrata.markup import counted, figures, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.gates.types import Change, GateResult, RuleResult, Side
    from ferrata.stats import Interval

__all__ = [
    "SIGNS",
    "VERDICTS",
    "Weight",
    "between",
    "changed",
    "facts",
    "headline",
    "number",
    "probability",
    "side",
    "summary",
    "weight",
]

Weight = Literal["passed", "noted", "undecided", "failed"]
VERDICTS = {"pass": "passed", "fail": "failed", "inconclusive": "inconclusive"}
SIGNS: dict[Weight, str] = {"passed": "✓", "noted": "!", "undecided": "?", "failed": "✕"}


def weight(result: GateResult, rule: RuleResult | None = None) -> Weight:
    """How much a rule's verdict, or without a rule the gate's own, counts.

    Returns:
        `failed` and `undecided` are what a pipeline stops for; `noted` is what it should show and go on.
    """
    verdict = result.verdict if rule is None else rule.verdict
    if verdict == "pass":
        return "passed"
    if result.waived or (rule is not None and not rule.deciding):
        return "noted"
    if verdict == "fail":
        return "failed"
    return "noted" if result.on_inconclusive == "pass" else "undecided"


def headline(result: GateResult) -> str:
    """`Gate support passed`, and that it was waived."""
    said = f"Gate {result.gate} {'is ' if result.verdict == 'inconclusive' else ''}{VERDICTS[result.verdict]}"
    if result.waived:
        return f"{said}, and was waived"
    return f"{said}, which this gate lets pass" if result.verdict == "inconclusive" and not result.exit_status else said


def number(value: float | None, around: Interval | None = None) -> str:
    """A number; as exact as its interval says, two digits of the half width, where it has one."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "no bound"
    half = 0.0 if around is None else (around.high - around.low) / 2
    if not (half > 0 and math.isfinite(half)):
        return f"{value:.4g}"
    places = min(max(1 - math.floor(math.log10(half)), 0), 6)
    return f"{value:.{places}f}" if abs(value) < 1e6 else figures(value, around)


def between(interval: Interval | None, confidence: float | None = None) -> str:
    """`0.02 to 0.1 (90 % interval)`; an end without a bound is said."""
    if interval is None:
        return "–"
    low, high = number(interval.low, interval), number(interval.high, interval)
    ends = (
        f"below {high}"
        if math.isinf(interval.low)
        else f"above {low}"
        if math.isinf(interval.high)
        else f"{low} to {high}"
    )
    return ends if confidence is None else f"{ends} ({percent(confidence)} % interval)"


def probability(value: float | None) -> str:
    """A p-value: `0.012`, `< 0.0001`, `> 0.99`."""
    if value is None or math.isnan(value):
        return "–"
    return "< 0.0001" if value < 0.0001 else "> 0.99" if 0.99 < value < 1 else f"{value:.2g}"


def summary(rule: RuleResult) -> str:
    """A rule and what was found, in a sentence."""
    what = "difference" if rule.rule.compares else "mean"
    found = f"{what} {number(rule.estimate, rule.interval)}, {between(rule.interval, rule.confidence)}"
    if rule.estimate is None:
        found = "no estimate"
    p = rule.p_value if rule.p_adjusted is None else rule.p_adjusted
    known = f", p {probability(p)}" if p is not None else ""
    return f"{rule.rule.text}: {found}{known}, n = {rule.n:,}"


def side(one: Side) -> str:
    """A side by its target and the start of its digest."""
    digest = f" {one.digest.removeprefix('sha256:')[:12]}" if one.digest else ""
    return f"{one.target or one.run}{digest}"


def facts(result: GateResult) -> Sequence[tuple[str, str]]:
    """Where a verdict comes from: names and values."""
    found = [("Candidate", f"{side(result.candidate)}, run {result.candidate.run}")]
    if result.baseline is not None:
        found.append(("Baseline", f"{side(result.baseline)}, run {result.baseline.run}"))
    data = f"{result.dataset} {result.dataset_digest.removeprefix('sha256:')[:12]}".strip() or "not known"
    found.append(("Data", f"{data}, {counted(result.rows, 'row')}"))
    if result.sequential:
        stopped = f"after {counted(result.stopped_after, 'row')}" if result.stopped_after is not None else "at the end"
        found.append(("Decided", f"{stopped}, by tests that hold however often one looks"))
    found.append(("Alpha", f"{result.alpha:g}, correction {result.correction}"))
    found.append(("Seed", str(result.seed)))
    return found


def changed(result: GateResult, one: Change) -> str:
    """`worse`, `better` or `changed`, by the direction of the row's metric."""
    rising = {
        rule.higher_is_better
        for rule in result.rules
        if rule.rule.metric.startswith(one.metric) or one.metric.startswith(rule.rule.metric)
    }
    if len(rising) != 1 or one.after == one.before:
        return "changed"
    return "better" if (one.after > one.before) is rising.pop() else "worse"
