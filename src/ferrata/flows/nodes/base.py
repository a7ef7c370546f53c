"""A node that is ready to run, and what it takes to make one. Knows no kind of node."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferrata.flows.code import parameters_of, undecorated
from ferrata.flows.failures import FlowError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ferrata.flows.code import CodeSpace
    from ferrata.flows.types import Flow, Node, Reference

__all__ = ["Around", "Step", "source_path", "step_of"]


@dataclass(frozen=True)
class Around:
    """What nodes are made with.

    Attributes:
        flow: whose they are.
        folder: where its files are; with `additional_includes` not the flow's own.
        space: its modules.
        connection: the connection of a name.

    `connection` raises a `FerrataError` where there is none of that name.
    """

    flow: Flow
    folder: Path
    space: CodeSpace
    connection: Callable[[str], Any]


@dataclass(frozen=True)
class Step:
    """A node that is ready to run.

    Attributes:
        node: what the file says.
        call: takes the inputs by name; a coroutine function where `is_async`.
        inputs: where each comes from; literals are in their types, connections in place.
        is_async: it is awaited, not run in a thread.
        defaults: the inputs that may be left out.
        hidden: inputs that are not recorded: connections and templates.
        streams: makes the call stream its answer; None where it cannot.
    """

    node: Node
    call: Callable[..., Any]
    inputs: Mapping[str, Reference]
    is_async: bool = False
    defaults: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    streams: Callable[[], Step] | None = None


def step_of(
    node: Node, call: Callable[..., Any], inputs: Mapping[str, Reference], *, hidden: frozenset[str] = frozenset()
) -> Step:
    """The step that calls a function."""
    call = undecorated(call)
    awaited = inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(inspect.unwrap(call))
    defaults = frozenset(name for name, one in parameters_of(call).items() if one.default is not one.empty)
    return Step(node, call, inputs, awaited, defaults, hidden)


def source_path(node: Node, around: Around) -> Path:
    """The file with a node's code or template.

    Raises:
        FlowError: `InvalidSource`: there is none.
    """
    path = node.source.path if node.source else None
    if path is None or not (around.folder / path).is_file():
        what = "names no file" if path is None else f"names the file {path!r}, which there is not"
        raise FlowError(
            "InvalidSource",
            f"the source of the node {node.name!r} {what}",
            hint="a path relative to the flow's folder",
            where=("source", "path"),
        )
    return around.folder / path
