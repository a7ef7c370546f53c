"""`ferrata review`: the group. Each command's module is imported when the command is run."""

from __future__ import annotations

import click

from ferrata.cli.lazy import LazyGroup

__all__ = ["review"]

# Command -> module, attribute, one line of help.
_COMMANDS = {
    "new": ("review_new", "new", "Queue rows of a run, of two runs side by side, or of a file."),
    "label": ("review_label", "label", "Label rows one by one, without seeing scores or others' labels."),
    "adjudicate": ("review_label", "adjudicate", "Settle the rows on which annotators differ."),
    "status": ("review_show", "status", "How far a review is, by person; how far people agree."),
    "list": ("review_show", "list_command", "The reviews of the project."),
    "rows": ("review_show", "rows", "What people are shown, to label it elsewhere."),
    "export": ("review_show", "export", "The rows with the labels that hold."),
    "close": ("review_show", "close", "End a review, and note it in the ledger."),
}


@click.group("review", cls=LazyGroup, table=_COMMANDS)
def review() -> None:
    """Reviews: people label outputs, so that judges can be measured against them and failures be understood."""
