"""`ferrata ci`: pipelines of GitHub, Azure DevOps and GitLab."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferrata.cli.words import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ci"]


@click.group()
def ci() -> None:
    """Pipelines: write one that runs Ferrata, and comment in it."""


@ci.command("init")
@click.argument("forge", type=click.Choice(["github", "azure", "gitlab"]))
@click.option("--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Project's folder.")
@click.option(
    "--gate", "gates", multiple=True, metavar="NAME", help="Run this gate; all that are declared if none is given."
)
@click.option("--install", default="", metavar="REQUIREMENT", help="What pip installs as Ferrata, with a version.")
@click.option("--branch", default="main", show_default=True, help="The branch that is merged into.")
@click.option("--force", is_flag=True, help="Write over a file that differs.")
def init(*, forge: str, project: Path, gates: Sequence[str], install: str, branch: str, force: bool) -> None:
    """Write a pipeline that assesses the project, checks its prompts and runs its gates, into the repository that it lies in.

    It fails where maturity drops, a prompt has an error or a gate is not passed; reports are kept, and one comment for each gate is
    renewed. A file that differs is not written over without --force.
    """
    from ferrata.forges import FORGES, plan_of, write_pipeline
    from ferrata.settings import load_settings

    plan, root = plan_of(load_settings(project), gates=gates, install=install, branch=branch)
    written = write_pipeline(FORGES[forge], plan, root, force=force)
    click.echo(f"{'written' if written.changed else 'unchanged'}: {printable(str(written.path))}")
    ran = ["maturity", *(["prompts"] if plan.prompts else []), *(f"gate {name}" for name in plan.gates)]
    click.echo(f"it runs: {', '.join(ran)}")
    click.echo("to set by you:")
    if "YOUR-ORG" in plan.install:
        click.echo("  YOUR-ORG in the file: where your copy of Ferrata lies (or write it anew with --install)")
    for line in FORGES[forge].to_do(plan):
        click.echo(f"  {line}")


@ci.command("comment")
@click.argument("reports", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
def comment_command(*, reports: Sequence[Path]) -> None:
    """Comment on the pull request that this pipeline runs for, once for each gate: the next run renews the comment.

    FILEs are written by `ferrata gate --output FILE.md`. Without a pull request, or without a token that may comment, as in
    a pull request from a fork, it says so and changes nothing.
    """
    from ferrata.forges import comment, forge_of

    thread = forge_of(os.environ).thread(os.environ)
    if isinstance(thread, str):
        click.echo(f"no comment: {thread}")
        return
    for line in comment(thread, reports):
        click.echo(printable(line))
