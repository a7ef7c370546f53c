"""Values that connections know."""

from __future__ import annotations

__all__ = ["ConnectionAuthMode", "ConnectionDefaultApiVersion", "ConnectionType"]

from enum import Enum


class ConnectionAuthMode:
    """How one is let in: with a key, or with a token of Microsoft Entra ID."""

    KEY = "key"
    MEID_TOKEN = "meid_token"  # noqa: S105 - the name of a way in, not a secret


class ConnectionDefaultApiVersion:
    """The version that is asked for where a connection names none."""

    AZURE_OPEN_AI = "2024-02-01"
    COGNITIVE_SEARCH = "2023-11-01"
    AZURE_CONTENT_SAFETY = "2023-10-01"
    FORM_RECOGNIZER = "2023-07-31"


class ConnectionType(str, Enum):  # noqa: UP042 - its text is `ConnectionType.X`, as Prompt Flow's
    """The kinds of connections."""

    _NOT_SET = "NotSet"
    AZURE_OPEN_AI = "AzureOpenAI"
    OPEN_AI = "OpenAI"
    QDRANT = "Qdrant"
    COGNITIVE_SEARCH = "CognitiveSearch"
    SERP = "Serp"
    AZURE_CONTENT_SAFETY = "AzureContentSafety"
    AZURE_AI_SERVICES = "AzureAIServices"
    FORM_RECOGNIZER = "FormRecognizer"
    WEAVIATE = "Weaviate"
    SERVERLESS = "Serverless"
    CUSTOM = "Custom"
