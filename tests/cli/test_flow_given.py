"""What commands on flows are given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ferrata.cli.flow_given import Connections

if TYPE_CHECKING:
    import pytest


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
