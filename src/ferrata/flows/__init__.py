"""Flows: graphs, functions and classes over models, in Prompt Flow's formats and in plain Python."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.flows.base import LoadedFlow
    from ferrata.flows.failures import FlowError, NodeError, error_of
    from ferrata.flows.types import (
        Activate,
        Aggregation,
        Flow,
        InputSpec,
        LineResult,
        Node,
        NodeResult,
        Notice,
        OutputSpec,
        Reference,
        Source,
        Status,
        Variant,
    )
else:
    __getattr__ = door(
        __name__,
        base=["LoadedFlow"],
        failures=["FlowError", "NodeError", "error_of"],
        types=[
            "Activate",
            "Aggregation",
            "Flow",
            "InputSpec",
            "LineResult",
            "Node",
            "NodeResult",
            "Notice",
            "OutputSpec",
            "Reference",
            "Source",
            "Status",
            "Variant",
        ],
    )

__all__ = [
    "Activate",
    "Aggregation",
    "Flow",
    "FlowError",
    "InputSpec",
    "LineResult",
    "LoadedFlow",
    "Node",
    "NodeError",
    "NodeResult",
    "Notice",
    "OutputSpec",
    "Reference",
    "Source",
    "Status",
    "Variant",
    "error_of",
]
