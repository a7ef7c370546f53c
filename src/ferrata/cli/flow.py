"""`ferrata flow`: the group. Each command's module is imported when the command is run."""

from __future__ import annotations

import click

from ferrata.cli.lazy import LazyGroup

__all__ = ["flow"]

# Command -> module, attribute, one line of help.
_COMMANDS = {
    "init": ("flow_init", "init", "Begin a flow: a small one that runs."),
    "test": ("flow_test", "test", "Run a flow once, from inputs or as a conversation."),
    "run": ("flow_run", "run", "Run a flow over the rows of data, and go on where it was stopped."),
    "serve": ("flow_serve", "serve", "Answer over HTTP, as Prompt Flow's served app does."),
    "build": ("flow_build", "build", "Write the folder of a container that serves a flow."),
    "runs": ("flow_runs", "runs", "Runs over data: list them, look into them, remove them."),
    "validate": ("flow_show", "validate", "All that is wrong with a flow, without running it."),
    "show": ("flow_show", "show", "Draw a flow: as text, Mermaid or SVG."),
    "audit": ("flow_audit", "audit", "What of a Prompt Flow project runs here, and what has to change."),
    "import": ("flow_import", "import_command", "Take over the runs of promptflow."),
}


@click.group(cls=LazyGroup, table=_COMMANDS)
def flow() -> None:
    """Flows: graphs, functions and classes over models, in Prompt Flow's formats and in plain Python.

    Prompt Flow's projects run as they are, without promptflow installed.
    """
