"""Other connections for single nodes than the flow's file names."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from ferrata.cli.flow_run import run as run_command
from ferrata.flows import FlowError, open_flow
from ferrata.flows.contracts.connections import OpenAIConnection
from ferrata.flows.contracts.custom_connections import CustomConnection

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flows.conftest import MakeFlow

DAG = """
inputs: {x: {type: string, default: a}}
outputs: {out: {type: string, reference: '${n.output}'}}
nodes:
- {name: n, type: python, source: {type: code, path: n.py}, inputs: {x: '${inputs.x}', store: first, model: m1}}
- {name: ask, type: llm, source: {type: code, path: t.jinja2}, connection: away, api: chat, inputs: {model: m1}}
"""
CODE = """
from promptflow.core import tool
from promptflow.connections import CustomConnection
@tool
def n(x: str, store: CustomConnection, model: str):
    return f"{x} {store.where} {model}"
"""


@pytest.fixture
def folder(make_flow: MakeFlow) -> Path:
    return make_flow(DAG, n_py=CODE, t_jinja2="user:\n{{x}}\n")


def opened(folder: Path, **others: Any):
    connections = {
        "first": CustomConnection({}, {"where": "here"}),
        "second": CustomConnection({}, {"where": "there"}),
        "mine": OpenAIConnection("k"),
    }
    return open_flow(folder, connections=connections, node_connections=others)


def test_nodes_take_other_connections_models_and_deployments(folder: Path) -> None:
    loaded = opened(folder, ask={"connection": "mine", "model": "m2"}, n={"store": "second", "model": "m2"})
    try:
        assert loaded.flow.nodes[1].connection == "mine"
        assert loaded.flow.nodes[1].inputs["model"].value == "m2"
        ended = asyncio.run(loaded.line({})).nodes["n"]
    finally:
        loaded.close()
    assert ended.output == "a there m2"


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ({"gone": {"connection": "mine"}}, "Node gone not found in flow"),
        ({"ask": "mine"}, "Invalid connection overwrite format: 'mine' for the node 'ask'"),
        ({"ask": {"connection": "mine", "temperature": 1}}, "for the node 'ask': 'temperature'"),
        ({"ask": {"connection": "mine"}, "n": {"x": "2"}}, "for the node 'n': 'x'"),
    ],
)
def test_what_no_node_takes_is_refused_by_promptflows_name(folder: Path, others: Any, message: str) -> None:
    with pytest.raises(FlowError, match=message) as refused:
        opened(folder, **others)
    assert refused.value.codes == ("InvalidFlowError",)


def test_a_flow_without_nodes_goes_on_with_a_warning(make_flow: MakeFlow, caplog: pytest.LogCaptureFixture) -> None:
    folder = make_flow(**{"flow.flex_yaml": "entry: e:f\n", "e_py": "def f(): return 1\n"})
    opened(folder, ask={"connection": "mine"}).close()
    assert "'flow.flex.yaml' is no graph" in caplog.text
    with pytest.raises(FlowError, match="is no graph"):
        open_flow(folder, node_connections={"ask": {"connection": "mine"}}, strict=True)


def test_a_run_file_and_the_command_line_say_them_and_a_resume_keeps_them(make_flow: MakeFlow, tmp_path: Path) -> None:
    dag = DAG.rpartition("- {name: ask")[0]
    failing = CODE.replace("    return", "    if x == 'bad' and model != 'm3': raise ValueError(x)\n    return")
    make_flow(dag, n_py=failing)
    (tmp_path / "connections.yaml").write_text("second: {type: custom, configs: {where: there}, secrets: {k: v}}\n")
    (tmp_path / "data.jsonl").write_text('{"x": "a"}\n{"x": "bad"}\n')
    (tmp_path / "run.yaml").write_text(
        'flow: flow\ndata: data.jsonl\ncolumn_mapping: {x: "${data.x}"}\nconnections: {n: {store: gone, model: m4}}\n'
    )

    def ran(*words: str):
        known = ["--connections", str(tmp_path / "connections.yaml")]
        return CliRunner().invoke(run_command, [*words, *known, "--project", str(tmp_path), "--no-save", "--json"])

    missing = ran("-f", str(tmp_path / "run.yaml"))
    assert isinstance(missing.exception, FlowError)
    assert missing.exception.codes[:2] == ("ResolveToolError", "GetConnectionError")
    first = ran("-f", str(tmp_path / "run.yaml"), "--name", "r", "--connections", "n.store=second")
    assert first.exit_code == 1, first.exception
    kept = json.loads((tmp_path / ".ferrata/runs/r/run.json").read_text())
    assert kept["node_connections"] == {"n": {"store": "second"}}
    again = ran("--resume", "r", "--connections", "n.model=m3")
    assert again.exit_code == 0, again.exception
    records = (tmp_path / ".ferrata/runs/r").rglob("*.jsonl")
    assert {"a there m4", "bad there m3"} <= set(json.dumps("".join(one.read_text() for one in records)).split('\\"'))


def test_a_flow_from_code_takes_connections_for_nodes(folder: Path, offered: None) -> None:
    from promptflow.core import Flow

    (folder / "flow.dag.yaml").write_text(DAG.rpartition("- {name: ask")[0])
    flow = Flow.load(folder)
    flow.context.connections = {"n": {"store": CustomConnection({}, {"where": "made"})}}
    assert flow(x="b") == {"out": "b made m1"}
