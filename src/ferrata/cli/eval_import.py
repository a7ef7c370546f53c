"""`ferrata eval import`: what other tools keep, taken over into files of the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ferrata.cli.import_options import finish, import_options
from ferrata.cli.lazy import LazyGroup

__all__ = ["import_group", "promptfoo"]

# Source -> module, attribute, one line of help.
_COMMANDS = {
    "promptfoo": ("eval_import", "promptfoo", "A configuration: prompts, tests and assertions."),
}


@click.group("import", cls=LazyGroup, table=_COMMANDS)
def import_group() -> None:
    """Take over data, prompts, evaluators and scores from other tools, as files of the project.

    Nothing of theirs is run, and nothing is dropped without a word: the report names what came, what changed and what did not come.
    """


@click.command("promptfoo")
@click.argument("path", type=click.Path(path_type=Path), default="promptfooconfig.yaml", metavar="[CONFIG]")
@import_options
def promptfoo(*, path: Path, name: str, **options: Any) -> None:
    """A configuration of promptfoo: prompts, tests with their assertions, and the first model.

    CONFIG is a file of YAML or JSON, or its folder.  [default: promptfooconfig.yaml]
    """
    from ferrata.evals import import_promptfoo

    finish(import_promptfoo(path, name=name), **options)
