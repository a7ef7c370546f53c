"""`ferrata judge`: the group. Each command's module is imported when the command is run."""

from __future__ import annotations

import click

from ferrata.cli.lazy import LazyGroup

__all__ = ["judge_group"]

# Command -> module, attribute, one line of help.
_COMMANDS = {
    "calibrate": ("judge_calibrate", "calibrate_command", "Hold a judge's scores against people's labels."),
    "list": ("judge_show", "list_command", "Every judge, and whether it may decide a gate."),
    "show": ("judge_show", "show", "A judge's agreement with people, its biases, and where it errs most."),
}


@click.group("judge", cls=LazyGroup, table=_COMMANDS)
def judge_group() -> None:
    """Judges: models that score, and how far they agree with people."""
