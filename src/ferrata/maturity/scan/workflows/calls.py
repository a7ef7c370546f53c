"""Workflow files that call others of the repository: what they hand over, and what starts the called ones."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from ferrata.maturity.scan.lined_yaml import Value, table_of, text_of
from ferrata.maturity.scan.workflows.triggers import order_triggers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.maturity.scan.types import Step

__all__ = ["commands_in", "inherit_triggers"]

_COMMAND_NAME = re.compile(r"script|command|cmd|run|arg", re.I)
_MAX_ROUNDS = 6


def commands_in(inputs: Value | None) -> list[str]:
    """The inputs of an action, or the parameters of a template, that are commands by their names."""
    return [text for name, value in table_of(inputs).items() if _COMMAND_NAME.search(name) and (text := text_of(value))]


def inherit_triggers(steps: Mapping[str, Sequence[Step]]) -> dict[str, list[Step]]:
    """Steps of files that other files call (reusable workflows, composite actions, templates), started by what starts the callers.

    Args:
        steps: path -> steps, of all workflow files of a repository.

    Returns:
        The same, with `on` completed.
    """
    callers: dict[str, set[str]] = {}
    for path, listed in steps.items():
        for uses in {step.uses.partition(" ")[0] for step in listed}:
            for target in _targets(path, uses):
                if target in steps and target != path:
                    callers.setdefault(target, set()).add(path)
    starts = {path: {word for step in listed for word in step.on} for path, listed in steps.items()}
    inherited: dict[str, set[str]] = {path: set() for path in steps}
    for _ in range(_MAX_ROUNDS):
        for target, paths in callers.items():
            for path in paths:
                inherited[target] |= starts[path] | inherited[path]
    return {
        path: [
            step._replace(on=order_triggers({*step.on, *inherited[path]})) if inherited[path] else step
            for step in listed
        ]
        for path, listed in steps.items()
    }


def _targets(path: str, uses: str) -> list[str]:
    """The files of the same repository that a step may mean: from the root (GitHub), or from the calling file (Azure)."""
    if "@" in uses.removesuffix("@self") or not uses or "${{" in uses:
        return []
    name = uses.removesuffix("@self")
    if not name.endswith((".yml", ".yaml")):
        return (
            [posixpath.normpath(f"{name}/action.{ending}") for ending in ("yml", "yaml")]
            if name.startswith("./")
            else []
        )
    if name.startswith("/"):
        return [posixpath.normpath(name[1:])]
    return [posixpath.normpath(name), posixpath.normpath(posixpath.join(posixpath.dirname(path), name))]
