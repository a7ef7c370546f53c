"""Other connections, deployments and models for single nodes than the flow's file names: of a run.yaml, or of the command line.

Knows no connection; whether there is one of a name is seen when the node is built.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from ferrata.flows.failures import FlowError
from ferrata.flows.formats.references import parse_reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ferrata.flows.nodes import Step
    from ferrata.flows.types import Flow, Node

__all__ = ["check_taken", "with_connections"]

_log = logging.getLogger("ferrata.flows")
_OF_MODEL = ("deployment_name", "model")


def with_connections(flow: Flow, given: Mapping[str, Mapping[str, Any]], *, strict: bool = False) -> Flow:
    """The flow with other connections in its nodes.

    Args:
        flow: a graph; of other flows nothing is changed, with a warning, as in Prompt Flow.
        given: node -> `connection`, `deployment_name`, `model` of an `llm` node, or an input of another node -> value.
        strict: a warning is an error.

    Raises:
        FlowError: `InvalidFlowError`: there is no such node, or it takes no such key.
    """
    if not given:
        return flow
    if flow.kind != "dag":
        problem = f"{flow.file.name!r} is no graph, so there are no nodes to give other connections: {', '.join(given)}"
        if strict:
            raise FlowError("InvalidFlowError", problem, hint="leave them away, or --strict", file=flow.file)
        _log.warning("%s", problem)
        return flow
    nodes = {node.name: node for node in flow.nodes}
    for name, values in given.items():
        if name not in nodes:
            having = ", ".join(nodes)
            problem = f"Node {name} not found in flow"
            raise FlowError("InvalidFlowError", problem, hint=f"its nodes are {having}", file=flow.file)
        if not isinstance(cast("Any", values), dict):
            raise FlowError(
                "InvalidFlowError",
                f"Invalid connection overwrite format: {values!r} for the node {name!r}",
                hint=f"as connections: {{{name}: {{connection: NAME}}}}",
                file=flow.file,
            )
        nodes[name] = _changed(flow, nodes[name], values)
    return replace(flow, nodes=tuple(nodes[node.name] for node in flow.nodes))


def _changed(flow: Flow, node: Node, values: Mapping[str, Any]) -> Node:
    inputs = dict(node.inputs)
    connection = node.connection
    unknown: list[str] = []
    for key, value in values.items():
        if node.type == "llm" and key == "connection" and value:
            connection = value
        elif key in _OF_MODEL or (node.type not in ("llm", "prompt") and key):
            inputs[key] = parse_reference(value)
        else:
            unknown.append(key)
    if unknown:
        raise _unsupported(flow, node, unknown)
    return replace(node, connection=connection, inputs=inputs)


def check_taken(flow: Flow, step: Step, values: Mapping[str, Any]) -> None:
    """Refuse what was given to a node that is no `llm` node and is no connection of its tool's.

    Raises:
        FlowError: `InvalidFlowError`.
    """
    if step.node.type == "llm":
        return
    unknown = [key for key in values if key not in _OF_MODEL and key not in step.hidden]
    if unknown:
        raise _unsupported(flow, step.node, unknown)


def _unsupported(flow: Flow, node: Node, keys: list[str]) -> FlowError:
    takes = (
        "connection, deployment_name and model" if node.type == "llm" else "its connections, deployment_name and model"
    )
    return FlowError(
        "InvalidFlowError",
        f"Unsupported connection overwrite keys for the node {node.name!r}: {', '.join(map(repr, keys))}",
        hint=f"it takes {takes}",
        file=flow.file,
    )
