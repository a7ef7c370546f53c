"""`ferrata history` and `ferrata compare`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferrata.cli.words import printable

if TYPE_CHECKING:
    from ferrata.app import App
    from ferrata.maturity import Assessment, Comparison

__all__ = ["compare", "history"]

_project = click.option(
    "--project", type=click.Path(path_type=Path), default=Path(), show_default=".", help="Folder of the project."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@_project
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@_json
def history(*, project: Path, limit: int, as_json: bool) -> None:
    """List the assessments, the newest first."""
    from ferrata.app import open_app

    with open_app(project) as app:
        rows = app.maturity.history(limit=limit)
    if as_json:
        click.echo(json.dumps([row._asdict() for row in rows], indent=2))
        return
    if not rows:
        click.echo("no assessments yet; make one with `ferrata assess`", err=True)
    for row in rows:
        level = "no LLM use" if row.level is None else f"level {row.level}"
        click.echo(f"{row.id[:12]}  {row.at[:19]}Z  {level:<10}  score {row.score}")


@click.command(context_settings={"ignore_unknown_options": True})
@_project
@click.argument("a", default="previous")
@click.argument("b", default="latest")
@_json
def compare(*, project: Path, a: str, b: str, as_json: bool) -> None:
    """Say what changed from assessment A to B.

    A and B are ids (or beginnings of ids) from `ferrata history`, `latest`, `previous`, -1, -2, ..., or JSON files.
    """
    from ferrata.app import open_app
    from ferrata.maturity import compare_assessments

    with open_app(project) as app:
        found = compare_assessments(_load(app, a), _load(app, b))
    click.echo(found.model_dump_json(indent=2) if as_json else printable(_text(found)))


def _load(app: App, name: str) -> Assessment:
    from ferrata.maturity import read_assessment

    return read_assessment(Path(name)) if name.endswith(".json") or "/" in name else app.maturity.assessment(name)


def _text(found: Comparison) -> str:
    def level(value: int | None) -> str:
        return "no LLM use" if value is None else f"level {value}"

    lines = [
        f"{found.a[:12]} ({found.a_at[:19]}Z) -> {found.b[:12]} ({found.b_at[:19]}Z)",
        f"{level(found.level[0])} -> {level(found.level[1])}, score {found.score[0]} -> {found.score[1]}",
    ]
    lines += [f"  {name}: {old} -> {new}" for name, (old, new) in found.points.items() if old != new]
    lines += [f"note: {note}" for note in found.notes]
    for change in found.changes:
        lines.append(f"{'+' if change.better else '-'} {change.practice}: {change.before} -> {change.after}")
        lines += [f"    {' '.join(why.split())}" for why in change.why]
    if not found.changes:
        lines.append("no practice changed its status")
    return "\n".join(lines)
