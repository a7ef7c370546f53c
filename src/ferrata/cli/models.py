"""`ferrata models`: the group. Its commands lie in modules of their own, each imported when it is run."""

from __future__ import annotations

import click

from ferrata.cli.lazy import LazyGroup

__all__ = ["models"]

# Command -> module, attribute, one line of help.
_COMMANDS = {
    "list": ("models_list", "list_models", "Models with their abilities, prices and life cycles, filtered."),
    "show": ("models_list", "show", "All that is known of a model."),
    "compare": ("models_compare", "compare", "Models side by side, with what your workload costs on each."),
    "try": (
        "models_try",
        "try_models",
        "One prompt, or rows of it, to several models: answers, latency, tokens, cost.",
    ),
    "pull": ("models_pull", "pull_model", "Fetch a model that runs on this machine, without a key."),
    "check": ("models_check", "check", "What the project uses that floats, is deprecated or about to retire."),
    "refresh": ("models_check", "refresh", "Fetch the newest prices, or ask a provider what it offers."),
}


@click.group(cls=LazyGroup, table=_COMMANDS)
def models() -> None:
    """Models to choose from, on facts: abilities, prices, life cycles. Nothing is asked of a provider unless you say so."""
