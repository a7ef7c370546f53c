"""`ferrata trace`: the group. Each command's module is imported when the command is run."""

from __future__ import annotations

import click

from ferrata.cli.lazy import LazyGroup

__all__ = ["trace_group"]

# Command -> module, attribute, one line of help.
_COMMANDS = {
    "list": ("trace_show", "list_command", "The newest calls, or the slowest."),
    "show": ("trace_show", "show", "One call, and all that ran in it."),
}


@click.group("trace", cls=LazyGroup, table=_COMMANDS)
def trace_group() -> None:
    """Calls of endpoints, one by one."""
