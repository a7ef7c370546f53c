"""`ferrata flow audit`: what of a Prompt Flow project runs here, what has to change and what is gone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferrata.cli.words import counted, printable

if TYPE_CHECKING:
    from ferrata.flows import ProjectAudit

__all__ = ["audit"]

_RANKS = {"needs-change": 1, "gone": 2}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@click.option("--all", "every", is_flag=True, help="List also what runs as it is.")
@click.option(
    "--fail-on",
    type=click.Choice(["needs-change", "gone", "never"]),
    default="never",
    show_default=True,
    help="Exit with 1 where something must change, or is gone.",
)
@click.option("--json", "wants_json", is_flag=True, help="Print JSON.")
@click.pass_context
def audit(context: click.Context, *, folder: Path, every: bool, fail_on: str, wants_json: bool) -> None:
    """Say of each flow, prompt, run file, connection and piece of code that uses Prompt Flow whether it runs here.

    FOLDER is any repository. Nothing of it is run or changed. Three verdicts: runs as it is; needs a change, with file, line and the
    change; gone, because it has no successor.
    """
    from ferrata.clock import SystemClock
    from ferrata.flows import audit_project

    found = audit_project(folder, on=SystemClock().now().date())
    if wants_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
    else:
        _print(found, every=every)
    context.exit(1 if fail_on in _RANKS and found.verdict.rank >= _RANKS[fail_on] else 0)


def _print(found: ProjectAudit, *, every: bool) -> None:
    if not found.items:
        click.echo(f"nothing of Prompt Flow in {counted(found.files, 'file')}")
        return
    kind = ""
    for item in found.items:
        if item.verdict == "runs" and not item.statements and not every:
            continue
        if item.kind != kind:
            kind = item.kind
            click.echo(f"\n{kind}" if kind else kind)
        click.echo(f"  {item.verdict}: {printable(item.path)}")
        for statement in item.statements:
            click.echo(f"    {printable(statement.file)}:{statement.line}: {printable(statement.what)}")
            if statement.change:
                click.echo(f"      -> {printable(statement.change)}")
    counts: dict[str, list[int]] = {}
    for item in found.items:
        counts.setdefault(item.kind, [0, 0, 0])[item.verdict.rank] += 1
    click.echo("")
    for name, (runs, change, gone) in counts.items():
        click.echo(f"{name}: {runs} as it is, {change} to change, {gone} gone")
    click.echo(f"\n{counted(len(found.items), 'part')} in {counted(found.files, 'file')}: " + _sum(found))
    left = found.days_left
    ends = (
        f"is read-only from {found.retired}, in {counted(left, 'day')}"
        if left > 0
        else f"is read-only since {found.retired}"
    )
    click.echo(f"Prompt Flow gets no features since {found.development_ended} and {ends}.")


def _sum(found: ProjectAudit) -> str:
    counts = found.counts()
    return f"{counts['runs']} run as they are, {counts['needs-change']} need a change, {counts['gone']} are gone."
