"""What `ferrata scout` prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from ferrata.cli.words import aligned, printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ferrata.scouts import Outcome, Plan, Planned, ScoutResult

__all__ = ["print_plan", "print_result"]

_MOST = 8


def print_plan(plans: Sequence[Plan], *, wants_json: bool) -> None:
    """Who would be asked, why and for how much."""
    if wants_json:
        click.echo(json.dumps([_plan_json(plan) for plan in plans], ensure_ascii=False, indent=2))
        return
    from ferrata.scouts import grouped

    for plan in plans:
        used, mine = plan.used, plan.models[0]
        how = "guessed by their length" if plan.guessed else f"measured over {used.rows:,} rows"
        click.echo(printable(f"{plan.use_case.name}: {plan.rows:,} rows on {mine.candidate.title}{_leaving(plan)}"))
        click.echo(f"a request: {used.input_tokens:,.0f} tokens in, {used.output_tokens:,.0f} out ({how})")
        rows = [["model", "calls", "about $", "why"]]
        for one in plan.models:
            why = "; ".join(one.candidate.reasons) if one is not mine else "the incumbent"
            rows.append([one.candidate.title, f"{one.calls:,}", _dollars(one), why])
        click.echo("\n".join(aligned([[printable(cell) for cell in row] for row in rows])))
        if len(plan.models) == 1:
            click.echo("no other model can be tried")
        for line in grouped(plan.passed_over)[:_MOST]:
            click.echo(printable(f"  {line}"))
        unknown = any(one.cost is None for one in plan.models)
        click.echo(f"in all about ${plan.cost:.4f}{', and what those without a price cost' if unknown else ''}")


def _leaving(plan: Plan) -> str:
    return f"; {plan.retires.rstrip('.')}" if plan.retires else ""


def _dollars(one: Planned) -> str:
    return "?" if one.cost is None else f"{one.cost:.4f}"


def _plan_json(plan: Plan) -> dict[str, object]:
    return {
        "use_case": plan.use_case.name,
        "rows": plan.rows,
        "incumbent": plan.models[0].candidate.id,
        "retires": plan.retires or None,
        "tokens": {"input": plan.used.input_tokens, "output": plan.used.output_tokens, "guessed": plan.guessed},
        "models": [one.candidate.as_json() | {"calls": one.calls, "usd": one.cost} for one in plan.models],
        "passed_over": [{"model": one.id, "why": one.why} for one in plan.passed_over],
        "usd": plan.cost,
    }


def print_result(result: ScoutResult, folder: Path) -> None:
    """A table, the recommendation, and where the report is."""
    heads = ["model", result.metric or "quality", "difference", "p", "$/1,000", "p50, s", "p95, s", "gate", "front"]
    rows = [heads, *(_row(one) for one in result.outcomes if one.measured is not None)]
    click.echo("\n".join(aligned([[printable(cell) for cell in row] for row in rows])))
    for one in result.outcomes:
        if one.left_out:
            click.echo(printable(f"  left out: {one.id}: {one.left_out}"))
    for note in result.notes:
        click.echo(printable(f"  {note}"))
    click.echo(printable(result.why))
    click.echo(f"report: {folder / 'report.md'}")
    for command in result.commands:
        click.echo(f"  {printable(command)}")


def _row(one: Outcome) -> list[str]:
    measured = one.measured
    if measured is None:
        return []
    mean, of = measured.estimate, one.difference
    difference = "-" if of is None else f"{of.difference:+.3f} [{of.interval.low:+.3f}, {of.interval.high:+.3f}]"
    numbers = [("?" if n is None else f"{n:.3g}") for n in (measured.per_1000, measured.p50, measured.p95)]
    return [
        f"{one.id}{' *' if one.incumbent else ''}",
        f"{mean.value:.3f} [{mean.interval.low:.3f}, {mean.interval.high:.3f}]",
        f"{difference} {one.shown()}".strip(),
        "-" if one.p_adjusted is None else f"{one.p_adjusted:.2g}",
        *numbers,
        one.verdict or "-",
        "yes" if one.on_front else "no",
    ]
