"""Which model a prompt asks, and how it is reached."""

from __future__ import annotations

import abc
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ferrata.flows.contracts.constants import ConnectionType
from ferrata.flows.contracts.flow_errors import InvalidConnectionError

if TYPE_CHECKING:
    from ferrata.flows.contracts.connections import AzureOpenAIConnection, OpenAIConnection

__all__ = [
    "MODEL_CONFIG_NAME_2_CLASS",
    "AzureOpenAIModelConfiguration",
    "ModelConfiguration",
    "OpenAIModelConfiguration",
]


class ModelConfiguration:
    """A model and how it is reached."""

    connection: str | None
    _type: ConnectionType

    @classmethod
    @abc.abstractmethod
    def from_connection(cls, connection: Any, **kwargs: Any) -> ModelConfiguration:
        """The same, by a connection."""


@dataclass
class AzureOpenAIModelConfiguration(ModelConfiguration):
    """A deployment of Azure's OpenAI service: by its address and key, or by a connection's name.

    Raises:
        InvalidConnectionError: both are given.
    """

    azure_deployment: str
    azure_endpoint: str | None = None
    api_version: str | None = None
    api_key: str | None = field(default=None, repr=False)
    connection: str | None = None

    def __post_init__(self) -> None:
        self._type = ConnectionType.AZURE_OPEN_AI
        _exclusive(self.connection, self.azure_endpoint, self.api_key, self.api_version)

    @classmethod
    def from_connection(  # pyright: ignore[reportIncompatibleMethodOverride]
        cls, connection: AzureOpenAIConnection, azure_deployment: str
    ) -> AzureOpenAIModelConfiguration:
        """A deployment behind a connection."""
        return cls(azure_deployment, connection.api_base, connection.api_version, connection.api_key)


@dataclass
class OpenAIModelConfiguration(ModelConfiguration):
    """A model of OpenAI, or of what speaks its API: by address and key, or by a connection's name.

    Raises:
        InvalidConnectionError: both are given.
    """

    model: str
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    organization: str | None = None
    connection: str | None = None

    def __post_init__(self) -> None:
        self._type = ConnectionType.OPEN_AI
        _exclusive(self.connection, self.base_url, self.api_key, self.organization)

    @classmethod
    def from_connection(  # pyright: ignore[reportIncompatibleMethodOverride]
        cls, connection: OpenAIConnection, model: str
    ) -> OpenAIModelConfiguration:
        """A model behind a connection."""
        return cls(model, connection.base_url, connection.api_key, connection.organization)


MODEL_CONFIG_NAME_2_CLASS: dict[str, type[ModelConfiguration]] = {
    kind.__name__: kind for kind in (AzureOpenAIModelConfiguration, OpenAIModelConfiguration)
}


def _exclusive(connection: object, *others: object) -> None:
    if connection and any(others):
        raise InvalidConnectionError("Cannot configure model config and connection at the same time.")
