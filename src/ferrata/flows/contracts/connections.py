"""The connections of Prompt Flow but the custom ones: how a service is reached, settings and secrets apart.

No text of a connection shows a secret.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from ferrata.flows.contracts.constants import ConnectionAuthMode, ConnectionDefaultApiVersion
from ferrata.flows.contracts.exceptions import UserErrorException, ValidationException
from ferrata.flows.contracts.flow_errors import RequiredEnvironmentVariablesNotSetError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
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
    "_Connection",
]

_KEY = ConnectionAuthMode.KEY
_SCOPE = "https://cognitiveservices.azure.com/.default"


class _Setting:
    """An attribute that is one of a connection's settings."""

    def __set_name__(self, owner: type[Connection], name: str) -> None:
        self._name = name

    def __get__(self, owner: Connection | None, kind: type[Connection]) -> Any:
        return self if owner is None else owner.configs.get(self._name)

    def __set__(self, owner: Connection, value: Any) -> None:
        owner.configs[self._name] = value


class _Key:
    """The attribute `api_key`: the secret; None where one is let in by a token."""

    def __get__(self, owner: Connection | None, kind: type[Connection]) -> Any:
        if owner is None:
            return self
        if owner.configs.get("auth_mode", _KEY) != _KEY:
            return None
        return owner.secrets.get("api_key", "******")

    def __set__(self, owner: Connection, value: str) -> None:
        owner.secrets["api_key"] = value


class Connection:
    """How a service is reached.

    Attributes:
        name: of the connection; None where it was made in code.
        type: its kind, as `AzureOpenAI`.
        configs: settings.
        secrets: what nobody may see.
    """

    SUPPORTED_TYPES: ClassVar[dict[str, type[Connection]]] = {}
    TYPE: ClassVar[str] = "NotSet"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "TYPE" in cls.__dict__:
            Connection.SUPPORTED_TYPES[cls.TYPE] = cls

    def __init__(
        self,
        name: str | None = None,
        module: str = "promptflow.connections",
        configs: dict[str, Any] | None = None,
        secrets: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.name = name
        self.type = self.TYPE
        self.class_name = f"{self.TYPE}Connection"
        self.configs: dict[str, Any] = configs or {}
        self.module = module
        self.secrets: dict[str, Any] = secrets or {}
        self.expiry_time = kwargs.get("expiry_time")
        self.created_date = kwargs.get("created_date")
        self.last_modified_date = kwargs.get("last_modified_date")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r})"

    __str__ = __repr__

    def keys(self) -> list[str]:
        """The names of settings and secrets, so that `dict(connection)` and `**connection` work."""
        return [*self.configs, *self.secrets]

    def __getitem__(self, item: str) -> Any:
        for values in (self.secrets, self.configs):
            if item in values:
                return values[item]
        raise KeyError(f"Key {item!r} not found in connection {self.name!r}.")

    def _to_execution_connection_dict(self) -> dict[str, Any]:
        """The form of promptflow's connections.json."""
        values = self.configs | self.secrets
        return {
            "name": self.name,
            "type": self.class_name,
            "module": self.module,
            "value": {key: value for key, value in values.items() if value is not None},
            "secret_keys": list(self.secrets),
        }

    @classmethod
    def _from_execution_connection_dict(cls, name: str, data: Mapping[str, Any]) -> Connection:
        """The connection that such a form says.

        Raises:
            ValidationException: there is no such type.
        """
        kind = str(data.get("type", "")).removesuffix("Connection")
        found = Connection.SUPPORTED_TYPES.get(kind)
        if found is None:
            known = list(Connection.SUPPORTED_TYPES)
            raise ValidationException(f"Connection type {kind!r} is not supported. Supported types are: {known}")
        values = dict(data.get("value", {}))
        if kind == "Custom":
            keys = data.get("secret_keys", [])
            secrets = {key: value for key, value in values.items() if key in keys}
            rest = {key: value for key, value in values.items() if key not in keys}
            return found(name=name, configs=rest, secrets=secrets)
        return found(name=name, **values)


class _WithToken(Connection):
    """Lets in with a key or with a token of Microsoft Entra ID."""

    auth_mode = _Setting()
    api_key = _Key()
    _token_provider: Any = None

    def get_token(self) -> str:
        """A token.

        Raises:
            UserErrorException: the package azure-identity is missing.
        """
        if self._token_provider is not None and hasattr(self._token_provider, "get_token"):
            return self._token_provider.get_token()
        try:
            identity: Any = import_module("azure.identity")
        except ImportError as error:
            raise UserErrorException(
                f"the connection {self.name!r} has the auth_mode {self.auth_mode!r}, which needs a token: "
                "pip install azure-identity"
            ) from error
        return identity.DefaultAzureCredential().get_token(_SCOPE).token


class AzureOpenAIConnection(_WithToken):
    """Azure's OpenAI service."""

    TYPE = "AzureOpenAI"
    api_base = _Setting()
    api_type = _Setting()
    api_version = _Setting()
    resource_id = _Setting()

    def __init__(
        self,
        api_base: str,
        api_key: str | None = None,
        api_type: str = "azure",
        api_version: str = ConnectionDefaultApiVersion.AZURE_OPEN_AI,
        auth_mode: str = _KEY,
        resource_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        configs = {
            "api_base": api_base,
            "api_type": api_type,
            "api_version": api_version,
            "auth_mode": auth_mode,
            "resource_id": resource_id,
        }
        super().__init__(configs=configs, secrets={"api_key": api_key} if auth_mode == _KEY else {}, **kwargs)
        self._token_provider = kwargs.get("token_provider")

    @classmethod
    def from_env(cls, name: str | None = None) -> AzureOpenAIConnection:
        """By AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY and, if set, OPENAI_API_VERSION."""
        found = _variables(cls, "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY")
        version = os.environ.get("OPENAI_API_VERSION")
        return cls(found[0], found[1], name=name, **({"api_version": version} if version else {}))


class OpenAIConnection(Connection):
    """OpenAI, and what speaks its API."""

    TYPE = "OpenAI"
    api_key = _Key()
    organization = _Setting()
    base_url = _Setting()

    def __init__(
        self, api_key: str, organization: str | None = None, base_url: str | None = None, **kwargs: Any
    ) -> None:
        # Empty, or `_` as the cloud writes it, is OpenAI's own address.
        configs = {"organization": organization, "base_url": None if base_url in ("", "_") else base_url}
        super().__init__(configs=configs, secrets={"api_key": api_key}, **kwargs)

    @classmethod
    def from_env(cls, name: str | None = None) -> OpenAIConnection:
        """By OPENAI_API_KEY and, if set, OPENAI_ORG_ID and OPENAI_BASE_URL."""
        (key,) = _variables(cls, "OPENAI_API_KEY")
        return cls(key, os.environ.get("OPENAI_ORG_ID"), os.environ.get("OPENAI_BASE_URL"), name=name)


class ServerlessConnection(Connection):
    """A serverless endpoint of Azure's, which speaks OpenAI's API."""

    TYPE = "Serverless"
    api_key = _Key()
    api_base = _Setting()

    def __init__(self, api_key: str, api_base: str, **kwargs: Any) -> None:
        super().__init__(configs={"api_base": api_base}, secrets={"api_key": api_key}, **kwargs)


class SerpConnection(Connection):
    """SerpApi, a search service."""

    TYPE = "Serp"
    api_key = _Key()

    def __init__(self, api_key: str, **kwargs: Any) -> None:
        super().__init__(secrets={"api_key": api_key}, **kwargs)


class _StoreConnection(Connection):
    """A vector store."""

    api_key = _Key()
    api_base = _Setting()

    def __init__(self, api_key: str, api_base: str, **kwargs: Any) -> None:
        kwargs.setdefault("module", "promptflow_vectordb.connections")
        super().__init__(configs={"api_base": api_base}, secrets={"api_key": api_key}, **kwargs)


class QdrantConnection(_StoreConnection):
    """Qdrant."""

    TYPE = "Qdrant"


class WeaviateConnection(_StoreConnection):
    """Weaviate."""

    TYPE = "Weaviate"


class CognitiveSearchConnection(_WithToken):
    """Azure AI Search."""

    TYPE = "CognitiveSearch"
    api_base = _Setting()
    api_version = _Setting()

    def __init__(
        self,
        api_base: str,
        api_key: str | None = None,
        api_version: str = ConnectionDefaultApiVersion.COGNITIVE_SEARCH,
        auth_mode: str = _KEY,
        **kwargs: Any,
    ) -> None:
        configs = {"api_base": api_base, "api_version": api_version, "auth_mode": auth_mode}
        super().__init__(configs=configs, secrets={"api_key": api_key} if auth_mode == _KEY else {}, **kwargs)


class AzureAIServicesConnection(_WithToken):
    """Azure AI Services."""

    TYPE = "AzureAIServices"
    endpoint = _Setting()

    def __init__(self, endpoint: str, api_key: str | None = None, auth_mode: str = _KEY, **kwargs: Any) -> None:
        configs = {"endpoint": endpoint, "auth_mode": auth_mode}
        super().__init__(configs=configs, secrets={"api_key": api_key} if auth_mode == _KEY else {}, **kwargs)


class AzureContentSafetyConnection(Connection):
    """Azure AI Content Safety."""

    TYPE = "AzureContentSafety"
    api_key = _Key()
    endpoint = _Setting()
    api_version = _Setting()
    api_type = _Setting()

    def __init__(
        self,
        api_key: str,
        endpoint: str,
        api_version: str = ConnectionDefaultApiVersion.AZURE_CONTENT_SAFETY,
        api_type: str = "Content Safety",
        **kwargs: Any,
    ) -> None:
        configs = {"endpoint": endpoint, "api_version": api_version, "api_type": api_type}
        super().__init__(configs=configs, secrets={"api_key": api_key}, **kwargs)


class FormRecognizerConnection(AzureContentSafetyConnection):
    """Azure AI Document Intelligence."""

    TYPE = "FormRecognizer"

    def __init__(
        self,
        api_key: str,
        endpoint: str,
        api_version: str = ConnectionDefaultApiVersion.FORM_RECOGNIZER,
        api_type: str = "Form Recognizer",
        **kwargs: Any,
    ) -> None:
        super().__init__(api_key, endpoint, api_version, api_type, **kwargs)


def _variables(kind: type[Connection], *names: str) -> list[str]:
    missing = [name for name in names if os.environ.get(name) is None]
    if missing:
        raise RequiredEnvironmentVariablesNotSetError(
            f"Required environment variables {missing} to build {kind.__name__} not set."
        )
    return [os.environ[name] for name in names]


_Connection = Connection  # by this name promptflow's own code and some of its users know it
