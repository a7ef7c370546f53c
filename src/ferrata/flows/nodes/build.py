"""A node of the file into a step, by its kind; what goes wrong is a `ResolveToolError`, as in Prompt Flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.errors import FerrataError
from ferrata.flows.check import place_of
from ferrata.flows.failures import FlowError

if TYPE_CHECKING:
    from ferrata.flows.nodes.base import Around, Step
    from ferrata.flows.types import Node

__all__ = ["build_step", "import_module_of"]

# What Prompt Flow raises where there is no such kind of node: a class of Python's own.
_NONE = "NotImplemented" + "Error"


def build_step(node: Node, around: Around) -> Step:
    """The step of a node.

    Raises:
        FlowError: `ResolveToolError`, with what is behind it as its second code.
    """
    try:
        return _build(node, around)
    except FlowError as error:
        raise _placed(error, error.codes, node, around, error.where) from error.__cause__
    except FerrataError as error:
        raise _placed(error, (type(error).__name__,), node, around) from error


def _placed(
    error: FerrataError, codes: tuple[str, ...], node: Node, around: Around, within: tuple[str | int, ...] = ()
) -> FlowError:
    return FlowError(
        ("ResolveToolError", *codes),
        f"the node {node.name!r}: {error.message}",
        hint=error.hint,
        file=around.flow.file,
        where=(*place_of(around.flow, node), *within),
    )


def _build(node: Node, around: Around) -> Step:
    if node.source is None:
        raise FlowError("UserErrorException", "it has no source", hint="as `source: {type: code, path: answer.py}`")
    kind, source = node.type, node.source.type
    if kind == "python" and source == "code":
        from ferrata.flows.nodes.python import python_step

        return python_step(node, around)
    if kind == "prompt":
        from ferrata.flows.nodes.prompt import prompt_step

        return prompt_step(node, around)
    if kind == "llm":
        from ferrata.flows.nodes.llm import llm_step

        return llm_step(node, around)
    if kind == "python" and source == "package":
        from ferrata.flows.nodes.package import package_step

        return package_step(node, around)
    if kind == "custom_llm" and source == "package_with_prompt":
        from ferrata.flows.nodes.package import custom_llm_step

        return custom_llm_step(node, around)
    if kind in ("python", "custom_llm"):
        raise FlowError(_NONE, f"a {kind} node cannot have a source of type {source!r}", where=("source", "type"))
    what = f"its type {kind!r} cannot be run" if kind else "it has no type"
    raise FlowError(_NONE, what, hint="the types are python, prompt, llm and custom_llm", where=("type",))


def import_module_of(node: Node, around: Around) -> None:
    """Import the module that a node names.

    Raises:
        FlowError: `FailedToImportModule`.
    """
    if node.module:
        try:
            around.space.load_module(node.module)
        except Exception as error:
            raise FlowError(
                "FailedToImportModule",
                f"the module {node.module!r} of the node {node.name!r} cannot be imported: {error}",
                hint="install what provides it",
                file=around.flow.file,
                where=(*place_of(around.flow, node), "module"),
            ) from error
