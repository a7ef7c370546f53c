"""`ferrata flow build`: the folder of a container that serves a flow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferrata.cli.flow_given import given_variants, project_root
from ferrata.cli.words import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["build"]


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help="Folder to write; must be empty.")
@click.option("--variant", multiple=True, metavar="'${NODE.VARIANT}'", help="A variant instead of the default.")
@click.option("--connections", type=click.Path(path_type=Path), help="The file that declares the flow's connections.")
@click.option("--format", "shape", type=click.Choice(["docker"]), default="docker", help="What to build.")
def build(*, path: Path, output: Path, variant: Sequence[str], connections: Path | None, shape: str) -> None:
    """Write the folder of a container that serves a flow: the flow, a Dockerfile, and the names of the variables to set.

    PATH is the folder of a flow, or its file. Values of connections become variables; none is copied. The flow's code is not run.
    """
    from ferrata.flows import build_container

    beside = project_root(path) / "connections.yaml"
    file = connections or (beside if beside.is_file() else None)
    built = build_container(path.resolve(), output, variants=given_variants(variant), connections=file)
    click.echo(f"{printable(str(built.folder))}: flow, {', '.join(built.files)}")
    for line in built.dropped:
        click.echo(f"not installed: {printable(line.strip())} (Ferrata takes its part)")
    for one in built.variables:
        click.echo(f"set {printable(one.name)}: {printable(one.purpose)}")
    click.echo(f"next: docker build -t {printable(built.folder.name)} {printable(str(built.folder))}")
