"""What Python code uses of promptflow, and whether Ferrata offers it: looked up in Ferrata's own `promptflow`, not in a list.

Reads code, of files and of notebooks, and runs none of it.
"""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.flows.audit.rules import audit_rules, fitting
from ferrata.flows.audit.types import Statement, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["CodeLine", "cells_of", "statements_of_code", "uses_promptflow"]

_OURS = "ferrata.flows.promptflow"
_USES = re.compile(r"\bpromptflow\b|\bpfazure\b|\bpf (?:flow|run|connection|tool|service|config|trace|upgrade)\b")
# Reached from a PFClient, and what it has.
_CLIENT = "PFClient"


class CodeLine(NamedTuple):
    """A line of a notebook: its text and its line in the file."""

    text: str
    line: int


def uses_promptflow(text: str) -> bool:
    """Whether a text may have to do with promptflow at all."""
    return _USES.search(text) is not None


def statements_of_code(source: str, file: str, lines: Sequence[int] | None = None) -> list[Statement]:
    """What is to be said of a piece of Python.

    Args:
        source: the code; what does not parse gives nothing.
        file: for the statements.
        lines: the line in the file of each line of the code; None: the same.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found: list[Statement] = []
    uses = sorted(_imports(tree), key=lambda one: one.line)
    for use in uses:
        statement = _of_import(use, file, _at(use.line, lines))
        if statement is not None:
            found.append(statement)
    of_cloud = any(use.module.startswith("promptflow.azure") and use.name == _CLIENT for use in uses)
    for line, chain in _client_uses(tree) if _CLIENT in source and not of_cloud else ():
        problem = _missing_of_client(chain)
        if problem:
            found.append(Statement(Verdict.NEEDS_CHANGE, file, _at(line, lines), *problem))
    return list(dict.fromkeys(found))


def _at(line: int, lines: Sequence[int] | None) -> int:
    return line if lines is None else lines[min(line, len(lines)) - 1]


class _Use(NamedTuple):
    module: str
    name: str
    line: int


def _imports(tree: ast.Module) -> Iterator[_Use]:
    """Each name that is imported from promptflow; of a whole module the name is empty."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level and _is_promptflow(node.module or ""):
            for alias in node.names:
                yield _Use(node.module or "", alias.name, alias.lineno)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if _is_promptflow(alias.name):
                    yield _Use(alias.name, "", alias.lineno)


def _is_promptflow(module: str) -> bool:
    return module == "promptflow" or module.startswith("promptflow.")


def _of_import(use: _Use, file: str, line: int) -> Statement | None:
    whole = f"{use.module}.{use.name}" if use.name else use.module
    written = f"from {use.module} import {use.name}" if use.name else f"import {use.module}"
    fate = fitting(audit_rules().modules, whole, separator=".")
    if fate is not None:
        return Statement(fate.verdict, file, line, f"{written}: {fate.what}", fate.change)
    if _is_offered(use.module, use.name):
        return None
    private = any(part.startswith("_") for part in whole.split("."))
    what = "a private part of promptflow" if private else "a part of promptflow"
    return Statement(
        Verdict.NEEDS_CHANGE,
        file,
        line,
        f"{written}: {what} that Ferrata does not stand in for",
        "write the code without it, or keep promptflow installed for it",
    )


@cache
def _is_offered(module: str, name: str) -> bool:
    ours = _OURS + module.removeprefix("promptflow")
    try:
        if find_spec(ours) is None:
            return False
        if not name or name == "*" or hasattr(import_module(ours), name):
            return True
        return find_spec(f"{ours}.{name}") is not None
    except ImportError as error:
        # A part that stands on somebody else's package, which is not installed here, is offered where it is.
        return bool(error.name) and not str(error.name).startswith(("ferrata", "promptflow"))


def _client_uses(tree: ast.Module) -> Iterator[tuple[int, tuple[str, ...]]]:
    """What is called on a `PFClient` of promptflow's own: line, and names after the client."""
    clients = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _is_client(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            names, inner = [node.func.attr], node.func.value
            while isinstance(inner, ast.Attribute):
                names.insert(0, inner.attr)
                inner = inner.value
            if (isinstance(inner, ast.Name) and inner.id in clients) or _is_client(inner):
                yield node.lineno, tuple(names)


def _is_client(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and (
        (isinstance(node.func, ast.Name) and node.func.id == _CLIENT)
        or (isinstance(node.func, ast.Attribute) and node.func.attr == _CLIENT)
    )


@cache
def _missing_of_client(chain: tuple[str, ...]) -> tuple[str, str] | None:
    held: Any = getattr(import_module(f"{_OURS}.client"), _CLIENT)()
    for name in chain:
        if not hasattr(held, name):
            called = ".".join(chain)
            return f"PFClient.{called}: not offered", "use the command line: `ferrata flow ...`"
        held = getattr(held, name)
        if callable(held):
            return None
    return None


def cells_of(text: str) -> Iterator[list[CodeLine]]:
    """The code cells of a notebook, line by line, with their lines in the file; nothing where it is no notebook."""
    try:
        book: Any = json.loads(text)
    except (ValueError, RecursionError):
        return
    cells = cast("dict[str, Any]", book).get("cells") if isinstance(book, dict) else None
    raw, at = text.splitlines(), 0
    for cell in cast("list[Any]", cells) if isinstance(cells, list) else []:
        about = cast("dict[str, Any]", cell) if isinstance(cell, dict) else {}
        source = about.get("source")
        pieces = source.splitlines(True) if isinstance(source, str) else cast("list[Any]", source or [])
        lines: list[CodeLine] = []
        for piece in map(str, pieces):
            found = _line_of(piece, raw, at)
            at = found if found is not None else at
            lines.append(CodeLine(piece.rstrip("\n"), at + 1))
        if about.get("cell_type") == "code":
            yield lines


def _line_of(piece: str, raw: Sequence[str], start: int) -> int | None:
    """The line of the file, from 0, where a line of a cell stands."""
    if not piece.strip():
        return None
    wanted = (json.dumps(piece, ensure_ascii=False)[1:-1], json.dumps(piece)[1:-1])
    for number in range(start, len(raw)):
        if any(text in raw[number] for text in wanted):
            return number
    return None
