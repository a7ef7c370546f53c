"""`ferrata prompt`: the group. Each command's module is imported when the command is run."""

from __future__ import annotations

from importlib import import_module

import click

__all__ = ["prompt"]

# Command -> module, attribute, one line of help.
_COMMANDS = {
    "render": ("prompt_render", "render", "Print the messages that a prompt makes of its inputs."),
    "run": ("prompt_run", "run", "Render a prompt and ask a model."),
    "new": ("prompt_new", "new", "Write a new prompt, with the framework's parts and a technique."),
    "lint": ("prompt_lint", "lint", "Check prompts: missing parts, contradictions, unsafe places, variables."),
    "test": ("prompt_run", "test", "Try a prompt on benign, boundary and adversarial cases."),
    "diff": ("prompt_diff", "diff", "What changed between two prompts: fields, messages, text."),
    "convert": ("prompt_diff", "convert", "Write a prompt in another dialect."),
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"ferrata.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, _, about) in _COMMANDS.items()])


@click.group(cls=_LazyGroup)
def prompt() -> None:
    """Prompts as files: `.prompty` in the dialects of Prompty v1, Prompty v2 and Prompt Flow."""
