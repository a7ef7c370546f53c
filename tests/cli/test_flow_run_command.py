"""`ferrata flow run` and `ferrata flow runs` over a flow of plain functions."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

import ferrata
import ferrata.flows
from ferrata.cli.flow_run import run
from ferrata.cli.flow_runs import runs
from ferrata.errors import NotFound, UsageError

BATCH = Path(__file__).parents[1] / "flows" / "batch"
sys.path.insert(0, str(BATCH))

from function_flow import FunctionFlow  # noqa: E402


class Project:
    """A project with a flow, data, and the two commands."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.line, self.more, self.opened = (lambda x: 1 / x), {}, []
        (root / "flow").mkdir()
        self.rows({"x": 1}, {"x": 2}, {"x": 4})

    def rows(self, *rows: object) -> None:
        (self.root / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def open(self, path: Path, **given: object) -> FunctionFlow:
        self.opened.append((path, given))
        return FunctionFlow(path, self.line, **self.more)

    def run(self, *words: str, command=run):
        return CliRunner().invoke(command, [*words, "--project", str(self.root)])

    def ran(self, *words: str):
        result = self.run(str(self.root / "flow"), "--data", str(self.root / "data.jsonl"), *words)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def runs(self, command: str, *words: str):
        result = self.run(command, *words, command=runs)
        assert result.exception is None, result.exception
        return result.stdout


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    found = Project(tmp_path)
    monkeypatch.setattr(ferrata.flows, "open_flow", found.open, raising=False)
    return found


def test_a_run_is_recorded_and_summarised(project: Project) -> None:
    project.more = {"total": lambda inputs, outputs: {"sum": sum(outputs["${work.output}"])}, "tokens": (10, 5)}
    result = project.ran("--name", "first", "--environment-variables", "A=1", "B=2")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "run first: Completed"
    assert lines[1].startswith("3 of 3 rows completed, 0 failed; ")
    assert lines[1].endswith(" s, 45 tokens, $1.5000")
    assert lines[2:] == ["sum: 1.75"]
    _, given = project.opened[0]
    assert {key: given[key] for key in ("variants", "init", "environment", "strict")} == {
        "variants": {},
        "init": None,
        "environment": {"A": "1", "B": "2"},
        "strict": False,
    }
    assert (project.root / ".ferrata/.gitignore").read_text() == "*\n"
    document = json.loads((project.root / ".ferrata/runs/first/run.json").read_text())
    assert document["environment"] == ["A", "B"]
    assert "1" not in document["environment"]


def test_failed_rows_are_exit_status_1_with_their_places_and_a_way_on(project: Project) -> None:
    project.rows({"x": 1}, {"x": 0}, {"x": 0})
    result = project.ran("--name", "r")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == "run r: CompletedWithErrors"
    assert f"line 1 ({project.root}/data.jsonl:2): ToolExecutionError: Execution failure in 'work':" in result.stdout
    assert f"to go on: ferrata flow run --resume r --project {project.root}" in result.stderr
    assert project.ran("--fail-on", "none").exit_code == 0
    assert project.ran("--fail-on", "3").exit_code == 0
    assert project.ran("--fail-on", "60%").exit_code == 1
    assert project.ran("--fail-on", "all").exit_code == 0


def test_json_has_what_a_machine_needs(project: Project) -> None:
    project.rows({"x": 1}, {"x": 0})
    found = json.loads(project.ran("--json", "--name", "r").stdout)
    assert {key: found[key] for key in ("run", "status", "completed", "failed", "metrics")} == {
        "run": "r",
        "status": "CompletedWithErrors",
        "completed": 1,
        "failed": 1,
        "metrics": {},
    }
    (error,) = found["errors"]
    assert (error["line_number"], error["place"]) == (1, f"{project.root}/data.jsonl:2")
    assert error["code"] == "ToolExecutionError"


def test_a_run_goes_on_with_resume(project: Project) -> None:
    project.rows({"x": 1}, {"x": 0})
    assert project.ran("--name", "r", "--init", "key=secret").exit_code == 1
    project.line = lambda x: x
    refused = project.run("--resume", "r")
    assert isinstance(refused.exception, UsageError)
    assert refused.exception.message == "run 'r' was given values that are not kept: key"
    assert refused.exception.hint == "give them again, as --init key=VALUE"
    result = project.run("--resume", "r", "--init", "key=secret")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "run r: Completed")
    assert "secret" not in (project.root / ".ferrata/runs/r/run.json").read_text()


def test_a_new_run_from_an_old_one_has_its_own_name_and_tags(project: Project) -> None:
    project.rows({"x": 1}, {"x": 0})
    project.ran("--name", "old")
    project.line = lambda x: x
    result = project.run("--resume-from", "old", "--name", "new", "--set", "display_name=Again", "tags.Type=Test")
    assert result.exit_code == 0, result.exception
    shown = json.loads(project.runs("show", "new", "--json"))
    assert (shown["resume_from"], shown["display_name"], shown["tags"]) == ("old", "Again", {"Type": "Test"})
    assert json.loads(project.runs("show", "old", "--json"))["failed"] == 1
    other = project.run("--resume-from", "old", "--set", "data=x")
    assert isinstance(other.exception, UsageError)


def test_variants_are_runs_side_by_side(project: Project) -> None:
    project.more = {"variants": ("v0", "v1"), "total": lambda i, o: {"accuracy": 0.5}}
    result = project.ran("--variant", "all", "--name", "r")
    assert result.exit_code == 0
    assert [given["variants"] for _, given in project.opened] == [{}, {"work": "v0"}, {"work": "v1"}]
    table = result.stdout.split("\n\n")[1].splitlines()
    assert table[0].split() == [
        "variant", "run", "status", "completed", "failed", "seconds", "tokens", "cost_usd", "accuracy",
    ]  # fmt: skip
    assert [line.split()[:5] for line in table[1:]] == [
        ["${work.v0}", "r_v0", "Completed", "3", "0"],
        ["${work.v1}", "r_v1", "Completed", "3", "0"],
    ]
    found = json.loads(project.ran("--variant", "${work.v0}", "--variant", "${work.v1}", "--json").stdout)
    assert [one["variant"] for one in found["runs"]] == ["${work.v0}", "${work.v1}"]


def test_an_earlier_run_is_joined(project: Project) -> None:
    project.ran("--name", "first")
    project.line, project.more = (lambda answer, gold: answer * gold), {"inputs": ("answer", "gold")}
    mapping = ("--column-mapping", "answer=${run.outputs.y}", "gold=${data.x}")
    result = project.ran("--run", "first", *mapping, "--name", "second")
    assert result.exit_code == 0
    rows = [json.loads(line) for line in project.runs("details", "second", "--json").splitlines()]
    assert [row["output"] for row in rows] == [{"y": 1.0}] * 3


def test_a_run_file_says_what_to_do_and_options_go_before_it(project: Project) -> None:
    file = project.root / "run.yaml"
    file.write_text(
        "flow: flow\ndata: data.jsonl\nname: from-file\ncolumn_mapping: {x: '${data.x}'}\nzzz: 1\n"
        "environment_variables: {A: 1, B: 2}\n"
    )
    result = project.run("-f", str(file), "--name", "mine", "--environment-variables", "B=3", "--set", "tags.a=b")
    assert result.exit_code == 0, result.exception
    assert result.stderr.splitlines()[0] == f"warning: {file}:5: zzz: unknown key 'zzz'; it is passed over"
    shown = json.loads(project.runs("show", "mine", "--json"))
    assert (shown["tags"], shown["file"]) == ({"a": "b"}, str(file))
    _, given = project.opened[0]
    assert given["environment"] == {"A": "1", "B": "3"}
    strict = project.run("-f", str(file), "--strict")
    assert strict.exception is not None and "unknown key 'zzz'" in str(strict.exception)


def test_arguments_of_a_class_flow_come_from_pairs_and_files(project: Project) -> None:
    (project.root / "init.json").write_text('{"a": 1, "b": [2]}')
    project.ran("--init", str(project.root / "init.json"))
    project.ran("--init", "a=1", "b=2")
    assert [given["init"] for _, given in project.opened] == [{"a": 1, "b": [2]}, {"a": "1", "b": "2"}]


def test_a_mapping_of_an_input_that_the_flow_lacks_is_told(project: Project) -> None:
    mapping = ("--column-mapping", "x=${data.x}", "--column-mapping", "z=1")
    result = project.ran(*mapping)
    assert "warning: column mapping: the flow has no input 'z'; it has x" in result.stderr
    strict = project.run(str(project.root / "flow"), "--data", str(project.root / "data.jsonl"), *mapping, "--strict")
    assert isinstance(strict.exception, UsageError)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "one of FLOW, --file, --resume and --resume-from is wanted, not none"),
        (["flow", "--resume", "r"], "one of FLOW, --file, --resume and --resume-from is wanted, not FLOW and --resume"),
        (["--resume", "r", "--data", "d"], "--data is that of the run that goes on"),
        (["flow", "--set", "a=b"], "--set changes a run.yaml"),
        (["flow", "--fail-on", "often"], "not a limit of failed rows: 'often'"),
        (["flow", "--data", "d", "--column-mapping", "x"], "--column-mapping 'x' is not NAME=VALUE"),
    ],
)
def test_what_makes_no_sense_is_refused(project: Project, words: list[str], message: str) -> None:
    result = project.run(*words)
    assert isinstance(result.exception, UsageError)
    assert result.exception.message == message
    assert project.opened == []


def test_runs_are_listed_shown_and_removed(project: Project) -> None:
    assert project.runs("list") == "no runs\n"
    project.rows({"x": 1}, {"x": 0})
    project.ran("--name", "a")
    project.more = {"total": lambda i, o: {"n": 1}}
    project.ran("--name", "b")
    assert [line.split()[:4] for line in project.runs("list").splitlines()] == [
        ["run", "status", "completed", "failed"],
        ["b", "CompletedWithErrors", "1", "1"],
        ["a", "CompletedWithErrors", "1", "1"],
    ]
    assert [one["run"] for one in json.loads(project.runs("list", "--json", "--max", "1"))] == ["b"]
    assert json.loads(project.runs("metrics", "b")) == {"n": 1}
    shown = project.runs("show", "a")
    assert shown.startswith("run a: CompletedWithErrors\n1 of 2 rows completed, 1 failed;")
    assert f"data: {project.root}/data.jsonl" in shown
    table = project.runs("details", "a").splitlines()
    assert table[0].split() == ["line", "status", "inputs.x", "outputs.y", "error"]
    assert table[1].split() == ["0", "Completed", "1", "1.0"]
    assert table[2].split()[:4] == ["1", "Failed", "0", "(Failed)"]
    assert len(project.runs("details", "a", "--failed", "--json").splitlines()) == 1
    assert project.runs("delete", "a") == "removed: run a\n"
    assert isinstance(project.run("show", "a", command=runs).exception, NotFound)


SCRIPT = """
import asyncio, sys
sys.path.insert(0, {batch!r})
from function_flow import FunctionFlow
import ferrata.flows
from ferrata.cli.flow_run import run

async def work(x):
    await asyncio.sleep(0.01 if x < {quick} else 60)
    return x

ferrata.flows.open_flow = lambda path, **given: FunctionFlow(path, work)
sys.exit(run.main(standalone_mode=False))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_how_to_go_on(project: Project, number: signal.Signals) -> None:
    project.rows(*({"x": i} for i in range(40)))
    words = [str(project.root / "flow"), "--data", str(project.root / "data.jsonl"), "--name", "r"]
    environment = {**os.environ, "PYTHONPATH": str(Path(ferrata.__file__).parents[1])}

    def start(quick: int, *more: str) -> subprocess.Popen[str]:
        script = SCRIPT.format(batch=str(BATCH), quick=quick)
        command = [sys.executable, "-c", script, *more, "--project", str(project.root)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment)

    process = start(20, *words)
    lines = project.root / ".ferrata/runs/r/lines.jsonl"
    give_up = time.monotonic() + 30
    while not lines.exists() or lines.read_bytes().count(b"\n") < 20:
        assert process.poll() is None and time.monotonic() < give_up
        time.sleep(0.005)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, f"to go on: ferrata flow run --resume r --project {project.root}\n")
    assert out.splitlines()[0] == "run r: Canceled"
    assert out.splitlines()[1].startswith("20 of 40 rows completed, 0 failed;")
    assert project.runs("show", "r").splitlines()[1].startswith("20 of 40 rows completed, 0 failed;")
    again = start(100, "--resume", "r")
    out, err = again.communicate(timeout=30)
    assert (again.returncode, out.splitlines()[0], err) == (0, "run r: Completed", "")
    assert out.splitlines()[1].startswith("40 of 40 rows completed")
