"""Definitions of assistants, as inputs of nodes: a file with a model, instructions and functions of the flow's that it may call.

OpenAI's Assistants API, for which they were made, has ended; code that only reads a definition and calls its functions still runs.
"""

from __future__ import annotations

import inspect
import re
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from ferrata.errors import FerrataError
from ferrata.flows.code import as_tool, find_tool, parameters_of, undecorated
from ferrata.flows.failures import FlowError
from ferrata.flows.formats import load_yaml12, parse_reference
from ferrata.flows.nodes.literals import literal_inputs
from ferrata.flows.nodes.packaged import packaged_tool
from ferrata.flows.types import Node, Reference, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ferrata.flows.code import Tool
    from ferrata.flows.nodes.base import Around

__all__ = ["assistant_definition", "with_assistants"]

_HOSTED = ("code_interpreter", "retrieval")
_JSON_TYPES = {"int": "integer", "double": "number", "bool": "boolean", "string": "string", "list": "array"}
_PARAMETER = re.compile(r"^:param\s+(?:\w+\s+)?(\w+):\s*(.*?)\s*(?=^:|\Z)", re.MULTILINE | re.DOTALL)


def assistant_definition(path: Any, node: Node, around: Around) -> Any:
    """The definition in a file, its functions loaded.

    Raises:
        FlowError: `InvalidSource`, `InvalidAssistantTool`, `ResolveToolError` with what is behind it.
    """
    file = around.folder / str(path)
    if path is None or not file.is_file():
        raise FlowError("InvalidSource", f"the assistant's definition {path!r} is no file of the flow")
    found = cast("dict[str, Any]", load_yaml12(file)[0])
    definition: Any = import_module("ferrata.flows.contracts.types").AssistantDefinition.deserialize(found)
    executor: Any = import_module("ferrata.flows.promptflow.executor")
    tools: dict[str, Any] = {}
    for one in cast("list[Mapping[str, Any]]", definition.tools):
        kind = one.get("type")
        if kind in _HOSTED:
            tools[str(kind)] = executor.ResolvedAssistantTool(str(kind), dict(one), None)
        elif kind == "function":
            try:
                name, about, call = _function(one, node, around)
            except FerrataError as error:
                codes = error.codes if isinstance(error, FlowError) else (type(error).__name__,)
                if codes[0] == "InvalidAssistantTool":
                    raise
                raise FlowError(("ResolveToolError", *codes), error.message, hint=error.hint) from error
            tools[name] = executor.ResolvedAssistantTool(name, about, call)
        else:
            raise FlowError("InvalidAssistantTool", f"an assistant's tool has the type {kind!r}")
    definition._tool_invoker = executor.AssistantToolInvoker(tools)
    return definition


def with_assistants(node: Node, tool: Tool, inputs: dict[str, Reference], around: Around) -> dict[str, Reference]:
    """A node's inputs with definitions of assistants in place of their files.

    Raises:
        FlowError: `NodeInputValidationError`, with what is behind it.
    """
    made = dict(inputs)
    for name, reference in inputs.items():
        if reference.kind == "value" and tool.types.get(name) == ("assistant_definition",):
            try:
                made[name] = Reference("value", assistant_definition(reference.value, node, around))
            except FlowError as error:
                raise FlowError(
                    ("NodeInputValidationError", *error.codes),
                    f"the assistant's definition in the input {name!r}: {error.message}",
                    hint=error.hint,
                    where=("inputs", name),
                ) from error
    return made


def _function(one: Mapping[str, Any], node: Node, around: Around) -> tuple[str, dict[str, Any], Callable[..., Any]]:
    source = one.get("source")
    if one.get("tool_type") != "python" or not isinstance(source, dict):
        raise FlowError("InvalidAssistantTool", f"a function of the assistant in {node.name!r} has no python source")
    about = cast("dict[str, Any]", source)
    fixed_inputs = cast("dict[str, Any]", one.get("predefined_inputs") or {})
    given = {key: parse_reference(value) for key, value in fixed_inputs.items()}
    inner = Node(
        node.name, "python", Source(str(about.get("type") or "code"), about.get("path"), about.get("tool")), given
    )
    if inner.source is not None and inner.source.type == "package":
        function, _, tool = packaged_tool(inner)
    elif inner.source is not None and inner.source.type == "code":
        path = around.folder / str(inner.source.path)
        if not path.is_file():
            raise FlowError("InvalidSource", f"the assistant's function {about.get('path')!r} is no file of the flow")
        function, _ = find_tool(around.space.load_file(path))
        tool = as_tool(function)
    else:
        raise FlowError(
            "InvalidAssistantTool", f"a source of type {about.get('type')!r} is none of an assistant's function"
        )
    function = undecorated(function)
    inputs, _ = literal_inputs(inner, tool, around)
    fixed = {name: reference.value for name, reference in inputs.items() if reference.kind == "value"}
    return function.__name__, _described(function, tool, fixed), partial(function, **fixed) if fixed else function


def _described(function: Callable[..., Any], tool: Tool, fixed: Mapping[str, Any]) -> dict[str, Any]:
    """What OpenAI is told of a function, from its signature and docstring."""
    text = inspect.cleandoc(function.__doc__ or "")
    described = dict(_PARAMETER.findall(text))
    before, marked, _ = text.partition(":param")
    parameters = parameters_of(function)
    properties: dict[str, Any] = {}
    required: list[str] = []
    for name, kinds in tool.types.items():
        if name in fixed:
            continue
        if parameters[name].default is inspect.Parameter.empty:
            required.append(name)
        properties[name] = {"type": _JSON_TYPES.get(kinds[0], "object"), "description": described.get(name, "")}
    return {
        "type": "function",
        "function": {
            "name": function.__name__,
            "description": (before.rstrip() + "\n" if marked else text) or None,
            "parameters": {"type": "object", "properties": properties, "required": required},
        },
    }
