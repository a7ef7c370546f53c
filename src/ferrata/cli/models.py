"""`ferrata models`: choose, fetch and try models. A subcommand's module is imported when it is run."""

from __future__ import annotations

from importlib import import_module

import click

__all__ = ["models"]

# Command -> module, attribute.
_COMMANDS = {
    "try": ("models_run", "try_models"),
    "pull": ("models_run", "pull_model"),
}


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"ferrata.cli.{module}"), attribute)
        return command


@click.group(cls=_Group)
def models() -> None:
    """Models: fetch the local one, and try several side by side."""
