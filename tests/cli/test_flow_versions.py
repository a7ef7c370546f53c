"""Commands on flows take a version of the registry where they take a folder."""

from __future__ import annotations

import json
import tempfile
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from ferrata.cli.asset import asset
from ferrata.cli.flow import flow
from ferrata.errors import NotFound, UsageError
from ferrata.versions import flow_ref

if TYPE_CHECKING:
    from pathlib import Path

DAG = """
inputs: {x: {type: string, default: a}}
outputs: {out: {type: string, reference: '${n.output}'}}
nodes:
- {name: n, type: python, source: {type: code, path: n.py}, inputs: {x: '${inputs.x}'}}
additional_includes: [../words.py]
"""
CODE = """
from pathlib import Path
from promptflow.core import tool
from words import WORD
@tool
def n(x: str):
    if x == "bad" and WORD == "one":
        raise ValueError(x)
    seen = Path("seen.txt").exists()
    Path("seen.txt").write_text(x)
    return f"{WORD} {x} {seen}"
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "ferrata.yaml").write_text("project: p\n")
    folder = tmp_path / "flows/support"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "__pycache__/n.cpython-311.pyc").write_bytes(b"made")
    (folder / "flow.dag.yaml").write_text(DAG)
    (folder / "n.py").write_text(CODE)
    for word in ("one", "two"):
        (tmp_path / "flows/words.py").write_text(f"WORD = {word!r}\n")
        done = CliRunner().invoke(asset, ["register", "flow/support", "flows/support"])
        assert done.exit_code == 0, done.output
    done = CliRunner().invoke(asset, ["alias", "flow/support", "production", "--to", "1"])
    assert done.exit_code == 0, done.output
    (tmp_path / "flows/words.py").unlink()
    (tmp_path / "data.jsonl").write_text('{"x": "a"}\n{"x": "bad"}\n')
    return tmp_path


def ran(*words: str):
    result = CliRunner().invoke(flow, words)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_a_version_is_a_flow_with_what_it_included_and_nothing_is_left(project: Path) -> None:
    for name, word in (("flow/support@production", "one"), ("flow/support@2", "two"), ("flow/support", "two")):
        for _ in range(2):  # what the code wrote is gone
            assert json.loads(ran("test", name, "x=b", "--json").stdout)["output"] == {"out": f"{word} b False"}
    assert "n  python · n.py" in ran("show", "flow/support@2").stdout
    assert ran("validate", "flow/support@2").stdout == "valid: 0 errors, 0 notices\n"
    assert list((project / "temporary").iterdir()) == []
    files = json.loads(CliRunner().invoke(asset, ["show", "flow/support@1", "--json"]).stdout)
    assert set(files["files"]) == {"flow.dag.yaml", "n.py", "words.py"}


def test_a_run_of_a_version_is_resumed_with_it_also_when_the_alias_has_moved(project: Path) -> None:
    words = ("--data", "data.jsonl", "--column-mapping", "x=${data.x}", "--name", "r", "--json", "--no-save")
    assert ran("run", "flow/support@production", *words).exit_code == 1
    document = json.loads((project / ".ferrata/runs/r/run.json").read_text())
    assert (document["flow"], document["flow_version"]) == ("flow/support@1", "flow/support@1")
    assert document["flow_name"] == "support"
    CliRunner().invoke(asset, ["alias", "flow/support", "production", "--to", "2"])
    again = json.loads(ran("run", "--resume", "r", "--json", "--no-save").stdout)
    assert (again["completed"], again["failed"]) == (1, 1)
    assert list((project / "temporary").iterdir()) == []


def test_what_is_no_version_is_said(project: Path) -> None:
    with pytest.raises(NotFound, match="staging"):
        ran("test", "flow/support@staging")
    with pytest.raises(NotFound, match="flow/other"):
        ran("test", "flow/other@1")
    with pytest.raises(UsageError, match="not a reference"):
        ran("test", "flow/support@")


def test_a_folder_named_flow_goes_before_names_without_a_version(project: Path) -> None:
    assert flow_ref("flow/support", project) is not None
    (project / "flow").mkdir()
    assert flow_ref("flow/support", project) is None
    assert str(flow_ref("flow/support@1", project)) == "flow/support@1"
    assert flow_ref("flow/a.py:f", project) is None
    assert flow_ref("flow/a.prompty", project) is None


def test_includes_that_are_not_there_are_not_registered(project: Path) -> None:
    from ferrata.flows import FlowError

    result = CliRunner().invoke(asset, ["register", "flow/support", "flows/support"])
    assert isinstance(result.exception, FlowError)
    assert "additional_includes names" in result.exception.message
