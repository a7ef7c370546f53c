"""How `ferrata gate` shows a result: the verdict, a table of rules, why, and what to do next."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import click

from ferrata.cli.words import aligned, counted, printable
from ferrata.markup import figures

if TYPE_CHECKING:
    from ferrata.gates import GateResult, RuleResult

__all__ = ["print_result"]

_FILES = (".json", ".jsonl", ".csv", ".tsv", ".parquet")
_HEAD = ["rule", "baseline", "candidate", "estimate", "interval", "p", "verdict"]


def print_result(result: GateResult, project: str = "") -> None:
    """Print it.

    Args:
        result: of the gate.
        project: words that name the project in a command; empty where it is this folder's.
    """
    click.echo(printable(_verdict(result)))
    click.echo("")
    rows = [_HEAD, *(_row(one) for one in result.rules)]
    click.echo("\n".join(aligned([[printable(cell) for cell in row] for row in rows], right=(1, 2, 3, 5))))
    said = [f"{one.rule.metric}: {reason}" for one in result.rules for reason in one.reasons]
    if said or result.notes:
        click.echo("")
    for line in dict.fromkeys((*result.notes, *said)):
        click.echo(printable(line))
    if steps := _next(result, project):
        click.echo("\nnext:")
        for step in steps:
            click.echo(f"  {printable(step)}")


def _verdict(result: GateResult) -> str:
    against = "" if result.baseline is None else f" against {result.baseline.run}"
    after = "" if result.stopped_after is None else f", decided after {counted(result.stopped_after, 'row')}"
    words = f"{result.gate}: {result.verdict}: {result.candidate.run}{against}, {counted(result.rows, 'row')}{after}"
    if result.waived:
        words += f"; waived: {result.waived}"
    return words


def _row(one: RuleResult) -> list[str]:
    estimate = one.estimate
    ends = None if one.interval is None else (one.interval.low, one.interval.high)
    sign = "+" if one.rule.compares else ""
    shown = "-" if estimate is None else figures(estimate, ends, least=3, sign=sign)
    between = "-" if ends is None else f"{_end(ends[0], ends)} to {_end(ends[1], ends)}"
    p = "-" if one.p_adjusted is None else f"{one.p_adjusted:.3f}" if one.p_adjusted >= 0.001 else "<0.001"
    verdict = one.verdict if one.deciding else f"({one.verdict}, does not decide)"
    before = "-" if one.baseline is None else figures(one.baseline, ends)
    now = "-" if one.candidate is None else figures(one.candidate, ends)
    return [one.rule.text, before, now, shown, between, p, verdict]


def _end(value: float, ends: tuple[float, float]) -> str:
    return figures(value, ends, least=3) if isfinite(value) else "unbounded"


def _next(result: GateResult, project: str) -> list[str]:
    run, base = result.candidate.run, result.baseline.run if result.baseline else ""
    if result.verdict == "pass":
        return []
    files = (run.endswith(_FILES), base.endswith(_FILES))
    steps = [] if files[0] else [f"ferrata eval show {run} --failed{project}"]
    if base and not any(files):
        steps.append(f"ferrata eval compare {base} {run}{project}")
    if result.verdict == "inconclusive" and result.on_inconclusive == "pass":
        click.echo("warning: inconclusive, and let pass by `inconclusive: pass`", err=True)
    return steps
