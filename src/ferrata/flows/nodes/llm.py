"""An `llm` node: a template of the flow's, rendered into messages for a model that a connection reaches."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ferrata.flows.code import as_tool
from ferrata.flows.failures import FlowError
from ferrata.flows.nodes.base import Step, source_path
from ferrata.flows.nodes.literals import connection_named, literal_inputs
from ferrata.flows.nodes.prompt import ESCAPED, inputs_of_template, read_template

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.flows.nodes.base import Around
    from ferrata.flows.types import Node

__all__ = ["llm_step"]

# Class of connection -> the module with the tools for it, and the parameter that names the model.
_PROVIDERS = {
    "OpenAIConnection": ("openai", "model"),
    "ServerlessConnection": ("openai", "model"),
    "AzureOpenAIConnection": ("aoai", "deployment_name"),
    "ModelConnection": ("openai", "model"),
}
_APIS = ("chat", "completion")


def llm_step(node: Node, around: Around) -> Step:
    """The step that asks a model.

    Raises:
        FlowError: `GetConnectionError`, `InvalidConnectionType`, `APINotFound`, `InvalidSource`, `NodeInputValidationError`.
    """
    connection = connection_named(node.connection, node, around, "connection")
    kind = type(connection).__name__
    if kind not in _PROVIDERS:
        raise FlowError(
            "InvalidConnectionType",
            f"the connection {node.connection!r} is of type {kind}, which no llm node takes",
            hint=f"it takes {', '.join(_PROVIDERS)}",
            where=("connection",),
        )
    module, naming = _PROVIDERS[kind]
    if node.api not in _APIS:
        problem = f"the node {node.name!r} has the api {node.api!r}; it is chat or completion"
        raise FlowError("APINotFound", problem, where=("api",))
    tool = as_tool(getattr(import_module(f"ferrata.flows.promptflow.tools.{module}"), node.api))
    template = read_template(source_path(node, around))
    inputs = inputs_of_template(node, template, tool.types, around)
    if kind == "ModelConnection":  # whatever the node calls its model, the project says which it is
        inputs.pop("deployment_name", None)
    inputs, _ = literal_inputs(replace(node, inputs=inputs), tool, around)
    call = _call(
        connection, template, node.api, naming, frozenset(tool.types), lists=module == "aoai" and node.api == "chat"
    )
    step = Step(node, call, inputs, is_async=True, hidden=frozenset((ESCAPED,)))
    return replace(step, streams=lambda: replace(step, call=_streaming(call), streams=None))


def _call(
    connection: Any, template: str, api: str, naming: str, names: frozenset[str], **options: Any
) -> Callable[..., Any]:
    async def call(**values: Any) -> Any:
        from ferrata.flows.calling import ask

        parameters = {name: values.pop(name) for name in names & values.keys()}
        model = parameters.pop(naming, "")
        return await ask(connection, template, model, values, parameters, api=api, **options)

    return call


def _streaming(call: Callable[..., Any]) -> Callable[..., Any]:
    async def streaming(**values: Any) -> Any:
        return await call(**values, stream=True)

    return streaming
