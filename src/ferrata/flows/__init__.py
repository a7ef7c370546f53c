"""Flows: graphs, functions and classes over models, in Prompt Flow's formats and in plain Python."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
    from ferrata.flows.base import LoadedFlow
    from ferrata.flows.data import as_data, shown
    from ferrata.flows.failures import FlowError, NodeError, error_of
    from ferrata.flows.open import find_flow, inside, open_flow, read_flow
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
        data=["as_data", "shown"],
        failures=["FlowError", "NodeError", "error_of"],
        open=["find_flow", "inside", "open_flow", "read_flow"],
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
    "as_data",
    "error_of",
    "find_flow",
    "inside",
    "open_flow",
    "read_flow",
    "shown",
]
