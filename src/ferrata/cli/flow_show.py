"""`ferrata flow validate` and `ferrata flow show`: what a flow is and what is wrong with it, without running it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferrata.cli.flow_given import Connections, flow_place, given_values, given_variants
from ferrata.cli.words import counted, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["show", "validate"]

_path = click.argument("path", type=click.Path(path_type=Path))
_variant = click.option(
    "--variant", multiple=True, metavar="'${NODE.VARIANT}'", help="A variant of a node, instead of its default."
)


@click.command()
@_path
@_variant
@click.option("--connections", type=click.Path(path_type=Path), help="YAML file: name -> what a connection holds.")
@click.option("--init", multiple=True, metavar="NAME=VALUE|FILE", help="An argument of a flex flow's class.")
@click.option("--no-code", is_flag=True, help="Parse the flow's code, but do not load it.")
@click.option("--strict", is_flag=True, help="Exit with 1 where there are notices.")
@click.option("--json", "wants_json", is_flag=True, help="Print JSON: valid, errors, notices.")
@click.pass_context
def validate(
    context: click.Context,
    *,
    path: Path,
    variant: Sequence[str],
    connections: Path | None,
    init: Sequence[str],
    no_code: bool,
    strict: bool,
    wants_json: bool,
) -> None:
    """Say all that is wrong with a flow, without running it.

    PATH is the folder of a flow, its file, or a version, as flow/support@production. Errors go by Prompt Flow's names. A connection that is not declared is a
    notice. Exit status: 0 valid, 1 notices under --strict, 2 errors.
    """
    from ferrata.flows import validate_flow

    with flow_place(path) as place:
        found = validate_flow(
            place.path,
            connections=Connections(connections, place.root),
            variants=given_variants(variant),
            init=given_values(init, "--init") if init else None,
            code=not no_code,
        )
    errors = [one for one in found if one.level == "error"]
    notices = [one for one in found if one.level == "notice"]
    if wants_json:
        shown = {
            "valid": not errors,
            "errors": [one.as_json() for one in errors],
            "notices": [one.as_json() for one in notices],
        }
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        for one in found:
            click.echo(printable(str(one)))
            if one.hint:
                click.echo(f"  hint: {printable(one.hint)}")
        click.echo(
            f"{'valid' if not errors else 'not valid'}: {counted(len(errors), 'error')}, {counted(len(notices), 'notice')}"
        )
    context.exit(2 if errors else 1 if strict and notices else 0)


@click.command()
@_path
@_variant
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "mermaid", "svg"]),
    default="text",
    show_default=True,
    help="Form of the picture.",
)
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), help="Write it to a file.")
def show(*, path: Path, variant: Sequence[str], form: str, output: Path | None) -> None:
    """Draw a flow: inputs, nodes, conditions, what runs once over all lines, outputs.

    PATH is the folder of a flow, its file, or a version, as flow/support@production. The code is not loaded.
    """
    from ferrata.flows import draw_flow, read_flow

    with flow_place(path) as place:
        text = draw_flow(read_flow(place.path, variants=given_variants(variant)), form)
    if output is None:
        click.echo(text if form == "svg" else printable(text), nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        from ferrata.errors import UsageError

        raise UsageError(f"cannot write {str(output)!r}: {error.strerror or error}") from None
    click.echo(f"written: {output}", err=True)
