"""`ferrata flow`: the group. Each command's module is imported when the command is run."""

from __future__ import annotations

import click

from ferrata.cli.lazy import LazyGroup

__all__ = ["flow"]

# Command -> module, attribute, one line of help.
_COMMANDS = {
    "test": ("flow_test", "test", "Run a flow once, from inputs or as a conversation."),
}


@click.group(cls=LazyGroup, table=_COMMANDS)
def flow() -> None:
    """Flows: graphs, functions and classes over models, in Prompt Flow's formats and in plain Python.

    Prompt Flow's projects run as they are, without promptflow installed.
    """
