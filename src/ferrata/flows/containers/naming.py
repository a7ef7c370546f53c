"""The connections that a flow names, found in its files. Runs no code of the flow's: what code looks up by itself is not seen."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any, cast

from ferrata.flows.formats.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from ferrata.flows.types import Flow, Node

__all__ = ["connections_named"]

_OF_PROMPT = re.compile(r"^\s+connection:\s*[\"']?([\w.-]+)[\"']?\s*$", re.MULTILINE)


def connections_named(flow: Flow, declared: Collection[str]) -> dict[str, str]:
    """Name -> type, as `AzureOpenAI`; empty where only a file of connections can tell it.

    Args:
        flow: with the chosen variants in place.
        declared: names that are known to be connections.
    """
    found: dict[str, str] = {}
    for node in flow.nodes:
        if node.connection:
            found[node.connection] = (node.provider or "").removesuffix("Connection")
        found |= _of_inputs(flow.folder, node, declared)
    for value in flow.environment.values():
        reference = parse_reference(value)
        if reference.kind == "node":
            found.setdefault(str(reference.value), "")
    for value in _texts([flow.sample.get("init"), [spec.default for spec in flow.init.values()]]):
        if value in declared:
            found.setdefault(value, "")
    for file in sorted(flow.folder.rglob("*.prompty")):
        head = file.read_text(encoding="utf-8", errors="replace").split("\n---", 1)[0]
        for name in _OF_PROMPT.findall(head):
            found.setdefault(name, "")
    return found


def _of_inputs(folder: Path, node: Node, declared: Collection[str]) -> dict[str, str]:
    given = {
        name: reference.value
        for name, reference in node.inputs.items()
        if reference.kind == "value" and isinstance(reference.value, str)
    }
    kinds = _annotated(folder, node) if given else {}
    return {value: kinds.get(name, "") for name, value in given.items() if name in kinds or value in declared}


def _annotated(folder: Path, node: Node) -> dict[str, str]:
    """Parameters of the node's functions that are annotated as connections -> type."""
    if node.source is None or node.source.path is None or not node.source.path.endswith(".py"):
        return {}
    try:
        tree = ast.parse((folder / node.source.path).read_bytes())
    except (OSError, ValueError, SyntaxError):
        return {}
    found: dict[str, str] = {}
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
            names = re.findall(r"\w+", ast.unparse(argument.annotation)) if argument.annotation else []
            kinds = [name.removesuffix("Connection") for name in names if name.endswith("Connection")]
            if kinds:
                # Of several, one cannot tell which; of one's own class, its file of connections knows the keys.
                found[argument.arg] = kinds[0] if len(kinds) == 1 else ""
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in cast("dict[Any, Any]", value).values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from _texts(inner)
