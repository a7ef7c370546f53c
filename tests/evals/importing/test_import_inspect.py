from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ferrata.errors import InvalidDocument, NotFound
from ferrata.evals.importing import import_inspect
from ferrata.prompts import parse_prompt, render_prompt

# Written by inspect-ai 0.3.285: three samples, two epochs, two scorers; its entries are packed by Zstandard.
REAL = Path(__file__).parent / "inspect-0.3.285.eval"


def sample(key: Any, value: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": key,
        "epoch": 1,
        "input": f"q {key}",
        "target": "yes",
        "output": {"model": "m", "completion": "Yes."},
        "scores": {"judge": {"value": value, "explanation": "so"}},
        **more,
    }


def log(*samples: dict[str, Any], **more: Any) -> dict[str, Any]:
    about = {"task": "shop/tickets", "model": "openai/gpt-5", "dataset": {"name": "t"}}
    steps = [{"solver": "system_message", "params": {"template": "Be kind."}}, {"solver": "generate", "params": {}}]
    results = {"scores": [{"name": "judge", "scorer": "judge"}]}
    return {
        "version": 2,
        "status": "success",
        "eval": about,
        "plan": {"steps": steps},
        "results": results,
        "samples": list(samples),
        **more,
    }


def written(path: Path, value: dict[str, Any]) -> Path:
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def test_a_log_of_inspect_itself_is_read() -> None:
    found = import_inspect(REAL)
    (data,) = found.data
    assert [(row["id"], row["target"]) for row in data.rows] == [("fr", "Paris"), ("2", ["A"]), ("3", "x")]
    assert data.rows[0]["metadata"] == {"area": "eu"}
    assert data.rows[1]["choices"] == ["a", "b"]
    (scores,) = found.scores
    assert scores.name == "capitals-mockllm-model"
    assert [(row["id"], row["epoch"]) for row in scores.rows] == [(k, e) for e in (1, 2) for k in ("fr", "2", "3")]
    assert [row["scores"]["match"]["value"] for row in scores.rows] == [1.0, 0.0, 0.0] * 2
    assert scores.rows[0]["outputs"]["response"] == "Paris"
    assert scores.rows[0]["outputs"]["usage"]["output_tokens"] == 5
    prompt = parse_prompt(found.prompts[0].text)
    said = [(m.role, m.content) for m in render_prompt(prompt, {"input": data.rows[0]["input"]})]
    assert said == [("system", "You know cities."), ("user", "Capital of France?")]
    assert [note.what for note in found.left] == ["scorer 'match' of 'capitals'"]


def test_scores_are_numbers_where_inspect_takes_them_for_numbers(tmp_path: Path) -> None:
    values: list[Any] = ["C", "I", "P", "N", 0.25, True, "grand", {"a": 1, "b": "C"}]
    samples = [sample(i, value) for i, value in enumerate(values)]
    found = import_inspect(written(tmp_path / "l.json", log(*samples)))
    scores = [row["scores"] for row in found.scores[0].rows]
    assert [(one["judge"]["value"], one["judge"]["passed"]) for one in scores[:7]] == [
        (1.0, True),
        (0.0, False),
        (0.5, None),
        (0.0, None),
        (0.25, None),
        (1.0, True),
        (None, None),
    ]
    assert scores[6]["judge"] == {"value": None, "passed": None, "label": "grand", "reason": "so"}
    assert {key: one["value"] for key, one in scores[7].items()} == {"judge.a": 1.0, "judge.b": 1.0}


def test_logs_of_one_task_share_their_rows(tmp_path: Path) -> None:
    written(tmp_path / "a.json", log(sample("x", "C")))
    second = log(sample("x", "I"), sample("y", "C"))
    second["eval"] = {**second["eval"], "model": "openai/gpt-4o"}
    written(tmp_path / "b.json", second)
    written(tmp_path / "c.json", {"version": 9, "eval": {}})
    found = import_inspect(tmp_path)
    assert [[row["id"] for row in data.rows] for data in found.data] == [["x", "y"]]
    assert [data.name for data in found.scores] == ["tickets-openai-gpt-5", "tickets-openai-gpt-4o"]
    assert [note.what for note in found.left if "log" in note.what] == ["log 'c.json'"]


def test_the_older_version_has_one_score_a_sample(tmp_path: Path) -> None:
    old = {**sample("x", "C"), "score": {"value": "C"}}
    del old["scores"]
    found = import_inspect(written(tmp_path / "l.json", log(old, version=1)))
    assert found.scores[0].rows[0]["scores"] == {"score": {"value": 1.0, "passed": True, "label": "C"}}


def test_a_run_that_was_broken_off_gives_what_it_had_done(tmp_path: Path) -> None:
    path = tmp_path / "l.eval"
    start = {key: value for key, value in log().items() if key in ("version", "eval", "plan")}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("_journal/start.json", json.dumps(start))
        made.writestr("samples/x_epoch_1.json", json.dumps(sample("x", "C")))
    found = import_inspect(path)
    assert len(found.data[0].rows) == 1
    assert any("broken off" in note.why for note in found.changed)


def test_errors_attachments_and_code_are_told(tmp_path: Path) -> None:
    one = sample("x", None, input="attachment://ab", attachments={"ab": "long"}, error={"message": "boom"})
    plan = {"steps": [{"solver": "my_agent", "params": {}}]}
    found = import_inspect(written(tmp_path / "l.json", log(one, plan=plan, status="error")))
    assert found.data[0].rows[0]["input"] == "long"
    assert found.scores[0].rows[0]["outputs"]["error"] == "boom"
    assert "solver 'my_agent' of 'tickets'" in [note.what for note in found.left]
    assert "target" not in found.evals["tickets"]
    assert any("'error'" in note.why for note in found.changed)


def test_what_is_no_log_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidDocument, match="9 is not known; known are 1 and 2"):
        import_inspect(written(tmp_path / "a.json", log(version=9)))
    with pytest.raises(InvalidDocument, match="no `version` and `eval`"):
        import_inspect(written(tmp_path / "b.json", {"a": 1}))
    (tmp_path / "c.eval").write_text("x", encoding="utf-8")
    with pytest.raises(InvalidDocument, match="is no ZIP file"):
        import_inspect(tmp_path / "c.eval")
    with zipfile.ZipFile(tmp_path / "d.eval", "w") as made:
        made.writestr("x", "y")
    with pytest.raises(InvalidDocument, match="no header.json"):
        import_inspect(tmp_path / "d.eval")
    with pytest.raises(NotFound):
        import_inspect(tmp_path / "none.eval")


def test_a_damaged_entry_is_said(tmp_path: Path) -> None:
    raw = bytearray(REAL.read_bytes())
    with zipfile.ZipFile(REAL) as entries:
        info = entries.getinfo("header.json")
    raw[info.header_offset + 60 + info.compress_size // 2] ^= 0xFF
    (tmp_path / "l.eval").write_bytes(raw)
    with pytest.raises(InvalidDocument, match=r"header\.json: (is damaged|cannot be unpacked)"):
        import_inspect(tmp_path / "l.eval")
