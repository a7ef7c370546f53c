"""`ferrata eval`: the group. Each command's module is imported when the command is run."""

from __future__ import annotations

import click

from ferrata.cli.lazy import LazyGroup

__all__ = ["eval_group"]

# Command -> module, attribute, one line of help.
_COMMANDS = {
    "import": ("eval_import", "import_group", "Take over what promptfoo and others keep."),
}


@click.group("eval", cls=LazyGroup, table=_COMMANDS)
def eval_group() -> None:
    """Evaluations: data, evaluators and scores."""
