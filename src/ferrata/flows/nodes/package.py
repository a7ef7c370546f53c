"""Nodes whose tool comes from an installed package, and those that give such a tool a template of the flow's."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ferrata.flows.failures import FlowError
from ferrata.flows.nodes.assistant import with_assistants
from ferrata.flows.nodes.base import source_path, step_of
from ferrata.flows.nodes.literals import literal_inputs
from ferrata.flows.nodes.packaged import packaged_tool
from ferrata.flows.nodes.prompt import inputs_of_template, read_template
from ferrata.flows.nodes.python import method_of
from ferrata.flows.types import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ferrata.flows.nodes.base import Around, Step
    from ferrata.flows.types import Node

__all__ = ["custom_llm_step", "package_step"]


def package_step(node: Node, around: Around) -> Step:
    """The step of a package's tool.

    Raises:
        FlowError: `PackageToolNotFoundError`, and as `python_step`.
    """
    function, owner, tool = packaged_tool(node)
    inputs, hidden = literal_inputs(node, tool, around)
    inputs = with_assistants(node, tool, inputs, around)
    return _step(node, function, owner, inputs, hidden)


def custom_llm_step(node: Node, around: Around) -> Step:
    """The step of a package's tool that takes a template.

    Raises:
        FlowError: `PackageToolNotFoundError`, `InvalidCustomLLMTool`, and as `python_step`.
    """
    function, owner, tool = packaged_tool(node)
    template = read_template(source_path(node, around))
    if tool.template is None:
        raise FlowError(
            "InvalidCustomLLMTool",
            f"the tool {function.__name__!r} takes no template",
            hint="it needs a PromptTemplate",
        )
    reserved = [name for name in tool.types if name != tool.template]
    inputs, hidden = literal_inputs(
        replace(node, inputs=inputs_of_template(node, template, reserved, around)), tool, around
    )
    kind = import_module("ferrata.flows.contracts.types").PromptTemplate
    inputs[tool.template] = Reference("value", kind(template))
    return _step(node, function, owner, inputs, hidden | {tool.template})


def _step(
    node: Node,
    function: Callable[..., Any],
    owner: Any,
    inputs: Mapping[str, Reference],
    hidden: frozenset[str],
) -> Step:
    if owner is not None:
        function, inputs = method_of(owner, function.__name__, inputs)
    return step_of(node, function, inputs, hidden=hidden)
