"""What there is to draw of a flow: boxes and edges. Knows no form and no place on the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from ferrata.flows.types import Flow, InputSpec, Node, Reference

__all__ = ["Box", "Edge", "Picture", "picture_of"]

Kind = Literal["input", "output", "python", "prompt", "llm", "package", "flow", "other"]


class Box(NamedTuple):
    """A box.

    Attributes:
        id: unique in the picture.
        kind: what it is.
        title: its name.
        about: what it is and where its code is, or its type; may be empty.
        more: its connection, its variants; may be empty.
        condition: it runs only so; empty: always.
        aggregation: it runs once, over all lines.
    """

    id: str
    kind: Kind
    title: str
    about: str = ""
    more: str = ""
    condition: str = ""
    aggregation: bool = False


class Edge(NamedTuple):
    """From box to box; with a label where it is a condition."""

    source: str
    target: str
    label: str = ""


@dataclass(frozen=True)
class Picture:
    """All of it.

    Attributes:
        title: the flow's name.
        boxes: inputs, nodes, outputs, in this order.
        edges: each pair once; conditions apart.
    """

    title: str
    boxes: tuple[Box, ...] = ()
    edges: tuple[Edge, ...] = field(default_factory=tuple)


def picture_of(flow: Flow) -> Picture:
    """Boxes and edges of a flow; what is no graph is one box."""
    inputs = [Box(f"input {name}", "input", name, _input_about(spec)) for name, spec in flow.inputs.items()]
    outputs = [Box(f"output {name}", "output", name, spec.type) for name, spec in flow.outputs.items()]
    if flow.kind != "dag":
        what = flow.entry or flow.file.name
        middle = Box("flow", "flow", flow.name, what if what != flow.name else flow.kind)
        edges = [Edge(box.id, "flow") for box in inputs] + [Edge("flow", box.id) for box in outputs]
        return Picture(flow.name, (*inputs, middle, *outputs), tuple(edges))
    nodes = [_node_box(node, flow) for node in flow.nodes]
    edges = [edge for node in flow.nodes for edge in _edges_to(node)]
    for name, spec in flow.outputs.items():
        source = None if spec.reference is None else _id_of(spec.reference)
        if source:
            edges.append(Edge(source, f"output {name}"))
    known = {box.id for box in (*inputs, *nodes, *outputs)}
    kept = dict.fromkeys(edge for edge in edges if edge.source in known)
    return Picture(flow.name, (*inputs, *nodes, *outputs), tuple(kept))


def _input_about(spec: InputSpec) -> str:
    return spec.type if spec.default is None else f"{spec.type} = {_short(spec.default)}"


def _node_box(node: Node, flow: Flow) -> Box:
    source = node.source
    where = (source.tool if source.type != "code" else source.path) if source else None
    about = " · ".join(part for part in (node.type, where or "") if part)
    count = len(flow.variants.get(node.name, {}))
    more = " · ".join(part for part in (node.connection or "", f"{count} variants" if count > 1 else "") if part)
    kind: Kind = "other"
    if source is not None and source.type != "code":
        kind = "package"
    elif node.type in ("python", "prompt", "llm"):
        kind = node.type  # pyright: ignore[reportAssignmentType]
    condition = ""
    if node.activate is not None:
        condition = f"only if {_shown(node.activate.when)} is {_short(node.activate.value)}"
    return Box(f"node {node.name}", kind, node.name, about, more, condition, node.aggregation)


def _edges_to(node: Node) -> list[Edge]:
    target = f"node {node.name}"
    found = [Edge(source, target) for source in map(_id_of, node.inputs.values()) if source]
    if node.activate is not None:
        source = _id_of(node.activate.when)
        if source:
            found.append(Edge(source, target, f"is {_short(node.activate.value)}"))
    return found


def _id_of(reference: Reference) -> str:
    if reference.kind == "value":
        return ""
    return f"{'input' if reference.kind == 'input' else 'node'} {reference.value}"


def _shown(reference: Reference) -> str:
    """A reference as people say it: `inputs.kind`, `classify.category`."""
    if reference.kind == "input":
        return f"inputs.{reference.value}"
    return f"{reference.value}{'.' if reference.property else ''}{reference.property}"


def _short(value: Any) -> str:
    text = " ".join((value if isinstance(value, str) else repr(value)).split())
    return text if len(text) <= 24 else text[:23] + "…"
