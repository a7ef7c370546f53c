"""From a path to a flow that is ready to run: finds the file, lays out its folder, loads code, templates and connections."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferrata.errors import FerrataError, NotFound, UsageError
from ferrata.flows.check import check_graph, place_of
from ferrata.flows.failures import FlowError
from ferrata.flows.known import connection_of, using_connections
from ferrata.flows.layout import lay_out
from ferrata.flows.node_connections import check_taken, with_connections
from ferrata.flows.python import named_in, read_python_flow

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from ferrata.flows.base import LoadedFlow
    from ferrata.flows.code import CodeSpace
    from ferrata.flows.types import Flow, Node, Reference

__all__ = ["find_flow", "inside", "laid_out", "node_problems", "open_flow", "read_flow", "read_unchecked"]

_log = logging.getLogger("ferrata.flows")
# Code is loaded in its folder, and the working directory is the process's: one flow at a time.
_loading = threading.RLock()
_NAMES = ("flow.flex.yaml", "flow.flex.yml", "flow.dag.yaml", "flow.dag.yml")


def find_flow(path: Path) -> Path:
    """The file of the flow that a path means: the file itself, or the one flow in a folder.

    Raises:
        NotFound: there is none.
        UsageError: a folder holds several.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise NotFound(f"no such flow: {str(path)!r}", hint="give the folder of a flow, or its file")
    found = [path / name for name in _NAMES if (path / name).is_file()]
    if not found:
        prompts = sorted(path.glob("*.prompty"))
        if len(prompts) == 1:
            return prompts[0]
        raise NotFound(f"no flow in {str(path)!r}", hint=f"it needs a {' or '.join((_NAMES[2], _NAMES[0]))}")
    if len(found) > 1:
        names = " and ".join(file.name for file in found)
        raise UsageError(f"{str(path)!r} holds both {names}", hint="give the file that you mean")
    return found[0]


def read_flow(path: Path, *, variants: Mapping[str, str] | None = None) -> Flow:
    """What a flow's file says, without touching its code.

    Args:
        path: the flow's folder or file.
        variants: node -> variant; the defaults for all others.

    Raises:
        NotFound, UsageError: as `find_flow`; there is no such variant.
        InvalidDocument: the file is not YAML.
        FlowError: it is no flow; under the name that Prompt Flow has for it.
    """
    flow = read_unchecked(path, variants)
    if flow.kind != "dag":
        return flow
    return check_graph(flow)


def read_unchecked(path: Path, variants: Mapping[str, str] | None = None) -> Flow:
    """The flow of a path; a graph is not checked yet. Raises as `read_flow`."""
    named = named_in(path)
    if named is not None:
        return read_python_flow(*named)
    file = find_flow(path)
    if file.suffix == ".prompty":
        from ferrata.flows.formats.prompty import read_prompty_flow

        return read_prompty_flow(file)
    from ferrata.flows.formats.yaml12 import load_yaml12

    document, _ = load_yaml12(file)
    if isinstance(document, dict) and "entry" in document:
        from ferrata.flows.formats.flex import read_flex

        flow = read_flex(file)
        if variants:
            raise UsageError(f"{file.name!r} is a flex flow, which has no variants")
        return flow
    from ferrata.flows.formats.dag import choose_variants, read_dag

    flow = read_dag(file)
    return choose_variants(flow, variants) if variants else flow


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
        with _loading, using_connections(known), _at_home(), _prints_aside():
            return _loaded(flow, doing, known, init, environment or {}, others, strict=strict)
    except BaseException:
        _close(doing)
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


@contextmanager
def _prints_aside() -> Generator[None]:
    """What code prints while it is loaded goes to standard error: standard output is for a command's result."""
    from ferrata.flows.code import captured, watch_prints

    errors = sys.stderr
    with watch_prints(), captured(lambda text: errors.write(text)):
        yield


@contextmanager
def _at_home() -> Generator[None]:
    """The working directory may change in the block, and is what it was after it."""
    before = Path.cwd()
    try:
        yield
    finally:
        os.chdir(before)


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
    _set_environment(_environment(flow, connections, strict=strict) | dict(environment), closing)
    if flow.kind == "prompty":
        from ferrata.flows.prompty import open_prompty

        return open_prompty(flow, connections, closing=lambda: _close(closing))
    space = CodeSpace(folder)
    closing.append(space.close)
    if flow.kind in ("flex", "python"):
        from ferrata.flows.entry import open_entry

        return open_entry(flow, folder, space, connections, init, closing=lambda: _close(closing))
    from ferrata.flows.engine import GraphFlow
    from ferrata.flows.nodes import Around, build_step

    for node in flow.nodes:
        _import_module(flow, node, space)
    around = Around(flow, folder, space, connection)
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
        closing=lambda: _close(closing),
    )


@contextmanager
def laid_out(path: Path) -> Generator[Path]:
    """The folder of a flow with what it includes beside it, for as long as the block; a copy where it includes anything.

    Raises:
        NotFound, UsageError, InvalidDocument, FlowError: as `read_flow`; an include is not there.
    """
    closing: list[Callable[[], None]] = []
    try:
        yield lay_out(read_unchecked(path), closing)
    finally:
        _close(closing)


def node_problems(flow: Flow, connections: Mapping[str, Any]) -> Iterator[FerrataError]:
    """What goes wrong in loading the code, templates and connections of a graph: all of it, not only the first.

    Args:
        flow: a graph.
        connections: name -> connection.

    Yields:
        Why something does not load, with its place.
    """
    from ferrata.flows.code import CodeSpace
    from ferrata.flows.compat import install
    from ferrata.flows.nodes import Around, build_step

    def connection(name: str) -> Any:
        return connection_of(name, connections)

    closing: list[Callable[[], None]] = []
    install()
    try:
        try:
            folder = lay_out(flow, closing)
        except FerrataError as error:
            yield error
            return
        try:
            _set_environment(_environment(flow, connections, strict=True), closing)
        except FerrataError as error:
            yield error
        space = CodeSpace(folder)
        closing.append(space.close)
        around = Around(flow, folder, space, connection)
        for node in flow.nodes:
            try:
                _import_module(flow, node, space)
                build_step(node, around)
            except FerrataError as error:
                yield error
    finally:
        _close(closing)


def _import_module(flow: Flow, node: Node, space: CodeSpace) -> None:
    if node.module:
        try:
            space.load_module(node.module)
        except Exception as error:
            raise FlowError(
                "FailedToImportModule",
                f"the module {node.module!r} of the node {node.name!r} cannot be imported: {error}",
                hint="install what provides it",
                file=flow.file,
                where=(*place_of(flow, node), "module"),
            ) from error


def _environment(flow: Flow, connections: Mapping[str, Any], *, strict: bool) -> dict[str, str]:
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
    """What `${connection.key}` stands for; where there is no such thing it stays as it is, with a warning, as in Prompt Flow."""
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


def _set_environment(variables: Mapping[str, str], closing: list[Callable[[], None]]) -> None:
    before = {name: os.environ.get(name) for name in variables}

    def restore() -> None:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    closing.append(restore)
    os.environ.update(variables)


def _close(closing: list[Callable[[], None]]) -> None:
    while closing:
        closing.pop()()


@contextmanager
def inside(loaded: LoadedFlow) -> Generator[None]:
    """Work in the flow's folder for the block, as Prompt Flow's own commands do; what user code prints goes to its node's log."""
    from ferrata.flows.code import watch_prints

    before = Path.cwd()
    os.chdir(loaded.folder)
    try:
        with watch_prints():
            yield
    finally:
        os.chdir(before)
