"""Vectors of texts."""

from enum import Enum
from typing import Any

from ferrata.flows.asking import embed_now
from ferrata.flows.contracts.connections import AzureOpenAIConnection, OpenAIConnection, ServerlessConnection
from ferrata.flows.promptflow._core.tool import tool

__all__ = ["EmbeddingModel", "embedding"]


class EmbeddingModel(str, Enum):  # noqa: UP042 - its text is `EmbeddingModel.X`, as Prompt Flow's
    """Models that Prompt Flow offers; any other name will do."""

    TEXT_EMBEDDING_ADA_002 = "text-embedding-ada-002"
    TEXT_SEARCH_ADA_DOC_001 = "text-search-ada-doc-001"
    TEXT_SEARCH_ADA_QUERY_001 = "text-search-ada-query-001"


@tool
def embedding(
    connection: AzureOpenAIConnection | OpenAIConnection | ServerlessConnection,
    input: str,
    deployment_name: str = "",
    model: Any = EmbeddingModel.TEXT_EMBEDDING_ADA_002,
) -> list[float]:
    """The vector of a text.

    Raises:
        InvalidConnectionType: the connection is of another kind.
        WrappedOpenAIError: the model did not answer.
    """
    name = str(model.value) if isinstance(model, EmbeddingModel) else str(model)
    return embed_now(
        connection, input, model=deployment_name if isinstance(connection, AzureOpenAIConnection) else name
    )
