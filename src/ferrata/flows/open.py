"""From a path to a flow that is ready to run: lays out its folder, loads code, templates and connections.

Knows no format (`reading`) and no kind of node.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from ferrata.flows.check import check_graph
from ferrata.flows.failures import FlowError
from ferrata.flows.known import connection_of, using_connections
from ferrata.flows.layout import close_all, lay_out
from ferrata.flows.node_connections import check_taken, with_connections
from ferrata.flows.process import at_home, prints_aside, set_variables, variables_of
from ferrata.flows.reading import read_unchecked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ferrata.flows.base import LoadedFlow
    from ferrata.flows.types import Flow

__all__ = ["open_flow"]

# Code is loaded in its folder, and the working directory is the process's: one flow at a time.
_loading = threading.RLock()


def open_flow(
    path: Path,
    *,
    connections: Mapping[str, Any] | None = None,
    variants: Mapping[str, str] | None = None,
    init: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    node_connections: Mapping[str, Mapping[str, Any]] | None = None,
    strict: bool = False,
    closing: Callable[[], None] | None = None,
) -> LoadedFlow:
    """A flow that is ready to run. Close it when it is done with.

    Args:
        path: the flow's folder or file.
        connections: name -> connection.
        variants: node -> variant.
        init: arguments for the class of a flex flow; its sample where there are none.
        environment: variables that are set beside, and over, those of the flow's file; until `close`.
        node_connections: node -> what its connection, deployment or model is instead, as a run.yaml has it.
        strict: a notice is an error.
        closing: called when the flow is closed, or where it does not load.

    Raises:
        NotFound, UsageError, InvalidDocument, FlowError: as `read_flow`, and what goes wrong in loading code, templates and
            connections: `ResolveToolError`, `FailedToImportModule`, `PythonLoadError`, `FlowEntryInitializationError`, `InvalidFlowError`.
    """
    others = node_connections or {}
    doing: list[Callable[[], None]] = [] if closing is None else [closing]
    try:
        flow = with_connections(read_unchecked(path, variants), others, strict=strict)
        _check_runs_here(flow, strict=strict)
        known: Mapping[str, Any] = {} if connections is None else connections
        with _loading, using_connections(known), at_home(), prints_aside():
            return _loaded(flow, doing, known, init, environment or {}, others, strict=strict)
    except BaseException:
        close_all(doing)
        raise


def _check_runs_here(flow: Flow, *, strict: bool) -> None:
    if flow.language == "csharp":
        raise FlowError(
            ("ResolveToolError", "NotSupported"),
            "the flow is written in C#, which is not run here",
            file=flow.file,
            where=("language",),
        )
    if strict and flow.notices:
        raise FlowError(
            "FlowDefinitionError", "\n".join(map(str, flow.notices)), hint="correct these, or leave --strict away"
        )


def _loaded(
    flow: Flow,
    closing: list[Callable[[], None]],
    connections: Mapping[str, Any],
    init: Mapping[str, Any] | None,
    environment: Mapping[str, str],
    others: Mapping[str, Mapping[str, Any]],
    *,
    strict: bool,
) -> LoadedFlow:
    from ferrata.flows.code import CodeSpace
    from ferrata.flows.compat import install

    def connection(name: str) -> Any:
        return connection_of(name, connections)

    install()
    folder = lay_out(flow, closing)
    os.chdir(folder)  # where Prompt Flow loads code, which may open files beside it
    set_variables(variables_of(flow, connections, strict=strict) | dict(environment), closing)
    if flow.kind == "prompty":
        from ferrata.flows.prompty import open_prompty

        return open_prompty(flow, connections, closing=lambda: close_all(closing))
    space = CodeSpace(folder)
    closing.append(space.close)
    if flow.kind in ("flex", "python"):
        from ferrata.flows.entry import open_entry

        return open_entry(flow, folder, space, connections, init, closing=lambda: close_all(closing))
    from ferrata.flows.engine import GraphFlow
    from ferrata.flows.nodes import Around, build_step, import_module_of

    around = Around(flow, folder, space, connection)
    for node in flow.nodes:
        import_module_of(node, around)
    # Prompt Flow looks at the nodes first and at the graph as a whole afterwards: the same mistake is the first one here.
    steps = {node.name: build_step(node, around) for node in flow.nodes}
    for name, values in others.items():
        check_taken(flow, steps[name], values)
    flow = check_graph(flow)
    return GraphFlow(
        flow,
        [steps[node.name] for node in flow.nodes],
        folder,
        connections=connections,
        strict=strict,
        closing=lambda: close_all(closing),
    )
