"""`ferrata flow init`: a small flow to begin with."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["init"]

_NEXT = {
    "standard": "ferrata flow test {folder}\nferrata flow run {folder} --data {folder}/data.jsonl",
    "chat": "ferrata flow test {folder} --interactive --connections FILE",
    "evaluation": "ferrata flow run {folder} --data {folder}/data.jsonl",
    "flex": "ferrata flow test {folder}",
}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--type",
    "kind",
    type=click.Choice(list(_NEXT)),
    default="standard",
    show_default=True,
    help="Kind of flow.",
)
def init(*, folder: Path, kind: str) -> None:
    """Write a small flow that runs into FOLDER.

    standard is a graph of Python functions, evaluation grades answers and counts over all lines, flex is one Python class: these need no
    key. chat asks a model by the name of a connection.
    """
    from ferrata.flows import write_flow

    for path in write_flow(folder, kind):
        click.echo(f"written: {path}")
    click.echo("next:")
    for line in _NEXT[kind].format(folder=folder).splitlines():
        click.echo(f"  {line}")
