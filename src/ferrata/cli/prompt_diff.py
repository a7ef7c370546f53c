"""`ferrata prompt diff` and `ferrata prompt convert`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from ferrata.cli.prompt_render import file_argument, open_prompt, project_option, rows_of
from ferrata.cli.words import counted, printable
from ferrata.errors import FerrataError, UsageError

if TYPE_CHECKING:
    from ferrata.prompts import Comparison, Dialect, Prompt

__all__ = ["convert", "diff"]


@click.command()
@click.argument("before")
@click.argument("after")
@click.option(
    "--data",
    "--rows",
    "data",
    type=click.Path(path_type=Path),
    help="Rows (JSON lines) to render both with; their samples if not given.",
)
@project_option
@click.option("--json", "wants_json", is_flag=True, help="Print JSON.")
def diff(*, before: str, after: str, data: Path | None, project: Path | None, wants_json: bool) -> None:
    """Say what changed from the prompt BEFORE to AFTER: fields, messages on sample rows, text.

    Each is a file or a version of the registry, as in: ferrata prompt diff prompt/support@production prompts/support.prompty.
    """
    from ferrata.prompts import compare_prompts

    rows = rows_of(data) if data else None
    found = compare_prompts(open_prompt(before, project), open_prompt(after, project), rows)
    if wants_json:
        about: dict[str, Any] = {
            "changes": [change._asdict() for change in found.changes],
            "rows": found.rows,
            "differing": [row._asdict() for row in found.differing],
            "text": found.text,
        }
        click.echo(json.dumps(about, ensure_ascii=False, indent=2, default=str))
        return
    _print(found)


def _print(found: Comparison) -> None:
    if not found.text and not found.differing:
        click.echo("no difference")
        return
    for change in found.changes:
        click.echo(f"{change.field}:")
        for sign, value in (("-", change.before), ("+", change.after)):
            for line in _lines(value):
                click.echo(f"  {sign} {printable(line)}")
    click.echo(f"\n{counted(found.rows, 'row')} rendered, {len(found.differing)} with other messages or none")
    for row in found.differing:
        click.echo(f"row {row.row}:\n{printable(row.diff)}")
    click.echo(f"\n{printable(found.text)}", nl=False)


def _lines(value: object) -> list[str]:
    if value is None:
        return []
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)).splitlines() or [
        ""
    ]


@click.command()
@file_argument
@click.option("--to", "dialect", required=True, metavar="DIALECT", help="prompty-v1, prompty-v2 or promptflow.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; standard output if not given."
)
@project_option
def convert(*, file: str, dialect: str, output: Path | None, project: Path | None) -> None:
    """Write a prompt in another dialect, and say what that dialect cannot say.

    The new file is rendered with the sample and compared with the old one.
    """
    from ferrata.prompts import convert_prompt

    prompt = open_prompt(file, project)
    found = convert_prompt(prompt, cast("Dialect", dialect))
    if output is None:
        click.echo(found.text, nl=False)
    else:
        try:
            with output.open("x", encoding="utf-8", newline="\n") as opened:
                opened.write(found.text)
        except FileExistsError:
            raise UsageError(f"{str(output)!r} is there already", hint="name another file, or remove it") from None
        except OSError as error:
            raise UsageError(f"cannot write {str(output)!r}: {error.strerror or error}") from None
    click.echo(f"{prompt.dialect} -> {dialect}", err=True)
    for lost in found.lost:
        click.echo(f"lost: {printable(lost)}", err=True)
    click.echo(_compared(prompt, found.text), err=True)


def _compared(prompt: Prompt, text: str) -> str:
    from ferrata.prompts import parse_prompt, render_prompt

    try:
        before = render_prompt(prompt)
    except FerrataError as error:
        return f"not compared: the sample does not render ({printable(error.message)})"
    after = render_prompt(parse_prompt(text, path=prompt.path, root=prompt.root), dict(prompt.sample) or None)
    if before == after:
        return "the sample renders to the same messages"
    same = [(m.role, m.text.split()) for m in before] == [(m.role, m.text.split()) for m in after]
    return (
        "the sample renders to the same messages but for white space"
        if same
        else "the sample renders to other messages"
    )
