"""What all imports share on the command line: where to write, and the report."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ferrata.cli.words import counted, printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.evals import Imported

__all__ = ["finish", "import_options", "read_key", "server_options"]

F = TypeVar("F", bound="Callable[..., Any]")


def import_options(command: F) -> F:
    """Give a command the options of every import."""
    for option in reversed(
        (
            click.option("--name", default="", help="Name of the files and the evaluation.  [default: the source's]"),
            click.option(
                "--project",
                type=click.Path(path_type=Path),
                default=Path(),
                show_default=True,
                help="Folder of the project.",
            ),
            click.option("--replace", is_flag=True, help="Write over files that are there and differ."),
            click.option("--dry-run", is_flag=True, help="Say what would be written, and write nothing."),
            click.option("--json", "wants_json", is_flag=True, help="Print JSON."),
        )
    ):
        command = option(command)
    return command


def server_options(url: str, key: str) -> Callable[[F], F]:
    """Give a command the options of a server: its address, and the variable that holds the key."""

    def add(command: F) -> F:
        command = click.option("--key-env", default=key, show_default=True, help="Variable that holds the key.")(
            command
        )
        return click.option("--url", default=url, show_default=True, help="Address of the API.")(command)

    return add


def read_key(variable: str) -> str:
    """The value of an environment variable.

    Raises:
        UsageError: it is not set.
    """
    from ferrata.errors import UsageError

    value = os.environ.get(variable, "").strip()
    if not value:
        raise UsageError(
            f"the variable {variable!r} is not set", hint=f"export {variable}=..., or name another by --key-env"
        )
    return value


def finish(found: Imported, *, project: Path, replace: bool, dry_run: bool, wants_json: bool) -> None:
    """Write what was found, and report."""
    from ferrata.evals import files_of, write_imported

    paths = list(files_of(found)) if dry_run else write_imported(found, project, replace=replace)
    if wants_json:
        about = {
            "source": found.source,
            "written": [] if dry_run else paths,
            "would_write": paths if dry_run else [],
            "taken": found.taken,
            "changed": [note._asdict() for note in found.changed],
            "left": [note._asdict() for note in found.left],
            "commands": found.commands,
        }
        click.echo(json.dumps(about, ensure_ascii=False, indent=2))
        return
    click.echo(f"taken over from {found.source}: {printable(', '.join(found.taken)) or 'nothing'}")
    _section("changed", [str(note) for note in found.changed])
    _section("not taken over", [str(note) for note in found.left])
    _section("would write" if dry_run else "written", paths)
    if not paths:
        click.echo("\nnothing to write: the files are there as they are")
    if found.evals:
        click.echo(f"\n{counted(len(found.evals), 'evaluation')} in evals/: run it with `ferrata eval run NAME`")
    _section("to do, where it is wanted", found.commands)


def _section(title: str, lines: list[str]) -> None:
    if lines:
        click.echo(f"\n{title}:")
        for line in lines:
            click.echo(f"  {printable(line)}")
