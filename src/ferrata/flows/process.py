"""What of the process a flow changes while it is loaded or runs: variables, the working directory, where prints go.

Knows nothing of loading; all of it is put back.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferrata.flows.failures import FlowError
from ferrata.flows.known import connection_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from ferrata.flows.base import LoadedFlow
    from ferrata.flows.types import Flow, Reference

__all__ = ["at_home", "inside", "prints_aside", "set_variables", "variables_of"]

_log = logging.getLogger("ferrata.flows")


@contextmanager
def prints_aside() -> Generator[None]:
    """What code prints while it is loaded goes to standard error: standard output is for a command's result."""
    from ferrata.flows.code import captured, watch_prints

    errors = sys.stderr
    with watch_prints(), captured(lambda text: errors.write(text)):
        yield


@contextmanager
def at_home() -> Generator[None]:
    """The working directory may change in the block, and is what it was after it."""
    before = Path.cwd()
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def inside(loaded: LoadedFlow, *others: LoadedFlow) -> Generator[None]:
    """Work in the flow's folder for the block, as Prompt Flow's own commands do; what user code prints goes to its node's log.

    With several flows, the working directory, of which a process has one, stays what it is.
    """
    from ferrata.flows.code import watch_prints

    before = Path.cwd()
    if not others:
        os.chdir(loaded.folder)
    try:
        with watch_prints():
            yield
    finally:
        os.chdir(before)


def variables_of(flow: Flow, connections: Mapping[str, Any], *, strict: bool) -> dict[str, str]:
    """The variables that a flow's file sets, with what `${connection.key}` stands for.

    Args:
        flow: whose.
        connections: name -> connection.
        strict: a connection that is not there is an error; else the text stays, with a warning, as in Prompt Flow.

    Raises:
        FlowError: `ConnectionNotFoundError`, if `strict`.
    """
    from ferrata.flows.formats.references import parse_reference

    found: dict[str, str] = {}
    for name, value in flow.environment.items():
        reference = parse_reference(value)
        if reference.kind == "node":  # ${connection.key}
            found[name] = _of_connection(flow, name, reference, connections, strict=strict)
        else:
            found[name] = json.dumps(value) if isinstance(value, dict | list) else str(value)
    return found


def _of_connection(flow: Flow, name: str, reference: Reference, connections: Mapping[str, Any], *, strict: bool) -> str:
    try:
        held: Any = connection_of(reference.value, connections)
        known = {**getattr(held, "configs", {}), **getattr(held, "secrets", {})}
        if reference.section not in known:
            raise FlowError(
                "ConnectionNotFoundError", f"the connection {reference.value!r} has no {reference.section!r}"
            )
    except FlowError as error:
        if strict:
            where = ("environment_variables", name)
            raise FlowError(error.codes, error.message, hint=error.hint, file=flow.file, where=where) from error
        value = str(flow.environment[name])
        _log.warning("%s, so %s stays as it is", error.message, value)
        return value
    return str(known[reference.section])


def set_variables(variables: Mapping[str, str], closing: list[Callable[[], None]]) -> None:
    """Set variables of the process; `closing` gets what puts back those that were."""
    before = {name: os.environ.get(name) for name in variables}

    def restore() -> None:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    closing.append(restore)
    os.environ.update(variables)
