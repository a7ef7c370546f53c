from __future__ import annotations

import copy
import pickle
import sys
from types import ModuleType
from typing import Any

import pytest

from ferrata.flows.contracts.connections import (
    AzureContentSafetyConnection,
    AzureOpenAIConnection,
    Connection,
    FormRecognizerConnection,
    OpenAIConnection,
    QdrantConnection,
    ServerlessConnection,
)
from ferrata.flows.contracts.custom_connections import CustomConnection, CustomStrongTypeConnection
from ferrata.flows.contracts.exceptions import UserErrorException, ValidationException
from ferrata.flows.contracts.flow_errors import RequiredEnvironmentVariablesNotSetError
from ferrata.flows.contracts.types import Secret


class Mine(CustomStrongTypeConnection):
    api_key: Secret
    api_base: str = "default"


AZURE = AzureOpenAIConnection("https://a", "hidden", name="chat")


def test_settings_and_secrets_are_apart() -> None:
    assert AZURE.configs == {
        "api_base": "https://a",
        "api_type": "azure",
        "api_version": "2024-02-01",
        "auth_mode": "key",
        "resource_id": None,
    }
    assert AZURE.secrets == {"api_key": "hidden"}
    assert (AZURE.api_base, AZURE.api_key, AZURE.api_version, AZURE.type) == (
        "https://a",
        "hidden",
        "2024-02-01",
        "AzureOpenAI",
    )
    assert dict(AZURE)["api_key"] == "hidden"
    with pytest.raises(KeyError, match="Key 'x' not found in connection 'chat'"):
        AZURE["x"]


@pytest.mark.parametrize(
    "connection",
    [
        AZURE,
        OpenAIConnection("hidden"),
        ServerlessConnection("hidden", "https://s"),
        CustomConnection({"k": "hidden"}, {"a": "b"}),
        Mine({"api_key": "hidden"}, {}),
        FormRecognizerConnection("hidden", "https://f"),
    ],
)
def test_no_text_shows_a_secret_and_copies_are_whole(connection: Any) -> None:
    assert "hidden" not in f"{connection} {connection!r}"
    for other in (copy.deepcopy(connection), pickle.loads(pickle.dumps(connection))):
        assert (other.secrets, other.configs) == (connection.secrets, connection.configs)


def test_a_token_needs_no_key() -> None:
    found = AzureOpenAIConnection("https://a", auth_mode="meid_token")
    assert (found.api_key, found.secrets) == (None, {})
    with pytest.raises(UserErrorException, match="pip install azure-identity"):
        found.get_token()


def test_an_empty_address_is_openais_own() -> None:
    assert [OpenAIConnection("k", base_url=url).base_url for url in ("", "_", "https://o")] == [None, None, "https://o"]


def test_defaults_of_versions() -> None:
    assert AzureContentSafetyConnection("k", "e").api_version == "2023-10-01"
    assert FormRecognizerConnection("k", "e").api_version == "2023-07-31"
    assert QdrantConnection("k", "b").module == "promptflow_vectordb.connections"


def test_a_connection_of_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(RequiredEnvironmentVariablesNotSetError, match="'OPENAI_API_KEY'.*OpenAIConnection"):
        OpenAIConnection.from_env()
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert (OpenAIConnection.from_env("n").api_key, OpenAIConnection.from_env("n").name) == ("k", "n")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://a")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_API_VERSION", "2025-01-01")
    assert AzureOpenAIConnection.from_env().api_version == "2025-01-01"


def test_there_and_back_by_the_form_of_connections_json() -> None:
    form = AZURE._to_execution_connection_dict()
    assert (form["type"], form["secret_keys"], "resource_id" in form["value"]) == (
        "AzureOpenAIConnection",
        ["api_key"],
        False,
    )
    back = Connection._from_execution_connection_dict("chat", form)
    assert (type(back), dict(back)) == (AzureOpenAIConnection, dict(AZURE))
    custom = CustomConnection({"k": "s"}, {"a": "b"}, name="c")
    other = Connection._from_execution_connection_dict("c", custom._to_execution_connection_dict())
    assert (other.secrets, other.configs) == ({"k": "s"}, {"a": "b"})
    with pytest.raises(ValidationException, match="'Odd' is not supported"):
        Connection._from_execution_connection_dict("x", {"type": "OddConnection"})


def test_a_custom_connection_has_its_values_as_attributes() -> None:
    found: Any = CustomConnection({"key": "s"}, {"base": "b"})
    assert (found.key, found.base, found.is_secret("key"), found.is_secret("base")) == ("s", "b", True, False)
    with pytest.raises(AttributeError, match="no attribute 'other'"):
        _ = found.other


def test_a_custom_connection_becomes_the_users_class(monkeypatch: pytest.MonkeyPatch) -> None:
    found = CustomConnection({"api_key": "s"}, {"api_base": "b"})
    made: Any = found._convert_to_custom_strong_type(sys.modules[__name__], "Mine")
    assert (type(made), made.api_key, made.api_base) == (Mine, "s", "b")
    module = ModuleType("my_connections")
    module.Mine = Mine  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "my_connections", module)
    declared = CustomConnection(
        {"api_key": "s"},
        {"promptflow.connection.custom_type": "Mine", "promptflow.connection.module": "my_connections"},
    )
    assert declared._is_custom_strong_type()
    assert type(declared._convert_to_custom_strong_type()) is Mine
    assert found._convert_to_custom_strong_type(to_class="CustomConnection") is found
    with pytest.raises(UserErrorException, match="invalid module or class: None, None"):
        found._convert_to_custom_strong_type()


def test_the_users_class_reads_and_writes_by_its_annotations() -> None:
    found = Mine({"api_key": "s"}, {"api_base": "b"})
    found.api_base = "c"
    found.api_key = Secret("t")
    assert (found.configs["api_base"], found.secrets["api_key"]) == ("c", "t")
    back = found._convert_to_custom()
    assert back.configs["promptflow.connection.custom_type"] == "Mine"
    assert type(back._convert_to_custom_strong_type()) is Mine
