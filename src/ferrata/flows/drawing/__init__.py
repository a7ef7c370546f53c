"""Pictures of flows: text, Mermaid, SVG."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.flows.drawing.draw import draw_flow
    from ferrata.flows.drawing.picture import Box, Edge, Picture, picture_of
else:
    __getattr__ = door(__name__, draw=["draw_flow"], picture=["Box", "Edge", "Picture", "picture_of"])

__all__ = ["Box", "Edge", "Picture", "draw_flow", "picture_of"]
