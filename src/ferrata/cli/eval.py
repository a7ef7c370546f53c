"""`ferrata eval`: the group. Each command's module is imported when the command is run."""

from __future__ import annotations

import click

from ferrata.cli.lazy import LazyGroup

__all__ = ["eval_group"]

# Command -> module, attribute, one line of help.
_COMMANDS = {
    "list": ("eval_show", "list_command", "Evaluations that are declared, their runs, and evaluators."),
    "show": ("eval_show", "show", "A run with its rows, or an evaluator with what it takes."),
    "run": ("eval_run", "run", "Run a target over data under evaluators, and go on where it was stopped."),
    "rerun": ("eval_run", "rerun", "Run again; what was answered is not asked again."),
    "import": ("eval_import", "import_group", "Take over what promptfoo and others keep."),
    "stats": ("eval_stats", "stats", "Each score of a run or a file with its interval."),
    "plan": ("eval_plan", "plan", "How many rows it takes to see a difference, and what today's rows can see."),
    "compare": ("eval_compare", "compare", "Two runs or files, row by row, with intervals and tests."),
}


@click.group("eval", cls=LazyGroup, table=_COMMANDS)
def eval_group() -> None:
    """Evaluations: a prompt, a flow, a model, a function or a URL over data, scored row by row."""
