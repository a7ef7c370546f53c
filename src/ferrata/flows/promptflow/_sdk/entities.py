"""What `promptflow.entities` offers, under the name of where Prompt Flow keeps it."""

from __future__ import annotations

from ferrata.flows.promptflow.entities import (
    AzureContentSafetyConnection,
    AzureOpenAIConnection,
    CognitiveSearchConnection,
    CustomConnection,
    DynamicList,
    FlowContext,
    FormRecognizerConnection,
    InputSetting,
    OpenAIConnection,
    QdrantConnection,
    Run,
    SerpConnection,
)

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
