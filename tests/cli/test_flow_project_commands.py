"""`ferrata flow init`, `validate`, `show`, `audit` and `import`, as a shell sees them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ROWS = '{"y": 1, "line_number": 0}\n'


def test_a_flow_is_begun_and_found_valid(ferrata, tmp_path: Path) -> None:
    made = ferrata("flow", "init", tmp_path / "new")
    assert (made.status, made.err) == (0, "")
    assert f"written: {tmp_path}/new/flow.dag.yaml" in made.out
    checked = ferrata("flow", "validate", tmp_path / "new")
    assert (checked.status, checked.out) == (0, "valid: 0 errors, 0 notices\n")


def test_notices_count_under_strict(ferrata, tmp_path: Path) -> None:
    ferrata("flow", "init", tmp_path, "--type", "chat")
    assert ferrata("flow", "validate", tmp_path).status == 0
    assert ferrata("flow", "validate", tmp_path, "--strict").status == 1


def test_errors_are_a_mistake_of_the_flow(ferrata, tmp_path: Path) -> None:
    (tmp_path / "flow.dag.yaml").write_text('outputs:\n  a: {type: string, reference: "${b.output}"}\nnodes: []\n')
    found = ferrata("flow", "validate", tmp_path, "--json")
    assert found.status == 2
    (error,) = json.loads(found.out)["errors"]
    assert (error["code"], error["line"], error["key"]) == ("OutputReferenceNotFound", 2, "outputs.a.reference")
    text = ferrata("flow", "validate", tmp_path)
    assert text.status == 2
    assert f"{tmp_path}/flow.dag.yaml:2: error: OutputReferenceNotFound: outputs.a.reference:" in text.out


def test_a_picture_goes_to_a_file(ferrata, tmp_path: Path) -> None:
    ferrata("flow", "init", tmp_path)
    made = ferrata("flow", "show", tmp_path, "--format", "svg", "--output", tmp_path / "flow.svg")
    assert (made.status, made.out) == (0, "")
    assert (tmp_path / "flow.svg").read_text().startswith("<svg ")
    assert "apologize" in ferrata("flow", "show", tmp_path).out
    wrong = ferrata("flow", "show", tmp_path, "--output", tmp_path / "no/flow.svg")
    assert wrong.status == 2
    assert "cannot write" in wrong.err


def test_a_name_cannot_drive_the_terminal(ferrata, tmp_path: Path) -> None:
    (tmp_path / "flow.dag.yaml").write_text('name: "a\\e[2Jb"\nnodes: []\n')
    assert "\x1b" not in ferrata("flow", "show", tmp_path).out


def test_an_audit_fails_on_what_it_is_told_to(ferrata, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("promptflow\n")
    assert ferrata("flow", "audit", tmp_path).status == 0
    assert ferrata("flow", "audit", tmp_path, "--fail-on", "gone").status == 0
    found = ferrata("flow", "audit", tmp_path, "--fail-on", "needs-change")
    assert found.status == 1
    assert "requirements.txt:1: promptflow: promptflow is installed" in found.out
    assert json.loads(ferrata("flow", "audit", tmp_path, "--json").out)["counts"]["needs-change"] == 1


def test_an_audit_of_something_else_says_so(ferrata, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print(1)\n")
    assert ferrata("flow", "audit", tmp_path).out == "nothing of Prompt Flow in 1 file\n"


def test_runs_come_over_and_are_shown(ferrata, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / ".runs" / name).mkdir(parents=True)
        (tmp_path / ".runs" / name / "outputs.jsonl").write_text(ROWS)
    found = ferrata("flow", "import", tmp_path, "--project", tmp_path)
    assert (found.status, found.out) == (
        0,
        "taken over: one: Completed, 1 of 1 row completed\ntaken over: two: Completed, 1 of 1 row completed\n",
    )
    assert "two" in ferrata("flow", "runs", "list", "--project", tmp_path).out
    again = ferrata("flow", "import", tmp_path, "--project", tmp_path)
    assert (again.status, again.err.count("not taken over")) == (1, 2)
    assert ferrata("flow", "import", tmp_path, "--project", tmp_path, "--skip-existing").status == 0
    wrong = ferrata("flow", "import", tmp_path, "--project", tmp_path, "--name", "x")
    assert wrong.status == 2
    assert "--name is for one" in wrong.err


def test_a_damaged_run_is_named_by_file_and_line(ferrata, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/outputs.jsonl").write_text(ROWS + "{\n")
    found = ferrata("flow", "import", tmp_path / "run", "--project", tmp_path)
    assert found.status == 2
    assert f"{tmp_path}/run/outputs.jsonl:2: not valid JSON" in found.err
    assert "Traceback" not in found.err
