from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ferrata.errors import InvalidDocument, NotFound
from ferrata.flows.contracts.bing import BingConnection
from ferrata.flows.contracts.connections import AzureOpenAIConnection, OpenAIConnection, SerpConnection
from ferrata.flows.contracts.custom_connections import CustomConnection
from ferrata.flows.formats import read_connections

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
chat:
  type: azure_open_ai
  api_base: https://a
  api_key: ${env:CHAT_KEY}
  api_version: 2024-02-01
plain: {type: OpenAI, api_key: "${file:key.txt}", base_url: ""}
entra: {type: AzureOpenAIConnection, api_base: https://a, auth_mode: meid_token}
search: {type: serp, api_key: literal}
mine:
  type: custom
  configs: {size: 4}
  secrets: {token: "${env:CHAT_KEY}"}
strong:
  type: custom
  custom_type: Mine
  module: my.connections
  secrets: {api_key: x}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHAT_KEY", "hidden-1")
    (tmp_path / "key.txt").write_text("hidden-2\n")
    return tmp_path / "connections.yaml"


def test_connections_by_name(file: Path) -> None:
    file.write_text(GOOD)
    found = read_connections(file)
    kinds = {name: type(one) for name, one in found.items()}
    assert kinds == {
        "chat": AzureOpenAIConnection,
        "plain": OpenAIConnection,
        "entra": AzureOpenAIConnection,
        "search": SerpConnection,
        "mine": CustomConnection,
        "strong": CustomConnection,
    }
    assert (found["chat"].api_key, found["chat"].api_version, found["chat"].name) == ("hidden-1", "2024-02-01", "chat")
    assert (found["plain"].api_key, found["plain"].base_url) == ("hidden-2", None)
    assert (found["mine"].configs, found["mine"].secrets) == ({"size": "4"}, {"token": "hidden-1"})
    assert found["strong"].configs == {
        "promptflow.connection.custom_type": "Mine",
        "promptflow.connection.module": "my.connections",
    }


def test_a_file_of_one_connection(file: Path) -> None:
    file.write_text("$schema: https://x\nname: my\ntype: open_ai\napi_key: k\norganization: o\n")
    assert read_connections(file)["my"].organization == "o"
    file.write_text("type: serp\napi_key: k\n")
    assert [*read_connections(file)] == ["connections"]


def test_promptflows_connections_json(file: Path) -> None:
    entries = {
        "a": {
            "type": "AzureOpenAIConnection",
            "value": {"api_key": "k", "api_base": "b"},
            "module": "promptflow.connections",
        },
        "b": {"type": "BingConnection", "value": {"api_key": "k"}},
        "c": {"type": "CustomConnection", "value": {"x": "1", "y": "2"}, "secret_keys": ["y"]},
    }
    path = file.with_suffix(".json")
    path.write_text(json.dumps(entries))
    found = read_connections(path)
    assert (found["a"].api_base, type(found["b"])) == ("b", BingConnection)
    assert (found["c"].configs, found["c"].secrets) == ({"x": "1"}, {"y": "2"})


def test_all_mistakes_at_once_with_their_lines(file: Path) -> None:
    file.write_text(
        "a:\n  type: azure_opena\nb:\n  type: open_ai\n  api_key: <user-input>\n  base_ur: x\n"
        "c:\n  type: open_ai\nd: 4\ne:\n  type: serp\n  api_key: ${env:NOT_SET_HERE}\n"
        "f:\n  type: custom\n  configs: {x: '****'}\ng: {type: azure_open_ai, api_base: b, auth_mode: odd}\n"
        "h: {type: serp, api_key: '${file:none.txt}'}\ni: {type: serp, api_key: [secret-in-list]}\n"
    )
    with pytest.raises(InvalidDocument) as caught:
        read_connections(file)
    found = [(one.line, one.key, one.problem) for one in caught.value.mistakes]
    assert [(line, key) for line, key, _ in found] == [
        (2, "a.type"),
        (5, "b.api_key"),
        (6, "b.base_ur"),
        (7, "c.api_key"),
        (9, "d"),
        (12, "e.api_key"),
        (13, "f.secrets"),
        (15, "f.configs.x"),
        (16, "g.auth_mode"),
        (17, "h.api_key"),
        (18, "i.api_key"),
    ]
    problems = {key: problem for _, key, problem in found}
    assert problems["a.type"] == "unknown type 'azure_opena'; did you mean 'azure_open_ai'?"
    assert problems["b.base_ur"] == "unknown key 'base_ur'; did you mean 'base_url'?"
    assert "asks for a value" in problems["b.api_key"]
    assert "'NOT_SET_HERE' is not set" in problems["e.api_key"]
    assert "secret-in-list" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it holds no connection"),
        ("- a\n", "it holds no connection"),
        ("a: {api_key: x}\n", "a.type: missing"),
        ("a: {type: serp, api_key: ''}\n", "a.api_key: missing; as"),
        ("a: {type: custom, secrets: {}, custom_type: Mine}\n", "a.module: missing"),
        ("a: {type: custom, secrets: 4}\n", "a.secrets: missing; a custom connection"),
        ("a: [\n", "not valid YAML"),
    ],
)
def test_single_mistakes(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    with pytest.raises(InvalidDocument, match=said):
        read_connections(file)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        read_connections(tmp_path / "none.yaml")
