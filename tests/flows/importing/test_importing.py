"""Runs as promptflow left them, taken over: rows, statuses, errors, metrics; damage is found before anything is written."""

from __future__ import annotations

import json
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ferrata.clock import FrozenClock
from ferrata.errors import Conflict, InvalidDocument, NotFound
from ferrata.flows import RunFolder, import_run, old_runs, summary_of

CLOCK = FrozenClock(datetime(2026, 11, 23, tzinfo=UTC))
FAILED = {
    "message": "Execution failure in 'f': (ValueError) no",
    "code": "UserError",
    "innerError": {"code": "ToolExecutionError", "innerError": None},
    "additionalInfo": [{"type": "ToolExecutionErrorDetails", "info": {"type": "ValueError", "lineno": 7}}],
}


def artifact(number: int, error: dict[str, Any] | None = None) -> dict[str, Any]:
    info = {
        "status": "Failed" if error else "Completed",
        "error": error,
        "inputs": {"x": number, "line_number": number},
        "output": None if error else {"y": number * 2},
        "start_time": "2026-01-02T03:04:05.500000Z",
        "end_time": "2026-01-02T03:04:06.000000Z",
    }
    return {"line_number": number, "run_info": info, "status": info["status"]}


def node(number: int | None, status: str = "Completed") -> dict[str, Any]:
    counted = {"prompt_tokens": 10, "completion_tokens": 5, "duration": 0.1}
    return {
        "line_number": number,
        "status": status,
        "run_info": {
            "status": status,
            "error": None,
            "system_metrics": counted,
            "inputs": {"x": number},
            "output": {"made": number},
        },
    }


def lines(path: Path, *rows: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A run of three rows, of which the second failed, with an aggregation."""
    folder = tmp_path / "home/.runs/old_run"
    for number in range(3):
        error = FAILED if number == 1 else None
        lines(folder / f"flow_artifacts/{number:09d}_{number:09d}.jsonl", artifact(number, error))
        lines(folder / f"node_artifacts/f/{number:09d}.jsonl", node(number, "Failed" if error else "Completed"))
    lines(folder / "node_artifacts/count/000000000.jsonl", node(None))
    lines(folder / "inputs.jsonl", *({"x": number, "line_number": number} for number in range(3)))
    lines(folder / "outputs.jsonl", {"y": 0, "line_number": 0}, {"y": 4, "line_number": 2})
    (folder / "metrics.json").write_text('{"accuracy": 0.5}')
    (folder / "logs.txt").write_text("hello\n")
    (folder / "snapshot").mkdir()
    (folder / "snapshot/flow.dag.yaml").write_text("nodes: []\n")
    return folder


def test_rows_statuses_and_metrics_come_over(old: Path, tmp_path: Path) -> None:
    made = import_run(old, tmp_path / "runs", clock=CLOCK)
    assert made == ("old_run", "CompletedWithErrors", 2, 1)
    with RunFolder.read(tmp_path / "runs", "old_run") as run:
        rows = list(run.lines())
        summary = summary_of(run)
    assert [(row["line_number"], row["status"], row["inputs"], row.get("output")) for row in rows] == [
        (0, "Completed", {"x": 0}, {"y": 0}),
        (1, "Failed", {"x": 1}, None),
        (2, "Completed", {"x": 2}, {"y": 4}),
    ]
    assert rows[1]["error"] == {
        "code": "ToolExecutionError",
        "message": "Execution failure in 'f': (ValueError) no",
        "inner": [],
        "hint": "",
        "details": {"type": "ValueError", "lineno": 7},
    }
    assert rows[0]["seconds"] == 0.5
    assert rows[1]["nodes"]["f"]["status"] == "Failed"
    assert [(row["nodes"]["f"]["inputs"], row["nodes"]["f"]["output"]) for row in rows] == [
        ({"x": number}, {"made": number}) for number in range(3)
    ]
    assert (summary.metrics, summary.input_tokens, summary.output_tokens) == ({"accuracy": 0.5}, 30, 15)
    assert run.document["aggregation"] == {"error": None, "nodes": {"count": {"status": "Completed"}}}
    assert (run.document["created"], run.document["flow_name"]) == ("2026-01-02T03:04:05.500000Z", "old_run")
    folder = tmp_path / "runs/old_run"
    assert json.loads((folder / "metrics.json").read_text()) == {"accuracy": 0.5}
    assert (folder / "logs.txt").read_text() == "hello\n"
    assert (folder / "snapshot/flow.dag.yaml").is_file()
    assert Path(run.document["data"]["path"]).read_text() == (old / "inputs.jsonl").read_text()


def test_what_the_database_knows_comes_over(old: Path, tmp_path: Path) -> None:
    database = sqlite3.connect(tmp_path / "home/pf.sqlite")
    names = "name created_on display_name description tags properties start_time end_time data".split()
    database.execute(f"CREATE TABLE run_info ({', '.join(names)})")
    properties = json.dumps({"flow_path": "/a/flow", "column_mapping": {"x": "${data.x}"}})
    values = ("old_run", "2025-01-01T00:00:00+00:00", "Mine", None, '{"a": "b"}', properties, None, None, "/gone.jsonl")
    database.execute(f"INSERT INTO run_info VALUES ({', '.join('?' * 9)})", values)
    database.commit()
    database.close()
    import_run(old, tmp_path / "runs", clock=CLOCK)
    with RunFolder.read(tmp_path / "runs", "old_run") as run:
        document = run.document
    assert document["created"] == "2025-01-01T00:00:00+00:00"
    assert (document["display_name"], document["tags"], document["flow"]) == ("Mine", {"a": "b"}, "/a/flow")
    assert document["column_mapping"] == {"x": "${data.x}"}


def test_the_flow_s_name_is_taken_from_the_run_s(old: Path, tmp_path: Path) -> None:
    folder = old.rename(old.parent / "web_classification_variant_0_20231205_120253_104100")
    import_run(folder, tmp_path / "runs", clock=CLOCK, name="mine")
    with RunFolder.read(tmp_path / "runs", "mine") as run:
        assert run.document["flow_name"] == "web_classification"


def test_without_artifacts_the_outputs_are_the_rows(old: Path, tmp_path: Path) -> None:
    shutil.rmtree(old / "flow_artifacts")
    shutil.rmtree(old / "node_artifacts")
    assert import_run(old, tmp_path / "runs", clock=CLOCK, name="mine") == ("mine", "Completed", 2, 0)


def test_a_run_without_completed_rows_has_failed(old: Path, tmp_path: Path) -> None:
    shutil.rmtree(old / "flow_artifacts")
    (old / "outputs.jsonl").unlink()
    (old / "error.json").write_text(
        json.dumps({"code": "UserError", "message": "no", "innerError": {"code": "InputMappingError"}})
    )
    assert import_run(old, tmp_path / "runs", clock=CLOCK)[1:] == ("Failed", 0, 0)
    with RunFolder.read(tmp_path / "runs", "old_run") as run:
        assert run.document["error"]["code"] == "InputMappingError"


def test_images_of_outputs_are_copied(old: Path, tmp_path: Path) -> None:
    where = "C:\\Users\\a\\.runs\\old_run\\flow_artifacts\\p.png"
    lines(old / "outputs.jsonl", {"y": [{"data:image/png;path": where}], "line_number": 0})
    (old / "flow_artifacts/p.png").write_bytes(b"png")
    import_run(old, tmp_path / "runs", clock=CLOCK)
    with RunFolder.read(tmp_path / "runs", "old_run") as run:
        output = run.output(0)
    assert output is not None
    copied = Path(output["y"][0]["data:image/png;path"])
    assert copied == tmp_path / "runs/old_run/files/p.png"
    assert copied.read_bytes() == b"png"


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("flow_artifacts/000000001_000000001.jsonl", '{"line_number": 1', 1),
        ("flow_artifacts/000000001_000000001.jsonl", '{"line_number": "1"}', 1),
        ("flow_artifacts/000000001_000000001.jsonl", '{"line_number": 1, "run_info": 3}', 1),
        ("outputs.jsonl", '{"y": 1, "line_number": 0}\n[]\n', 2),
        ("inputs.jsonl", "\x00", 1),
        ("metrics.json", "{", 1),
        ("error.json", "[]", 1),
        ("node_artifacts/f/000000002.jsonl", "x", 1),
    ],
)
def test_damage_is_named_and_leaves_nothing(old: Path, tmp_path: Path, name: str, text: str, line: int) -> None:
    (old / name).write_text(text)
    with pytest.raises(InvalidDocument) as raised:
        import_run(old, tmp_path / "runs", clock=CLOCK)
    (mistake,) = raised.value.mistakes
    assert (mistake.file, mistake.line) == (str(old / name), line)
    assert not (tmp_path / "runs").exists() or list((tmp_path / "runs").iterdir()) == []


def test_what_fails_late_is_taken_back(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ferrata.flows.importing.runs.shutil.copytree", full)
    with pytest.raises(OSError, match="No space left"):
        import_run(old, tmp_path / "runs", clock=CLOCK)
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_taken_name_is_kept(old: Path, tmp_path: Path) -> None:
    import_run(old, tmp_path / "runs", clock=CLOCK)
    with pytest.raises(Conflict):
        import_run(old, tmp_path / "runs", clock=CLOCK)
    with RunFolder.read(tmp_path / "runs", "old_run") as run:
        assert run.index.completed == 2


def test_a_folder_without_a_run_is_none(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        import_run(tmp_path / "nothing", tmp_path / "runs", clock=CLOCK)
    with pytest.raises(InvalidDocument, match="is no run of promptflow"):
        import_run(tmp_path, tmp_path / "runs", clock=CLOCK)


def test_runs_are_found_in_promptflow_s_home(old: Path, tmp_path: Path) -> None:
    assert old_runs(tmp_path / "home") == old_runs(old.parent) == old_runs(old) == [old]
    with pytest.raises(NotFound):
        old_runs(tmp_path / "home/none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound, match="no runs"):
        old_runs(tmp_path / "empty")
