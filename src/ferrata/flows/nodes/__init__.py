"""The kinds of nodes: each turns what the file says of a node into something that can be called."""

from ferrata.flows.nodes.base import Around, Step
from ferrata.flows.nodes.build import build_step, import_module_of

__all__ = ["Around", "Step", "build_step", "import_module_of"]
