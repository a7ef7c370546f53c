"""Files of flows and what goes with them, read into values."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.flows.formats.connections import read_connections
else:
    __getattr__ = door(__name__, connections=["read_connections"])

__all__ = ["read_connections"]
