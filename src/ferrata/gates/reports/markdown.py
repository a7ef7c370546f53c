"""Markdown for a pull request's comment and a pipeline's step summary.

The first line is an HTML comment with the gate's name, by which a later run finds the comment and renews it. What came from rows
and models is hostile: nothing in it becomes markup, a link, a mention or a reference. Forges take so many characters in one
comment and no more; rows are left out before that, and it is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.gates.reports.words import (
    SIGNS,
    VERDICTS,
    between,
    changed,
    facts,
    headline,
    number,
    probability,
    weight,
)
from ferrata.markup import code, counted, escaped, one_line, when

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ferrata.gates.reports.base import Place
    from ferrata.gates.types import Change, GateResult, RuleResult

__all__ = ["MOST_CHARACTERS", "marker", "write_markdown"]

MOST_CHARACTERS = 65_000
"""Of one report: GitHub takes 65,536 in a comment, GitLab and Azure DevOps more."""

_ROWS, _REASONS, _NOTES = 10, 4, 8
_TEXT, _REASON = 300, 400


def marker(gate: str) -> str:
    """The first line of a gate's comment; two gates never have the same, and no name ends it early."""
    return f"<!-- ferrata gate: {''.join(c if c.isalnum() or c in '_.' else f'%{ord(c):x};' for c in gate)} -->"


def write_markdown(result: GateResult, _place: Place) -> str:
    """Verdict, rules, reasons, rows that changed most, and where it comes from."""
    head = [marker(result.gate), f"## {escaped(headline(result))}", "", *_about(result)]
    rules = [_rule(result, one) for one in result.rules]
    reasons = list(_reasons(result.rules))
    rows = [_row(result, one) for one in result.changes[:_ROWS]]
    every = len(rules), len(reasons)
    while True:
        lines = [
            *head,
            *_table(rules, every[0]),
            *_why(reasons, every[1]),
            *_changes(rows, len(result.changes)),
            *("", _footer(result), ""),
        ]
        text = "\n".join(lines)
        longest = next((part for part in (rows, reasons, rules) if part), None)
        if len(text) <= MOST_CHARACTERS or longest is None:
            return text
        longest.pop()


def _about(result: GateResult) -> Iterator[str]:
    counts = [(name, sum(one.verdict == key for one in result.rules)) for key, name in VERDICTS.items()]
    said = ", ".join(f"{n} {name}" for name, n in counts if n)
    yield f"{counted(len(result.rules), 'rule')}{': ' if said else ''}{said}. {counted(result.rows, 'row')} of {code(result.dataset or 'data')}."
    if result.waived:
        yield from ("", f"Waived: {escaped(result.waived, _REASON)}")
    notes = [escaped(note, _REASON) for note in result.notes[:_NOTES]]
    if notes:
        yield from ("", *(f"- {note}" for note in notes))
        yield from [f"- And {len(result.notes) - _NOTES} more."] if len(result.notes) > _NOTES else []


def _table(rules: Sequence[str], of: int) -> Iterator[str]:
    if rules:
        yield from ("", "| | Rule | Baseline | Candidate | Estimate | p | n |")
        yield from ("| :-- | :-- | --: | --: | :-- | --: | --: |", *rules)
    yield from _left_out(of - len(rules), "rule")


def _rule(result: GateResult, one: RuleResult) -> str:
    estimate = "–"
    if one.estimate is not None:
        estimate = f"{number(one.estimate, one.interval)}, {between(one.interval, one.confidence)}"
    if one.corrected is not None:
        estimate += f"; corrected {number(one.corrected, one.corrected_interval)}, {between(one.corrected_interval)}"
    p = probability(one.p_value if one.p_adjusted is None else one.p_adjusted)
    cells = (
        f"{SIGNS[weight(result, one)]} {VERDICTS[one.verdict]}{'' if one.deciding else ', does not decide'}",
        escaped(one.rule.text),
        number(one.baseline, one.interval),
        number(one.candidate, one.interval),
        estimate,
        p.replace("<", "&lt;").replace(">", "&gt;"),
        f"{one.n:,}",
    )
    return f"| {' | '.join(cells)} |"


def _reasons(rules: Sequence[RuleResult]) -> Iterator[str]:
    for one in rules:
        for reason in one.reasons[:_REASONS]:
            yield f"- {code(one.rule.metric)}: {escaped(reason, _REASON)}"
        if one.rows_needed is not None:
            yield f"- {code(one.rule.metric)}: to decide it at the present estimate takes {counted(one.rows_needed, 'row')}"


def _why(reasons: Sequence[str], of: int) -> Iterator[str]:
    if reasons:
        yield from ("", "### Why", "", *reasons)
    yield from _left_out(of - len(reasons), "reason")


def _left_out(count: int, noun: str) -> Iterator[str]:
    if count > 0:
        yield from ("", f"{counted(count, noun)} more; the HTML and JSON reports have all.")


def _row(result: GateResult, one: Change) -> str:
    inputs = "; ".join(f"{name}: {value}" for name, value in one.inputs.items())
    score = f"{code(one.metric, cell=True)} {number(one.before)} → {number(one.after)} ({changed(result, one)})"
    cells = (escaped(one_line(text), _TEXT) for text in (inputs, one.output_before, one.output_after))
    return f"| {one.row} | {score} | {' | '.join(cells)} |"


def _changes(rows: Sequence[str], of: int) -> Iterator[str]:
    if rows:
        yield from ("", "<details><summary>Rows that changed most</summary>", "")
        yield from (
            "| Row | Score | Input | Baseline's answer | Candidate's answer |",
            "| --: | :-- | :-- | :-- | :-- |",
        )
        yield from (*rows, "", "</details>")
    yield from _left_out(of - len(rows), "changed row")


def _footer(result: GateResult) -> str:
    made = f", {when(result.created)}" if result.created else ""
    return f"{'; '.join(f'{name.lower()} {code(value)}' for name, value in facts(result))}{made}."
