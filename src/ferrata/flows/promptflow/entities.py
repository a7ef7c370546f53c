"""`promptflow.entities`: connections, settings of inputs, a run, and the context of a flow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ferrata.flows.contracts.connections import (
    AzureContentSafetyConnection,
    AzureOpenAIConnection,
    CognitiveSearchConnection,
    FormRecognizerConnection,
    OpenAIConnection,
    QdrantConnection,
    SerpConnection,
)
from ferrata.flows.contracts.custom_connections import CustomConnection
from ferrata.flows.promptflow._core.tool import DynamicList, InputSetting

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "AzureContentSafetyConnection",
    "AzureOpenAIConnection",
    "CognitiveSearchConnection",
    "CustomConnection",
    "DynamicList",
    "FlowContext",
    "FormRecognizerConnection",
    "InputSetting",
    "OpenAIConnection",
    "QdrantConnection",
    "Run",
    "SerpConnection",
]


@dataclass
class FlowContext:
    """How a loaded flow is to run.

    Attributes:
        connections: node -> `{"connection": name or connection, "deployment_name": ...}`.
        variant: `${node.variant}`.
        overrides: values in the flow's file, by their place, as `nodes.fetch.inputs.url`.
        streaming: outputs may be iterators.
    """

    connections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, "Mapping[str, Any]"])
    variant: str | None = None
    overrides: Mapping[str, Any] = field(default_factory=dict[str, Any])
    streaming: bool | None = None


@dataclass
class Run:
    """A run of a flow over data.

    Attributes:
        name: of the run.
        status: as `Completed`.
        flow: its folder.
        folder: where the run's files are.
    """

    name: str
    status: str = ""
    flow: Path | str | None = None
    folder: Path | None = None
    display_name: str | None = None
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    properties: Mapping[str, Any] = field(default_factory=dict[str, Any])
