"""Whether a graph holds together, and an order in which its nodes can run. Knows no user code."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ferrata.flows.failures import FlowError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.flows.types import Flow, Node

__all__ = ["GraphProblem", "check_graph", "graph_problems", "place_of"]


class GraphProblem(NamedTuple):
    """Why a graph does not hold together.

    Attributes:
        code: Prompt Flow's name for it.
        where: the key path in the flow's file, as `("nodes", 2, "inputs", "text")`.
        message: what is wrong.
        hint: what to do.
    """

    code: str
    where: tuple[str | int, ...]
    message: str
    hint: str


def check_graph(flow: Flow) -> Flow:
    """The flow with its nodes in an order in which they can run, and without outputs that come from aggregation nodes.

    Raises:
        FlowError: `DuplicateNodeName`, `InputReferenceNotFound`, `NodeReferenceNotFound`, `InvalidNodeReference`,
            `NodeCircularDependency`, `EmptyOutputReference`, `OutputReferenceNotFound`: the first of `graph_problems`.
    """
    for problem in graph_problems(flow):
        raise FlowError(problem.code, problem.message, hint=problem.hint, file=flow.file, where=problem.where)
    aggregating = {node.name for node in flow.nodes if node.aggregation}
    kept = {
        name: output
        for name, output in flow.outputs.items()
        if not (output.reference and output.reference.kind == "node" and output.reference.value in aggregating)
    }
    return replace(flow, nodes=_in_order(flow)[0], outputs=kept)


def place_of(flow: Flow, node: Node) -> tuple[str | int, ...]:
    """The key path of a node, or of the variant that stands in its place."""
    number = next(i for i, one in enumerate(flow.nodes) if one is node)
    for identity, variant in flow.variants.get(node.name, {}).items():
        if variant.node.source == node.source and not node.use_variants:
            return ("node_variants", node.name, "variants", identity, "node")
    return ("nodes", number)


def graph_problems(flow: Flow) -> Iterator[GraphProblem]:
    """All that is wrong with a graph, in the order in which Prompt Flow looks for it."""
    yield from _names(flow)
    yield from _inputs(flow)
    yield from _references(flow)
    left = _in_order(flow)[1]
    if left:
        circle = ", ".join(sorted(node.name for node in left))
        yield GraphProblem(
            "NodeCircularDependency",
            ("nodes", flow.nodes.index(left[0])),
            f"nodes wait for each other in a circle: {circle}",
            "take one of the references away",
        )
    yield from _outputs(flow)


def _names(flow: Flow) -> Iterator[GraphProblem]:
    seen: set[str] = set()
    for number, node in enumerate(flow.nodes):
        if node.name in seen:
            yield GraphProblem(
                "DuplicateNodeName", ("nodes", number, "name"), f"two nodes have the name {node.name!r}", "rename one"
            )
        seen.add(node.name)


def _inputs(flow: Flow) -> Iterator[GraphProblem]:
    for number, node in enumerate(flow.nodes):
        for name, reference in node.inputs.items():
            if reference.kind == "input" and reference.value not in flow.inputs:
                yield GraphProblem(
                    "InputReferenceNotFound",
                    ("nodes", number, "inputs", name),
                    f"the input {name!r} of the node {node.name!r} refers to the flow's input {reference.value!r}, which "
                    "there is not",
                    f"the flow's inputs are {', '.join(flow.inputs) or 'none'}",
                )


def _needs(node: Node) -> dict[str, tuple[str | int, ...]]:
    """The nodes that a node needs, and the key where it says so."""
    found: dict[str, tuple[str | int, ...]] = {}
    if node.activate is not None and node.activate.when.kind == "node":
        found[node.activate.when.value] = ("activate", "when")
    for name, reference in node.inputs.items():
        if reference.kind == "node":
            found[reference.value] = ("inputs", name)
    return found


def _references(flow: Flow) -> Iterator[GraphProblem]:
    aggregating = {node.name for node in flow.nodes if node.aggregation}
    names = {node.name for node in flow.nodes}
    for number, node in enumerate(flow.nodes):
        when = node.activate.when if node.activate else None
        if node.aggregation and when and when.kind == "node" and when.value not in aggregating:
            yield GraphProblem(
                "InvalidNodeReference",
                ("nodes", number, "activate", "when"),
                f"activate of the aggregation node {node.name!r} refers to {when.value!r}, which is none",
                "it runs over all lines, so its condition cannot be of one",
            )
        needs = _needs(node)
        for missing in sorted(needs.keys() - names):
            yield GraphProblem(
                "NodeReferenceNotFound",
                ("nodes", number, *needs[missing]),
                f"the node {node.name!r} refers to the node {missing!r}, which there is not",
                f"the nodes are {', '.join(sorted(names))}",
            )
        for wrong in sorted(needs.keys() & aggregating) if not node.aggregation else ():
            yield GraphProblem(
                "InvalidNodeReference",
                ("nodes", number, *needs[wrong]),
                f"the node {node.name!r} refers to the aggregation node {wrong!r}",
                "an aggregation node runs after all lines; make this one aggregate too, or take another input",
            )


def _in_order(flow: Flow) -> tuple[tuple[Node, ...], list[Node]]:
    """The nodes in an order in which they can run, and those that are left because they wait for each other."""
    names = {node.name for node in flow.nodes}
    needs = {node.name: _needs(node).keys() & names for node in flow.nodes}
    ordered: list[Node] = []
    picked: set[str] = set()
    waiting = list(flow.nodes)
    while waiting:
        ready = next((node for node in waiting if needs[node.name] <= picked), None)
        if ready is None:
            break
        waiting.remove(ready)
        picked.add(ready.name)
        ordered.append(ready)
    return tuple(ordered), waiting


def _outputs(flow: Flow) -> Iterator[GraphProblem]:
    nodes = {node.name for node in flow.nodes}
    for name, output in flow.outputs.items():
        reference, where = output.reference, ("outputs", name, "reference")
        if reference is None or reference.kind == "value":
            if reference is None or reference.value == "":
                yield GraphProblem(
                    "EmptyOutputReference",
                    where,
                    f"the output {name!r} has no reference",
                    "as `reference: ${answer.output}`",
                )
        elif reference.kind == "input" and reference.value not in flow.inputs:
            yield GraphProblem(
                "OutputReferenceNotFound",
                where,
                f"the output {name!r} refers to the flow's input {reference.value!r}, which there is not",
                f"the flow's inputs are {', '.join(flow.inputs) or 'none'}",
            )
        elif reference.kind == "node" and reference.value not in nodes:
            yield GraphProblem(
                "OutputReferenceNotFound",
                where,
                f"the output {name!r} refers to the node {reference.value!r}, which there is not",
                f"the nodes are {', '.join(n.name for n in flow.nodes) or 'none'}",
            )
