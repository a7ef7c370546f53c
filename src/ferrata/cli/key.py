"""`ferrata key`: the group. Each command's module is imported when the command is run."""

from __future__ import annotations

import click

from ferrata.cli.lazy import LazyGroup

__all__ = ["key"]

# Command -> module, attribute, one line of help.
_COMMANDS = {
    "create": ("key_change", "create", "Make a key; its secret is shown once."),
    "list": ("key_show", "list_command", "The keys, without their secrets."),
    "show": ("key_show", "show", "A key, and how much of its budgets is used."),
    "rotate": ("key_change", "rotate", "Give a key another secret; the old one goes on for a while."),
    "revoke": ("key_change", "revoke", "End a key at once."),
}


@click.group("key", cls=LazyGroup, table=_COMMANDS)
def key() -> None:
    """Virtual keys: who may call the gateway's endpoints, and how much of them."""
