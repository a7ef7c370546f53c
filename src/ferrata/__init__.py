"""Ferrata: GenAIOps maturity from evidence, and the machinery to climb it."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.flows import flow, step
else:
    __getattr__ = door(__name__, flows=["flow", "step"])

__all__ = ["__version__", "flow", "step"]

__version__ = "0.1.0"
