"""`ferrata endpoint`: the group. Each command's module is imported when the command is run."""

from __future__ import annotations

import click

from ferrata.cli.lazy import LazyGroup

__all__ = ["endpoint_group"]

# Command -> module, attribute, one line of help.
_COMMANDS = {
    "list": ("endpoint_show", "list_command", "The endpoints that the project declares, with their routes."),
    "status": ("endpoint_show", "status", "Calls, errors, latencies, tokens and cost over some time."),
}


@click.group("endpoint", cls=LazyGroup, table=_COMMANDS)
def endpoint_group() -> None:
    """Endpoints: stable names that clients call."""
