"""`ferrata release`: the group. Each command's module is imported when the command is run."""

from __future__ import annotations

import click

from ferrata.cli.lazy import LazyGroup

__all__ = ["release"]

# Command -> module, attribute, one line of help.
_COMMANDS = {
    "create": ("release_show", "create", "Put a release together from pinned versions."),
    "list": ("release_show", "list_command", "The releases of the project."),
    "show": ("release_show", "show", "What a release holds."),
    "diff": ("release_show", "diff", "What differs between two releases."),
    "verify": ("release_show", "verify", "Whether a release is what it says, and can run here."),
}


@click.group("release", cls=LazyGroup, table=_COMMANDS)
def release() -> None:
    """Releases: all that gives an answer, by version and digest, in one bundle that never changes."""
