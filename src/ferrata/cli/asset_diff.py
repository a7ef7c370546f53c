"""`ferrata asset diff`: two versions as text and as meaning, and prompts also in the messages that they make.

Knows nothing of where they lie; `shortcut` does.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferrata.cli.words import counted, printable
from ferrata.errors import FerrataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.assets import Meaning
    from ferrata.prompts import Comparison, Prompt

    Files = Mapping[str, bytes]

__all__ = ["diff"]


_LONGEST = 120  # of a value that is shown in the line of its change


@click.command()
@click.option(
    "--project", type=click.Path(path_type=Path), default=Path(), show_default=True, help="Folder of the project."
)
@click.argument("before", metavar="REF")
@click.argument("after", metavar="REF")
@click.option(
    "--rows",
    type=click.Path(path_type=Path),
    help="JSON lines: inputs to render two prompts with; their samples if not given.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def diff(*, project: Path, before: str, after: str, rows: Path | None, as_json: bool) -> None:
    """Show how two versions differ: in meaning, in the messages that prompts make of the same rows, and as text."""
    from ferrata.assets import compare_versions
    from ferrata.refs import Ref
    from ferrata.shortcut import open_registry

    with open_registry(project) as registry:
        old, new = registry.resolve(Ref.parse(before)), registry.resolve(Ref.parse(after))
        files = registry.files(old), registry.files(new)
    names = str(old.ref), str(new.ref)
    prompts = _as_prompts(names, files) if old.kind == new.kind == "prompt" else None
    found = compare_versions(*files, names=names, meaning=_meaning(old.kind, new.kind, prompts))
    messages = _messages(prompts, rows)
    if as_json:
        about = {"before": names[0], "after": names[1], **found.as_json()}
        if messages is not None:
            about |= {"rows": messages.rows, "differing": [row._asdict() for row in messages.differing]}
        click.echo(json.dumps(about))
        return
    if not found.texts:
        click.echo(f"{old.ref} and {new.ref} have the same content")
    for change in found.changes:
        values = [json.dumps(value, ensure_ascii=False) for value in (change.before, change.after)]
        said = " -> ".join(values) if max(map(len, values)) <= _LONGEST else "another text, see below"
        click.echo(printable(f"{change.field}: {said}"))
    if messages is not None and found.texts:
        click.echo(f"{counted(messages.rows, 'row')} rendered, {len(messages.differing)} with other messages or none")
        for row in messages.differing:
            click.echo(printable(f"row {row.row}:\n{row.diff}"))
    for text in found.texts.values():
        click.echo(printable(text), nl=False)


def _as_prompts(names: tuple[str, str], files: tuple[Files, Files]) -> tuple[Prompt, Prompt] | None:
    """Both as prompts; None where one is none, which is said."""
    from ferrata.prompts import read_files

    try:
        return read_files(files[0], version=names[0]), read_files(files[1], version=names[1])
    except FerrataError as error:
        click.echo(f"not compared as prompts: {printable(error.message)}", err=True)
        return None


def _meaning(before: str, after: str, prompts: tuple[Prompt, Prompt] | None) -> Meaning | None:
    """What the files of a kind mean, where a room knows the kind."""
    if before == after == "dataset":
        from ferrata.datasets import dataset_meaning

        return dataset_meaning
    if prompts is None:
        return None
    from ferrata.prompts import meaning_of_files

    return meaning_of_files


def _messages(prompts: tuple[Prompt, Prompt] | None, rows: Path | None) -> Comparison | None:
    """What two prompts make of the same rows."""
    if prompts is None:
        if rows is not None:
            raise UsageError("only prompts are rendered with rows")
        return None
    from ferrata.cli.prompt_render import rows_of
    from ferrata.prompts import compare_prompts

    return compare_prompts(*prompts, rows_of(rows) if rows else None)
