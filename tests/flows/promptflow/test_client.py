from __future__ import annotations

import asyncio
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.flows import write_flow
from ferrata.flows.background import stop_background
from ferrata.flows.contracts.connections import OpenAIConnection
from ferrata.flows.failures import FlowError
from ferrata.flows.promptflow._sdk._errors import ConnectionNotFoundError, RunNotFoundError
from ferrata.flows.promptflow.client import PFClient, load_connection, load_flow, load_run
from ferrata.flows.promptflow.entities import FlowContext
from ferrata.flows.promptflow.exceptions import UserErrorException
from ferrata.flows.types import LineResult, Status

if TYPE_CHECKING:
    from pathlib import Path


class Loaded:
    """A flow that answers with what it was opened with."""

    def __init__(self, opened: dict[str, Any]) -> None:
        self.opened = opened
        self.closed = False

    async def line(self, inputs: Any, **more: Any) -> LineResult:
        if "fail" in inputs:
            return LineResult(Status.FAILED, error={"code": "ToolExecutionError", "message": "it broke"})
        return LineResult(Status.COMPLETED, output={"inputs": dict(inputs), **self.opened, **more})

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    made: list[Loaded] = []

    def open_flow(path: Path, **more: Any) -> Loaded:
        if path.name == "bad":
            raise FlowError("InvalidSource", "no source")
        made.append(Loaded(more))
        return made[-1]

    module = ModuleType("ferrata.flows.open")
    module.open_flow = open_flow  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "ferrata.flows.open", module)
    monkeypatch.chdir(tmp_path)
    yield made
    stop_background()


def test_a_flow_is_called_like_a_function(opened: list[Loaded], tmp_path: Path) -> None:
    flow = load_flow(tmp_path)
    assert flow(question="q")["inputs"] == {"question": "q"}
    assert flow(question="r")["inputs"] == {"question": "r"}
    assert len(opened) == 1
    flow.context = FlowContext(variant="${answer.v1}", streaming=True)
    assert flow(question="q") == {
        "inputs": {"question": "q"},
        "connections": None,
        "variants": {"answer": "v1"},
        "stream": True,
    }
    assert (len(opened), opened[0].closed) == (2, True)
    assert flow.invoke({"a": 1}).status is Status.COMPLETED
    with pytest.raises(UserErrorException, match="it broke"):
        flow(fail=1)
    with pytest.raises(UserErrorException, match="keyword arguments"):
        flow("q")
    with pytest.raises(UserErrorException, match="does not exist"):
        load_flow(tmp_path / "none")


def test_a_flow_that_is_awaited(opened: list[Loaded], tmp_path: Path) -> None:
    found = asyncio.run(load_flow(tmp_path, is_async_call=True)(question="q"))
    assert found["inputs"] == {"question": "q"}


def test_the_client_tests_a_flow(opened: list[Loaded], tmp_path: Path) -> None:
    client = PFClient()
    connection = OpenAIConnection("k", name="mine")
    client.connections.create_or_update(connection)
    found = client.test(tmp_path, inputs={"a": 1}, variant="n.v", environment_variables={"X": "1"})
    assert (found["inputs"], found["variants"], found["environment"]) == ({"a": 1}, {"n": "v"}, {"X": "1"})
    assert (found["connections"], opened[0].closed) == ({"mine": connection}, True)
    assert client.flows.test(tmp_path)["inputs"] == {}
    with pytest.raises(UserErrorException, match="it broke"):
        client.test(tmp_path, inputs={"fail": 1})
    with pytest.raises(UserErrorException, match="no source"):
        client.test(tmp_path / "bad")
    with pytest.raises(UserErrorException, match="on the command line"):
        client.test(tmp_path, node="n")


def test_connections_are_those_of_a_file_and_of_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "connections.yaml").write_text("one: {type: serp, api_key: k}\n")
    client = PFClient()
    assert client.connections.get("one").api_key == "k"
    with pytest.raises(ConnectionNotFoundError, match="'two' is not found; there are: one"):
        client.connections.get("two")
    with pytest.raises(UserErrorException, match="needs a name"):
        client.connections.create_or_update(OpenAIConnection("k"))
    client.connections.create_or_update(OpenAIConnection("k", name="two"))
    assert [one.name for one in client.connections.list()] == ["one", "two"]
    client.connections.delete("two")
    with pytest.raises(ConnectionNotFoundError):
        client.connections.delete("two")
    assert load_connection(tmp_path / "connections.yaml").name == "one"


def test_a_run_over_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    write_flow(tmp_path / "my", "evaluation")
    client = PFClient()
    run = client.run("my", data="my/data.jsonl", name="r1", tags={"a": "b"})
    assert (run.name, run.status) == ("r1", "Completed")
    assert client.get_metrics("r1")["good_answers"] == 3
    details = client.get_details(run)
    assert [row["inputs.line_number"] for row in details] == [0, 1, 2]
    assert "outputs.score" in details[0] or any(key.startswith("outputs.") for key in details[0])
    assert client.stream("r1").status == "Completed"
    with pytest.raises(RunNotFoundError):
        client.stream("r0")
    with pytest.raises(UserErrorException, match="no such data"):
        client.run("my", data="none.jsonl")
    with pytest.raises(ValueError, match="'resume_from' is not supported"):
        client.run("my", data="my/data.jsonl", resume_from="r1")
    with pytest.raises(UserErrorException, match="'code' is not taken here"):
        client.run("my", data="my/data.jsonl", code="my")
    with pytest.raises(UserErrorException, match="not from code"):
        client.visualize("r1")
    with pytest.raises(ValueError, match="at least one of data or run"):
        client.run("flow")
    with pytest.raises(ValueError, match="'flow' is required"):
        client.run()
    (tmp_path / "run.yaml").write_text("flow: f\ndata: d.jsonl\n")
    assert (load_run("run.yaml").name, load_run("run.yaml").flow) == ("run", "f")


def test_a_run_takes_over_what_an_earlier_one_has_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my").mkdir()
    (tmp_path / "my/flow.flex.yaml").write_text("entry: e:f\n")
    (tmp_path / "my/e.py").write_text("def f(x: int):\n    return 1 / x\n")
    (tmp_path / "data.jsonl").write_text('{"x": 1}\n{"x": 0}\n')
    client = PFClient()
    mapping = {"x": "${data.x}"}
    first = client.run("my", data="data.jsonl", column_mapping=mapping, name="r1", description="d", odd=1)
    assert first.status == "CompletedWithErrors"
    assert "takes no 'odd'" in caplog.text
    (tmp_path / "my/e.py").write_text("def f(x: int):\n    return 7\n")
    again = client.run(resume_from=first, name="r2", tags={"a": "b"})
    assert (again.name, again.status) == ("r2", "Completed")
    assert [row["outputs.output"] for row in client.runs.lines("r2")] == [1.0, 7]
    with pytest.raises(UserErrorException, match="r0"):
        client.run(resume_from="r0")
    (tmp_path / "one.json").write_text('{"x": 4}')
    assert client.test("my", inputs="one.json") == {"output": 7}
