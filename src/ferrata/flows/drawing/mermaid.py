"""A flow as a Mermaid diagram, for Markdown pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ferrata.flows.drawing.picture import Box, Picture

__all__ = ["as_mermaid"]

_SHAPES = {
    "input": ("([", "])"),
    "output": ("([", "])"),
    "llm": ("[/", "/]"),
    "prompt": ("[/", "/]"),
    "flow": ("[[", "]]"),
}
_OTHER = ("[", "]")
_STYLES = {
    "input": "fill:#eef2f7,stroke:#64748b",
    "output": "fill:#e7f5ec,stroke:#2f855a",
    "python": "fill:#fff,stroke:#334155",
    "prompt": "fill:#f6f0fd,stroke:#7c4dbd",
    "llm": "fill:#fdf1e3,stroke:#b7621b",
    "package": "fill:#e8f3fb,stroke:#2b6ca3",
    "flow": "fill:#fff,stroke:#334155",
    "other": "fill:#f5f5f5,stroke:#737373",
}


def as_mermaid(picture: Picture) -> str:
    """The picture as a flowchart."""
    names = {box.id: f"b{number}" for number, box in enumerate(picture.boxes)}
    lines = ["flowchart TD"]
    lines += [f"    {_box(box, names[box.id])}" for box in picture.boxes if not box.aggregation]
    once = [box for box in picture.boxes if box.aggregation]
    if once:
        lines.append('    subgraph once["once, over all lines"]')
        lines += [f"        {_box(box, names[box.id])}" for box in once]
        lines.append("    end")
    for edge in picture.edges:
        arrow = f'-. "{_escaped(edge.label)}" .->' if edge.label else "-->"
        lines.append(f"    {names[edge.source]} {arrow} {names[edge.target]}")
    used = dict.fromkeys(box.kind for box in picture.boxes)
    lines += [f"    classDef {kind} {_STYLES[kind]},color:#1e293b" for kind in used]
    return "\n".join(lines) + "\n"


def _box(box: Box, name: str) -> str:
    left, right = _SHAPES.get(box.kind, _OTHER)
    label = "<br/>".join(_escaped(line) for line in (box.title, box.about, box.more, box.condition) if line)
    return f'{name}{left}"{label}"{right}:::{box.kind}'


def _escaped(text: str) -> str:
    """The text with what means something to Mermaid or HTML as its character codes."""
    return "".join(c if c.isalnum() or c in " .,:_-·=/…()'" else f"#{ord(c)};" for c in text)
