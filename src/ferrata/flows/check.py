"""Whether a graph holds together, and an order in which its nodes can run. Knows no user code."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ferrata.flows.failures import FlowError

if TYPE_CHECKING:
    from ferrata.flows.types import Flow, Node

__all__ = ["check_graph"]


def check_graph(flow: Flow) -> Flow:
    """The flow with its nodes in an order in which they can run, and without outputs that come from aggregation nodes.

    Raises:
        FlowError: `DuplicateNodeName`, `InputReferenceNotFound`, `NodeReferenceNotFound`, `InvalidNodeReference`,
            `NodeCircularDependency`, `EmptyOutputReference`, `OutputReferenceNotFound`.
    """
    _check_names(flow)
    _check_inputs(flow)
    ordered = _in_order(flow)
    return _with_outputs(replace(flow, nodes=ordered))


def _check_names(flow: Flow) -> None:
    seen: set[str] = set()
    for node in flow.nodes:
        if node.name in seen:
            raise FlowError(
                "DuplicateNodeName", f"{flow.file}: two nodes have the name {node.name!r}", hint="rename one"
            )
        seen.add(node.name)


def _check_inputs(flow: Flow) -> None:
    for node in flow.nodes:
        for name, reference in node.inputs.items():
            if reference.kind == "input" and reference.value not in flow.inputs:
                raise FlowError(
                    "InputReferenceNotFound",
                    f"{flow.file}: the input {name!r} of the node {node.name!r} refers to the flow's input "
                    f"{reference.value!r}, which there is not",
                    hint=f"the flow's inputs are {', '.join(flow.inputs) or 'none'}",
                )


def _needs(node: Node) -> set[str]:
    found = {reference.value for reference in node.inputs.values() if reference.kind == "node"}
    if node.activate is not None and node.activate.when.kind == "node":
        found.add(node.activate.when.value)
    return found


def _in_order(flow: Flow) -> tuple[Node, ...]:
    aggregating = {node.name for node in flow.nodes if node.aggregation}
    names = {node.name for node in flow.nodes}
    needs: dict[str, set[str]] = {}
    for node in flow.nodes:
        when = node.activate.when if node.activate else None
        if node.aggregation and when and when.kind == "node" and when.value not in aggregating:
            raise FlowError(
                "InvalidNodeReference",
                f"{flow.file}: activate of the aggregation node {node.name!r} refers to {when.value!r}, which is none",
                hint="it runs over all lines, so its condition cannot be of one",
            )
        needs[node.name] = _needs(node)
        if missing := sorted(needs[node.name] - names):
            raise FlowError(
                "NodeReferenceNotFound",
                f"{flow.file}: the node {node.name!r} refers to the node {missing[0]!r}, which there is not",
                hint=f"the nodes are {', '.join(sorted(names))}",
            )
        if not node.aggregation and (wrong := sorted(needs[node.name] & aggregating)):
            raise FlowError(
                "InvalidNodeReference",
                f"{flow.file}: the node {node.name!r} refers to the aggregation node {wrong[0]!r}",
                hint="an aggregation node runs after all lines; make this one aggregate too, or take another input",
            )
    ordered: list[Node] = []
    picked: set[str] = set()
    waiting = list(flow.nodes)
    while waiting:
        ready = next((node for node in waiting if needs[node.name] <= picked), None)
        if ready is None:
            names_left = ", ".join(sorted(node.name for node in waiting))
            raise FlowError(
                "NodeCircularDependency",
                f"{flow.file}: nodes wait for each other in a circle: {names_left}",
                hint="take one of the references away",
            )
        waiting.remove(ready)
        picked.add(ready.name)
        ordered.append(ready)
    return tuple(ordered)


def _with_outputs(flow: Flow) -> Flow:
    nodes = {node.name: node for node in flow.nodes}
    kept = dict(flow.outputs)
    for name, output in flow.outputs.items():
        reference = output.reference
        if reference is None or reference.kind == "value":
            if reference is None or reference.value == "":
                raise FlowError(
                    "EmptyOutputReference",
                    f"{flow.file}: the output {name!r} has no reference",
                    hint="as `reference: ${answer.output}`",
                )
        elif reference.kind == "input":
            if reference.value not in flow.inputs:
                raise FlowError(
                    "OutputReferenceNotFound",
                    f"{flow.file}: the output {name!r} refers to the flow's input {reference.value!r}, which there is not",
                    hint=f"the flow's inputs are {', '.join(flow.inputs) or 'none'}",
                )
        elif reference.value not in nodes:
            raise FlowError(
                "OutputReferenceNotFound",
                f"{flow.file}: the output {name!r} refers to the node {reference.value!r}, which there is not",
                hint=f"the nodes are {', '.join(nodes) or 'none'}",
            )
        elif nodes[reference.value].aggregation:
            del kept[name]
    return replace(flow, outputs=kept)
