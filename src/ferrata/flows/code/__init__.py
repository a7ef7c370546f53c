"""The user's code: modules that each flow has for itself, tools in them, and what they print."""

from ferrata.flows.code.prints import captured, watch_prints
from ferrata.flows.code.space import CodeSpace
from ferrata.flows.code.tools import Tool, as_tool, connection_types, find_tool, parameters_of, undecorated

__all__ = [
    "CodeSpace",
    "Tool",
    "as_tool",
    "captured",
    "connection_types",
    "find_tool",
    "parameters_of",
    "undecorated",
    "watch_prints",
]
