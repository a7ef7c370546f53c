"""The forges that Ferrata knows, by name, and which one a process runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.errors import UsageError
from ferrata.forges.azure import Azure
from ferrata.forges.github import GitHub
from ferrata.forges.gitlab import GitLab

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.forges.base import Forge

__all__ = ["FORGES", "forge_of"]

FORGES: Mapping[str, Forge] = {forge.name: forge for forge in (GitHub(), Azure(), GitLab())}
"""By the name that `ferrata ci init` takes."""


def forge_of(environment: Mapping[str, str]) -> Forge:
    """The forge whose pipeline this process runs in.

    Raises:
        UsageError: none.
    """
    found = next((forge for forge in FORGES.values() if forge.is_here(environment)), None)
    if found is None:
        raise UsageError(
            f"this is no pipeline of {', '.join(FORGES)}", hint="run it in a pipeline that `ferrata ci init` wrote"
        )
    return found
