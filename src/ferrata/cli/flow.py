"""`ferrata flow`: the group. Each command's module is imported when the command is run."""

from __future__ import annotations

import click

from ferrata.cli.lazy import LazyGroup

__all__ = ["flow"]

# Command -> module, attribute, one line of help.
_COMMANDS = {
    "test": ("flow_test", "test", "Run a flow once, from inputs or as a conversation."),
    "run": ("flow_run", "run", "Run a flow over the rows of data, and go on where it was stopped."),
    "serve": ("flow_serve", "serve", "Answer over HTTP, as Prompt Flow's served app does."),
    "build": ("flow_build", "build", "Write the folder of a container that serves a flow."),
    "runs": ("flow_runs", "runs", "Runs over data: list them, look into them, remove them."),
}


@click.group(cls=LazyGroup, table=_COMMANDS)
def flow() -> None:
    """Flows: graphs, functions and classes over models, in Prompt Flow's formats and in plain Python.

    Prompt Flow's projects run as they are, without promptflow installed.
    """
