"""`ferrata roadmap`: what to do next."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferrata.cli.words import counted, printable

if TYPE_CHECKING:
    from ferrata.maturity import RoadmapStep

__all__ = ["roadmap"]


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@click.option("--to", "level", type=click.IntRange(1, 4), metavar="LEVEL", help="The shortest way to this level.")
@click.option("--next", "count", type=click.IntRange(min=1), help="Only so many steps [default: 5, all with --to].")
@click.option("--model", type=click.Path(path_type=Path), help="Your own maturity model (YAML).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def roadmap(*, path: Path, level: int | None, count: int | None, model: Path | None, as_json: bool) -> None:
    """The next practices at PATH, most points for the least effort first, prerequisites before what needs them."""
    from ferrata.app import open_app

    with open_app(path) as app:
        found = app.maturity.roadmap(to_level=level, model=model)
        if app.maturity.store_problem is not None:
            click.echo(
                f"ferrata: without the ledger and the answers: {printable(str(app.maturity.store_problem))}", err=True
            )
    steps = found[: count or (None if level else 5)]
    if as_json:
        click.echo(json.dumps([step.model_dump() for step in steps], indent=2, ensure_ascii=False))
        return
    if not steps:
        click.echo("nothing left to do" if level is None else f"level {level} is reached")
        return
    for step in steps:
        click.echo(_text(step))
    of = f" of {len(found)}" if len(found) > len(steps) else ""
    click.echo(f"\n{counted(len(steps), 'step')}{of}, about {sum(step.effort for step in steps):.3g} person-days")


def _text(step: RoadmapStep) -> str:
    gains = f", gains {step.gains.replace(':', ' point ')}" if step.gains else ""
    lines = [
        f"{step.order}. {step.practice} (level {step.level}, {step.effort:g} person-days{gains})",
        f"   {step.statement}",
    ]
    lines += [f"   - {' '.join(missing.split())}" for missing in step.missing]
    if step.command:
        lines.append(f"   with Ferrata: {step.command}")
    lines.append(f"   how: {step.how}")
    return printable("\n".join(lines))
