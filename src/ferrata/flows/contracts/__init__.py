"""What flows and user code share: connections, images, texts, and the exceptions of Prompt Flow; plain classes."""

from typing import TYPE_CHECKING

from ferrata.doors import door

if TYPE_CHECKING:
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
    )
    from ferrata.flows.contracts.custom_connections import (
        CustomConnection,
        CustomStrongTypeConnection,
    )
    from ferrata.flows.contracts.exceptions import (
        PromptflowException,
        SystemErrorException,
        UserErrorException,
    )
    from ferrata.flows.contracts.model_connection import ModelConnection
    from ferrata.flows.contracts.multimedia import (
        Image,
        PFBytes,
        Text,
    )
    from ferrata.flows.contracts.types import (
        AssistantDefinition,
        FilePath,
        PromptTemplate,
        Secret,
    )
else:
    __getattr__ = door(
        __name__,
        connections=[
            "AzureAIServicesConnection",
            "AzureContentSafetyConnection",
            "AzureOpenAIConnection",
            "CognitiveSearchConnection",
            "Connection",
            "FormRecognizerConnection",
            "OpenAIConnection",
            "QdrantConnection",
            "SerpConnection",
            "ServerlessConnection",
            "WeaviateConnection",
        ],
        custom_connections=["CustomConnection", "CustomStrongTypeConnection"],
        exceptions=["PromptflowException", "SystemErrorException", "UserErrorException"],
        model_connection=["ModelConnection"],
        multimedia=["Image", "PFBytes", "Text"],
        types=["AssistantDefinition", "FilePath", "PromptTemplate", "Secret"],
    )

__all__ = [
    "AssistantDefinition",
    "AzureAIServicesConnection",
    "AzureContentSafetyConnection",
    "AzureOpenAIConnection",
    "CognitiveSearchConnection",
    "Connection",
    "CustomConnection",
    "CustomStrongTypeConnection",
    "FilePath",
    "FormRecognizerConnection",
    "Image",
    "ModelConnection",
    "OpenAIConnection",
    "PFBytes",
    "PromptTemplate",
    "PromptflowException",
    "QdrantConnection",
    "Secret",
    "SerpConnection",
    "ServerlessConnection",
    "SystemErrorException",
    "Text",
    "UserErrorException",
    "WeaviateConnection",
]
