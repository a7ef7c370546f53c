"""A flow as lines of text: what each box takes and when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ferrata.flows.drawing.picture import Box, Picture

__all__ = ["as_text"]


def as_text(picture: Picture) -> str:
    """The picture, a box a line; sources stand after `<-`."""
    parts = {
        "inputs": [box for box in picture.boxes if box.kind == "input"],
        "nodes": [box for box in picture.boxes if box.kind not in ("input", "output") and not box.aggregation],
        "once, over all lines": [box for box in picture.boxes if box.aggregation],
        "outputs": [box for box in picture.boxes if box.kind == "output"],
    }
    lines = [picture.title]
    for heading, boxes in parts.items():
        if boxes:
            widths = [max(len(cell[i]) for cell in map(_cells, boxes)) for i in (0, 1)]
            lines += ["", f"{heading}:", *(f"  {_line(box, picture, widths)}" for box in boxes)]
    return "\n".join(lines) + "\n"


def _cells(box: Box) -> tuple[str, str]:
    return box.title, " · ".join(part for part in (box.about, box.more) if part)


def _line(box: Box, picture: Picture, widths: list[int]) -> str:
    titles = {one.id: f"inputs.{one.title}" if one.kind == "input" else one.title for one in picture.boxes}
    sources = [titles[edge.source] for edge in picture.edges if edge.target == box.id and not edge.label]
    cells = [cell.ljust(width) for cell, width in zip(_cells(box), widths, strict=True)]
    arrow = f"  <- {', '.join(sources)}" if sources else ""
    condition = f"  [{box.condition}]" if box.condition else ""
    return ("  ".join(cells) + arrow + condition).rstrip()
