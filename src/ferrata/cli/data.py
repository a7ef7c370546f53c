"""`ferrata data`: the group. Each command's module is imported when the command is run."""

from __future__ import annotations

import click

from ferrata.cli.lazy import LazyGroup

__all__ = ["data"]

# Command -> module, attribute, one line of help.
_COMMANDS = {
    "check": ("data_check", "check", "Find duplicates, leakage, contradictions, personal data, imbalance."),
    "show": ("data_show", "show", "What a dataset holds: columns, splits, origin, rows."),
    "register": ("data_register", "register", "Make a version of a dataset in the registry."),
    "list": ("data_register", "list_datasets", "The datasets of the registry."),
    "diff": ("data_show", "diff", "Which rows two datasets differ in."),
    "convert": ("data_convert", "convert", "Write a dataset in another format, whole or in part, masked or not."),
    "split": ("data_convert", "split", "Write a dataset as a file a split; no row ever changes its split."),
    "build": ("data_build", "build", "Make a dataset of traces, of feedback, or of files."),
    "write": ("data_write", "write", "Let a model write questions and answers from documents."),
}


@click.group(cls=LazyGroup, table=_COMMANDS)
def data() -> None:
    """Datasets: rows in files of any format, checked, versioned, and built from what happened."""
