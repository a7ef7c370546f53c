"""Where Prompt Flow defines its connections; here they are taken from `promptflow.connections`."""

from __future__ import annotations

from ferrata.flows.contracts.connections import (
    AzureAIServicesConnection,
    AzureContentSafetyConnection,
    AzureOpenAIConnection,
    CognitiveSearchConnection,
    FormRecognizerConnection,
    OpenAIConnection,
    QdrantConnection,
    SerpConnection,
    ServerlessConnection,
    WeaviateConnection,
    _Connection,
)
from ferrata.flows.contracts.custom_connections import CustomConnection, CustomStrongTypeConnection

__all__ = [
    "AzureAIServicesConnection",
    "AzureContentSafetyConnection",
    "AzureOpenAIConnection",
    "CognitiveSearchConnection",
    "CustomConnection",
    "CustomStrongTypeConnection",
    "FormRecognizerConnection",
    "OpenAIConnection",
    "QdrantConnection",
    "SerpConnection",
    "ServerlessConnection",
    "WeaviateConnection",
    "_Connection",
]
