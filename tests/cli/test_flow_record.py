"""What `ferrata flow run` leaves in the ledger, and what it shows of cost."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from ferrata.app import open_app
from ferrata.cli.main import cli
from ferrata.flows import use_prices

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLOW = """
def run(q: str) -> dict:
    return {"said": len(q) // (q != "bad")}


class Count:
    def __call__(self, said: int) -> dict:
        return {"said": said}

    def __aggregate__(self, rows: list) -> dict:
        return {"total": sum(row["said"] for row in rows), "odd": float("nan")}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    for name, entry in (("plain", "run"), ("count", "Count")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "flow.flex.yaml").write_text(f"entry: steps:{entry}\n")
        (tmp_path / name / "steps.py").write_text(FLOW)
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps({"q": q}) + "\n" for q in ("a", "bad", "ccc")))
    (tmp_path / "count.yaml").write_text("flow: count\nrun: first\ncolumn_mapping: {said: '${run.outputs.said}'}\n")
    yield tmp_path
    use_prices(None)


def run(*words: str):
    return CliRunner().invoke(cli, ["flow", *words])


def records(project: Path) -> list[tuple[str, dict]]:
    with open_app(project) as app:
        return [(record.subjects[0], dict(record.payload)) for record in app.ledger.records(action="flow.ran")]


def test_a_run_and_the_run_over_it_are_in_the_ledger(project: Path) -> None:
    assert run("run", "plain", "--data", "rows.jsonl", "--name", "first").exit_code == 1
    assert run("run", "-f", "count.yaml", "--name", "second").exit_code == 0
    (named, second), (_, first) = sorted(records(project), key=lambda one: one[1]["flow"])
    assert named == "run/second"
    assert {key: first[key] for key in ("flow", "rows", "failed", "declared", "metrics", "tokens")} == {
        "flow": "plain",
        "rows": 2,
        "failed": 1,
        "declared": False,
        "metrics": [],
        "tokens": 0,
    }
    assert {key: second[key] for key in ("flow", "rows", "of", "declared", "metrics", "results")} == {
        "flow": "count",
        "rows": 2,
        "of": "first",
        "declared": True,
        "metrics": ["total", "odd"],
        "results": {"total": 4, "odd": str(math.nan)},
    }
    assert len(first["data_digest"]) == len(first["flow_digest"]) == 64


def test_the_second_record_is_written_without_sqlalchemy(project: Path) -> None:
    words = [sys.executable, "-X", "importtime", "-m", "ferrata", "flow", "run", "plain", "--data", "rows.jsonl"]
    loaded = ["sqlalchemy" in subprocess.run(words, capture_output=True, text=True, check=False).stderr for _ in "12"]
    assert loaded == [True, False]
    assert len(records(project)) == 2


def test_without_a_record(project: Path) -> None:
    assert run("run", "plain", "--data", "rows.jsonl", "--no-save").exit_code == 1
    assert not (project / ".ferrata/ferrata.db").exists()


def test_a_ledger_that_cannot_be_written_loses_no_run(project: Path) -> None:
    (project / ".ferrata").mkdir()
    (project / ".ferrata/ferrata.db").write_text("no database")
    result = run("run", "plain", "--data", "rows.jsonl", "--fail-on", "all")
    assert result.exit_code == 0, result.output
    assert "2 of 3 rows completed, 1 failed" in result.stdout
    assert "warning: the run is not in the ledger:" in result.stderr


def test_cost_is_shown(project: Path) -> None:
    (project / "ferrata.yaml").write_text("models: {m: fake/echo}\nprices: {fake/echo: {input: 1000000, output: 0}}\n")
    (project / "asks").mkdir()
    (project / "asks/ask.jinja2").write_text("user:\n{{q}}")
    (project / "asks/flow.dag.yaml").write_text(
        "inputs: {q: {type: string}}\noutputs: {a: {type: string, reference: '${ask.output}'}}\nnodes:\n"
        "- {name: ask, type: llm, api: chat, connection: m, source: {type: code, path: ask.jinja2}, inputs: {q: '${inputs.q}'}}\n"
    )
    result = run("test", "asks", "q=one two", "--json")
    found = json.loads(result.stdout)
    assert found["output"] == {"a": "one two"}
    assert found["cost_usd"] == found["usage"]["input_tokens"] > 0
    assert f"out, ${found['cost_usd']:,.6f}" in run("test", "asks", "q=one two").stderr
    ran = run("run", "asks", "--data", "rows.jsonl", "--json")
    assert json.loads(ran.stdout)["cost_usd"] > 0
