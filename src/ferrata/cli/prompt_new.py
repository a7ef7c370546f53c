"""`ferrata prompt new`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from ferrata.prompts import Dialect

__all__ = ["new"]


@click.command()
@click.argument("name", required=False)
@click.option("--technique", metavar="NAME", help="Work out one technique; without it, the framework alone.")
@click.option("--techniques", "list_them", is_flag=True, help="List the techniques instead.")
@click.option("--dialect", default="prompty-v2", show_default=True, help="prompty-v1, prompty-v2 or promptflow.")
@click.option("--model", default="", metavar="NAME", help="The model that it is for.")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("prompts"), show_default=True, help="Where to write it."
)
def new(*, name: str | None, technique: str | None, list_them: bool, dialect: str, model: str, folder: Path) -> None:
    """Write a new prompt with every part of the system-message framework.

    It is a worked example that renders and runs as it is: replace its words by your own.
    """
    from ferrata.prompts import new_prompt, techniques

    if list_them:
        for key, one in techniques().items():
            click.echo(f"{key:<17} {one.when.strip()}")
        return
    if name is None:
        raise UsageError("the prompt has no name", hint="ferrata prompt new support")
    if not name.replace("-", "").replace("_", "").isalnum():
        raise UsageError(f"no name of a prompt: {name!r}", hint="use letters, digits, - and _")
    text = new_prompt(name, technique=technique, dialect=cast("Dialect", dialect), model=model)
    path = folder / f"{name}.prompty"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{str(path)!r} is there already", hint="choose another name, or remove it") from None
    except OSError as error:
        raise UsageError(f"cannot write {str(path)!r}: {error.strerror or error}") from None
    click.echo(f"written: {path}")
