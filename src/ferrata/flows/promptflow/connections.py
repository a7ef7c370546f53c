"""`promptflow.connections`: how services are reached."""

from __future__ import annotations

from ferrata.flows.contracts.bing import BingConnection
from ferrata.flows.contracts.connections import (
    AzureAIServicesConnection,
    AzureContentSafetyConnection,
    AzureOpenAIConnection,
    CognitiveSearchConnection,
    Connection,
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
    "BingConnection",
    "CognitiveSearchConnection",
    "Connection",
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
