"""What the command line of `ferrata flow run` says, and whether it goes together. Starts no run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferrata.cli.flow_given import given_pairs, given_values
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Asked", "check_choice", "laid_over"]


@dataclass(frozen=True)
class Asked:
    """What the command line says."""

    flow: str | None
    file: Path | None
    changes: tuple[str, ...]
    data: Path | None
    column_mapping: tuple[str, ...]
    run: str
    variants: tuple[str, ...]
    connections: tuple[str, ...]
    init: tuple[str, ...]
    environment: tuple[str, ...]
    concurrency: int
    timeout: float
    batch_timeout: float | None
    engine: str
    name: str
    resume: str
    resume_from: str
    force: bool
    fail_on: str
    strict: bool
    no_save: bool
    project: Path
    wants_json: bool

    def init_values(self) -> dict[str, Any]:
        """The arguments of a class flow."""
        return given_values(self.init, "--init") if self.init else {}

    def environment_values(self) -> dict[str, str]:
        """The variables for the flow."""
        return given_pairs(self.environment, "--environment-variables")


def check_choice(asked: Asked) -> None:
    """Refuse options that do not go together.

    Raises:
        UsageError: as it says.
    """
    given = {"FLOW": asked.flow, "--file": asked.file, "--resume": asked.resume, "--resume-from": asked.resume_from}
    chosen = [name for name, value in given.items() if value]
    if len(chosen) != 1:
        raise UsageError(
            f"one of FLOW, --file, --resume and --resume-from is wanted, not {' and '.join(chosen) or 'none'}",
            hint="as in: ferrata flow run FLOW --data FILE",
        )
    if asked.changes and not asked.file and not asked.resume_from:
        raise UsageError("--set changes a run.yaml", hint="give it with --file")
    fixed = {"--data": asked.data, "--column-mapping": asked.column_mapping, "--variant": asked.variants}
    fixed |= {"--run": asked.run} | ({"--name": asked.name} if asked.resume else {})
    if (asked.resume or asked.resume_from) and (extra := [name for name, value in fixed.items() if value]):
        raise UsageError(f"{extra[0]} is that of the run that goes on", hint=f"leave out {' and '.join(extra)}")


def laid_over(below: Mapping[str, Any], above: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Node -> values, those of `above` before those of `below`."""
    return {node: {**below.get(node, {}), **above.get(node, {})} for node in dict.fromkeys((*below, *above))}
