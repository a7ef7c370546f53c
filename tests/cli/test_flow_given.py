"""What commands on flows are given."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferrata.cli.flow_given import Connections, given_connections
from ferrata.errors import UsageError


def test_a_file_of_connections_is_where_the_command_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flow").mkdir()
    (tmp_path / "mine.yaml").write_text("c: {type: open_ai, api_key: k}\n")
    monkeypatch.chdir(tmp_path)
    found = Connections(Path("mine.yaml"), Path())
    monkeypatch.chdir(tmp_path / "flow")  # where a flow's code is loaded
    assert list(found) == ["c"]


def test_the_projects_connections_are_found_from_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flow").mkdir()
    (tmp_path / "connections.yaml").write_text("c: {type: open_ai, api_key: k}\n")
    monkeypatch.chdir(tmp_path)
    found = Connections(None, Path())
    monkeypatch.chdir(tmp_path / "flow")
    assert list(found) == ["c"]


def test_a_file_and_connections_of_nodes_come_by_one_option(tmp_path: Path) -> None:
    odd = tmp_path / "a=b.yaml"
    odd.write_text("c: {type: open_ai, api_key: k}\n")
    assert given_connections([str(odd), "answer.connection=mine", "answer.deployment_name=x=y"]) == (
        odd,
        {"answer": {"connection": "mine", "deployment_name": "x=y"}},
    )
    assert given_connections([]) == (None, {})
    with pytest.raises(UsageError, match="names 2 files"):
        given_connections(["a.yaml", "b.yaml"])
    with pytest.raises(UsageError, match=r"'answer=mine' is no file and not NODE\.KEY=VALUE"):
        given_connections(["answer=mine"])
