"""Small flows to begin with."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.flows.scaffold.write import FLOW_KINDS, write_flow
else:
    __getattr__ = door(__name__, write=["FLOW_KINDS", "write_flow"])

__all__ = ["FLOW_KINDS", "write_flow"]
