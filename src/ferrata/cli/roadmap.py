"""`ferrata roadmap`: what to do next."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ferrata.maturity import RoadmapStep

__all__ = ["roadmap"]


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=Path())
@click.option("--to", "level", type=click.IntRange(1, 4), metavar="LEVEL", help="The shortest way to this level.")
@click.option("--next", "count", type=click.IntRange(min=1), help="Only so many steps [default: 5, all with --to].")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def roadmap(*, path: Path, level: int | None, count: int | None, as_json: bool) -> None:
    """The next practices at PATH, most points for the least effort first, prerequisites before what needs them."""
    from ferrata.app import open_app

    app = open_app(path)
    steps = app.roadmap(to_level=level)
    steps = steps[: count or (None if level else 5)]
    if as_json:
        click.echo(json.dumps([step.model_dump() for step in steps], indent=2, ensure_ascii=False))
        return
    if not steps:
        click.echo("nothing left to do" if level is None else f"level {level} is reached")
        return
    for step in steps:
        click.echo(_text(step))
    click.echo(f"\n{len(steps)} steps, about {sum(step.effort for step in steps):g} person-days")


def _text(step: RoadmapStep) -> str:
    gains = f", gains {step.gains.replace(':', ' point ')}" if step.gains else ""
    lines = [
        f"{step.order}. {step.practice} (level {step.level}, {step.effort:g} person-days{gains})",
        f"   {step.statement}",
    ]
    lines += [f"   - {missing}" for missing in step.missing]
    if step.command:
        lines.append(f"   with Ferrata: {step.command}")
    lines.append(f"   how: {step.how}")
    return "\n".join(lines)
