"""All that can be told of a flow without running it: errors under Prompt Flow's names, and notices, each with its line.

Loads user code where it is asked to. Knows nothing of repositories; `project` looks at those.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ferrata.errors import FerrataError, InvalidDocument
from ferrata.flows.audit.nodes import node_problems
from ferrata.flows.check import graph_problems, place_of
from ferrata.flows.failures import FlowError
from ferrata.flows.open import open_flow
from ferrata.flows.reading import find_flow, read_unchecked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ferrata.flows.types import Flow

__all__ = ["FlowFinding", "validate_flow"]

# Prompt Flow's name for it, in two parts because whole it marks what is unfinished.
_NO_TYPE = "NotImplemented" + "Error"
# The arguments of a class come with the run.
_LACKS = re.compile(r"missing \d+ required (?:positional|keyword-only) argument")
_TYPES = {"int": int, "double": float, "bool": bool, "string": str, "list": list, "object": dict}


class FlowFinding(NamedTuple):
    """Something that is wrong with a flow, or that most likely is.

    Attributes:
        level: `error`: the flow does not load; `notice`: it does, and likely not as it is meant.
        code: Prompt Flow's name for an error, the innermost; empty for a notice of ours.
        file: which.
        line: from 1.
        key: where, as `nodes.0.inputs.text`; empty for the whole file.
        problem: what.
        hint: what to do; empty where the problem says it.
    """

    level: Literal["error", "notice"]
    code: str
    file: str
    line: int
    key: str
    problem: str
    hint: str = ""

    def __str__(self) -> str:
        code = f" {self.code}:" if self.code else ""
        key = f" {self.key}:" if self.key else ""
        return f"{self.file}:{self.line}: {self.level}:{code}{key} {self.problem}"

    def as_json(self) -> dict[str, Any]:
        """The finding as data."""
        return self._asdict()


def validate_flow(
    path: Path,
    *,
    connections: Mapping[str, Any] | None = None,
    variants: Mapping[str, str] | None = None,
    init: Mapping[str, Any] | None = None,
    code: bool = True,
) -> list[FlowFinding]:
    """What is wrong with a flow, in the order of its lines; errors and notices.

    A connection that is not there is a notice: it belongs to the machine, not to the flow.

    Args:
        path: the flow's folder or file.
        connections: name -> connection.
        variants: node -> variant.
        init: arguments for the class of a flex flow; None: they come with the run.
        code: load the flow's code; else it is only parsed.

    Raises:
        NotFound, UsageError: there is no such flow or variant.
    """
    file = find_flow(path)
    try:
        flow = read_unchecked(file, variants)
    except InvalidDocument as error:
        return [FlowFinding("error", "InvalidDocument", *mistake) for mistake in error.mistakes]
    except FlowError as error:
        return [_error(error, file)]
    found = [FlowFinding("notice", "", *notice) for notice in flow.notices]
    if flow.language == "csharp":
        found.append(_finding("error", "NotSupported", file, ("language",), "it is written in C#, which is not run"))
        return sorted(found, key=lambda one: one.line)
    found += _of_graph(flow)
    if not code:
        found += _of_parsed_code(flow)
    elif flow.kind == "dag":
        found += _of_nodes(flow, {} if connections is None else connections)
    else:
        found += _of_loading(file, {} if connections is None else connections, init)
    return sorted(dict.fromkeys(found), key=lambda one: one.line)


def _of_graph(flow: Flow) -> Iterator[FlowFinding]:
    if flow.kind != "dag":
        return
    for problem in graph_problems(flow):
        yield _finding("error", problem.code, flow.file, problem.where, problem.message, problem.hint)
    aggregating = {node.name for node in flow.nodes if node.aggregation}
    for name, output in flow.outputs.items():
        reference = output.reference
        if reference is not None and reference.kind == "node" and reference.value in aggregating:
            problem = f"it comes from the aggregation node {reference.value!r}, so no line has it"
            yield _finding("notice", "", flow.file, ("outputs", name, "reference"), problem, "log it as a metric")
    for number, node in enumerate(flow.nodes):
        condition = node.activate
        spec = flow.inputs.get(condition.when.value) if condition and condition.when.kind == "input" else None
        if condition is None or spec is None or spec.type not in _TYPES or condition.value is None:
            continue
        number_for_number = spec.type == "double" and type(condition.value) is int
        if type(condition.value) is not _TYPES[spec.type] and not number_for_number:
            problem = f"{condition.value!r} never equals {str(condition.when)!r}, which is of the type {spec.type}"
            yield _finding("notice", "", flow.file, ("nodes", number, "activate", "is"), problem)


def _of_nodes(flow: Flow, connections: Mapping[str, Any]) -> Iterator[FlowFinding]:
    for error in node_problems(flow, connections):
        yield _error(error, flow.file)


def _of_loading(file: Path, connections: Mapping[str, Any], init: Mapping[str, Any] | None) -> Iterator[FlowFinding]:
    try:
        open_flow(file, connections=connections, init=init).close()
    except FerrataError as error:
        if (
            init is None
            and isinstance(error, FlowError)
            and "FlowEntryInitializationError" in error.codes
            and _LACKS.search(error.message)
        ):
            hint = "give them with the run: --init NAME=VALUE"
            yield _finding("notice", "FlowEntryInitializationError", file, error.where, error.problem, hint)
            return
        yield _error(error, file)


def _of_parsed_code(flow: Flow) -> Iterator[FlowFinding]:
    """What parsing tells: files that are not there, and those that are no Python or no template."""
    if flow.kind == "flex":
        yield from _of_entry(flow)
    for number, include in enumerate(flow.includes):
        path = flow.folder / include
        if not path.exists() and not (path.suffix == ".zip" and path.with_suffix("").is_dir()):
            where = ("additional_includes", number)
            yield _finding("error", "UserErrorException", flow.file, where, f"there is no {include!r}")
    for node in flow.nodes:
        source, where = node.source, (*place_of(flow, node), "source")
        if not node.type:
            hint = "the types are python, prompt, llm and custom_llm"
            yield _finding("error", _NO_TYPE, flow.file, where[:-1], f"the node {node.name!r} has no type", hint)
        if flow.includes:
            continue  # files come from elsewhere
        if source is None:
            yield _finding("error", "UserErrorException", flow.file, where, f"the node {node.name!r} has no source")
        elif source.type != "package" and source.path is None:
            yield _finding("error", "InvalidSource", flow.file, where, f"the node {node.name!r} names no file")
        elif source.path is not None:
            yield from _of_source(flow, flow.folder / source.path, node.type, where)


def _of_source(flow: Flow, path: Path, kind: str, where: tuple[str | int, ...]) -> Iterator[FlowFinding]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = "there is no such file" if isinstance(error, FileNotFoundError) else str(error)
        yield _finding("error", "InvalidSource", flow.file, (*where, "path"), f"{path.name!r}: {why}")
        return
    if kind == "python":
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError) as error:
            line = getattr(error, "lineno", None) or 1
            yield FlowFinding("error", "PythonLoadError", str(path), line, "", f"it is no Python: {error}")
        return
    from ferrata.flows.nodes.prompt import template_names

    try:
        if "template" in template_names(text) and kind == "prompt":
            problem = "it has a variable 'template', which is the tool's own name for it"
            yield FlowFinding("error", "NodeInputValidationError", str(path), 1, "", problem, "rename the variable")
    except FlowError as error:
        yield FlowFinding("error", error.codes[-1], str(path), 1, "", error.message, error.hint)


def _of_entry(flow: Flow) -> Iterator[FlowFinding]:
    module, name = flow.entry.split(":")
    path = flow.folder.joinpath(*module.split(".")).with_suffix(".py")
    package = path.with_suffix("") / "__init__.py"
    if not path.is_file() and not package.is_file():
        problem = f"there is no module {module!r}"
        if not flow.includes:
            yield _finding(
                "error", "PythonLoadError", flow.file, ("entry",), problem, "a module beside the flow's file"
            )
        return
    path = path if path.is_file() else package
    try:
        tree = ast.parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, SyntaxError, ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None) or 1
        yield FlowFinding("error", "PythonLoadError", str(path), line, "", f"it is no Python: {error}")
        return
    if name not in _names_of(tree):
        yield _finding("error", "PythonLoadError", flow.file, ("entry",), f"{path.name!r} has no {name!r}")


def _names_of(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return found


def _error(error: FerrataError, file: Path) -> FlowFinding:
    level = "notice" if _is_missing_connection(error) else "error"
    if not isinstance(error, FlowError):
        return _finding(level, type(error).__name__, file, (), error.message, error.hint)
    codes = [code for code in error.codes if code != "FlowError"]
    code = codes[-1] if codes else type(error).__name__
    return _finding(level, code, error.file or file, error.where, error.problem, error.hint)


def _is_missing_connection(error: BaseException) -> bool:
    """Whether the error is, or comes of, a connection that nobody declared."""
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, FlowError) and "ConnectionNotFoundError" in found.codes:
            return True
        found = found.__cause__
    return False


def _finding(
    level: Literal["error", "notice"],
    code: str,
    file: Path,
    where: tuple[str | int, ...],
    problem: str,
    hint: str = "",
) -> FlowFinding:
    from ferrata.flows.formats.yaml12 import line_in

    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        text = ""
    return FlowFinding(level, code, str(file), line_in(text, where), ".".join(map(str, where)), problem, hint)
