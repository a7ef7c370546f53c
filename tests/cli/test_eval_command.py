"""`ferrata eval` as people use it."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import ferrata as ferrata_package

if TYPE_CHECKING:
    from collections.abc import Callable

BOT = """
import asyncio


def answer(question):
    if question == "broken":
        raise ValueError("no answer to that")
    return "Refunds take 5 days." if "refund" in question else "I do not know."


async def later(question):
    await asyncio.sleep(0.001)
    return {"answer": answer(question), "context": "Refunds take 5 days."}
"""
ROWS = [
    {"question": "How long does a refund take?", "ground_truth": "Refunds take 5 days."},
    {"question": "Where are you?", "ground_truth": "In Bolzano."},
]
FILE = """
project: shop
evals:
  golden:
    target: src/bot.py:later
    data: data/golden.jsonl
    evaluators: [f1_score, {use: rouge_score, name: r1, options: {rouge_type: rouge1}}, "evals/own.py:short"]
"""
OWN = "def short(response):\n    return len(response) < 20\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in {
        "src/bot.py": BOT,
        "data/golden.jsonl": "".join(json.dumps(row) + "\n" for row in ROWS),
        "ferrata.yaml": FILE,
        "evals/own.py": OWN,
    }.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    return tmp_path


def last_json(text: str) -> Any:
    return json.loads(text[text.index("{") :])


def test_a_declared_evaluation(project: Path, ferrata: Callable[..., Any]) -> None:
    ran = ferrata("eval", "run", "golden", "--project", str(project))
    assert ran.status == 0, ran.err
    assert "golden-1: Completed, 2 rows" in ran.out
    assert "f1_score.f1" in ran.out
    found = last_json(ferrata("eval", "run", "golden", "--reuse", "--project", str(project), "--json").out)
    assert (found["run"], found["reused"], found["rows"]) == ("golden-2", 2, 2)
    assert found["metrics"]["r1.rouge_recall"]["mean"] == 0.5
    assert found["metrics"]["short.short"]["mean"] == 0.5
    records = ferrata("ledger", "list", "--project", str(project)).out
    assert records.count("eval.completed") == 2


def test_a_dataset_is_built_of_rows_with_low_scores(
    project: Path, ferrata: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    assert ferrata("eval", "run", "golden").status == 0
    ran = ferrata("data", "build", "low.jsonl", "golden-1", "--from", "evals", "--below", "f1_score=0.5")
    assert (ran.status, ran.out) == (0, "low.jsonl: 1 row\ndropped      1  within the limits\n")
    row = json.loads(Path("low.jsonl").read_text())
    assert (row["question"], row["response"], row["eval_run"], row["eval_row"]) == (
        "Where are you?",
        "I do not know.",
        "golden-1",
        1,
    )
    told = yaml.safe_load(Path("low.dataset.yaml").read_text())["provenance"]
    assert (told["origin"], told["steps"][0]["runs"]) == ("evals", ["golden-1"])
    for words, said in [
        (("--below", "f1_score"), "not a score with a number: 'f1_score'"),
        (("--below", "f1_score=nan"), "not a score with a number"),
        (("--below", "other=1"), "the run 'golden-1' has no score 'other'"),
        (("--since", "2026-01-01"), "rows of evaluations have no kind"),
    ]:
        ran = ferrata("data", "build", "no.jsonl", "golden-1", "--from", "evals", *words)
        assert (ran.status, said in ran.err) == (2, True), ran.err
    assert "no run 'gone'" in ferrata("data", "build", "no.jsonl", "gone", "--from", "evals").err
    assert "no runs to read" in ferrata("data", "build", "no.jsonl", "--from", "evals").err
    ran = ferrata("data", "build", "no.jsonl", "low.jsonl", "--from", "files", "--above", "f1=1")
    assert (ran.status, "files have no scores of evaluations" in ran.err) == (2, True)
    assert not Path("no.jsonl").exists()


def test_without_an_entry_options_say_what_is_run(project: Path, ferrata: Callable[..., Any]) -> None:
    words = ("--project", str(project), "--target", "src/bot.py:answer", "--data", "data/golden.jsonl")
    output = project / "out.csv"
    ran = ferrata("eval", "run", *words, "--evaluator", "f=f1_score", "--threshold", "f=0.9", "--output", str(output))
    assert ran.status == 0, ran.err
    rows = list(csv.DictReader(output.read_text().splitlines()))
    assert [row["outputs.f.f1_result"] for row in rows] == ["pass", "fail"]
    assert rows[0]["inputs.question"] == ROWS[0]["question"]


def test_rows_that_fail_make_exit_status_1_and_are_asked_again(project: Path, ferrata: Callable[..., Any]) -> None:
    data = project / "data/golden.jsonl"
    data.write_text(data.read_text() + json.dumps({"question": "broken", "ground_truth": "x"}) + "\n")
    ran = ferrata("eval", "run", "golden", "--project", str(project))
    assert ran.status == 1
    assert "failed 1 x ValueError: no answer to that" in ran.err
    assert "to go on: ferrata eval run --resume golden-1" in ran.err
    assert ferrata("eval", "run", "golden", "--fail-on", "50%", "--project", str(project)).status == 0
    (project / "src/bot.py").write_text(BOT.replace("raise ValueError", "return str"))
    ran = ferrata("eval", "run", "--resume", "golden-1", "--project", str(project))
    assert ran.status == 2
    assert "the target changed" in ran.err
    ran = ferrata("eval", "run", "--resume", "golden-1", "--force", "--project", str(project))
    assert ran.status == 0, ran.err


def test_rerun_compare_list_and_show(project: Path, ferrata: Callable[..., Any]) -> None:
    ferrata("eval", "run", "golden", "--project", str(project))
    (project / "ferrata.yaml").write_text(FILE.replace("[f1_score,", "[exact_match, f1_score,"))
    again = last_json(ferrata("eval", "rerun", "golden-1", "--project", str(project), "--json").out)
    assert (again["run"], again["reused"]) == ("golden-2", 2)
    assert "exact_match.exact_match" in again["metrics"]
    compared = ferrata("eval", "compare", "golden-1", "golden-2", "--project", str(project))
    assert compared.status == 0
    assert "f1_score.f1" in compared.out
    listed = last_json(ferrata("eval", "list", "--project", str(project), "--json").out)
    assert [row["run"] for row in listed["runs"]] == ["golden-2", "golden-1"]
    assert listed["evaluations"][0]["name"] == "golden"
    shown = ferrata("eval", "show", "golden-2", "--failed", "--project", str(project))
    assert "row 1 (" in shown.out
    assert "exact_match.exact_match = 0 FAIL" in shown.out
    assert "needs: ground_truth, response" in ferrata("eval", "show", "f1_score", "--project", str(project)).out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("run",), "nothing says what is evaluated"),
        (("run", "gold"), "no evaluation 'gold'"),
        (("run", "golden", "--data", "none.jsonl"), "none.jsonl"),
        (("run", "golden", "--target", "src/none.py:answer"), "no such file"),
        (("run", "golden", "--target", "src/bot.py:reply"), "has no 'reply'"),
        (("run", "golden", "--evaluator", "f2_score"), "no evaluator 'f2_score'"),
        (("run", "golden", "--map", "f1_score.answer=${data.x}"), "takes no 'answer'"),
        (("run", "golden", "--threshold", "f1_score=high"), "not a number"),
        (("run", "golden", "--threshold", "f9=1"), "no evaluator 'f9'"),
        (("run", "--resume", "none-1"), "there is no run 'none-1'"),
        (("rerun", "none-1"), "there is no run 'none-1'"),
        (("show", "none-1"), "there is no run 'none-1'"),
        (("compare", "a", "b"), "there is no run 'a'"),
    ],
)
def test_mistakes(words: tuple[str, ...], problem: str, project: Path, ferrata: Callable[..., Any]) -> None:
    ran = ferrata("eval", *words, "--project", str(project))
    assert ran.status == 2, ran.err
    assert problem in ran.err


def test_mistakes_in_the_file_have_a_line(project: Path, ferrata: Callable[..., Any]) -> None:
    (project / "ferrata.yaml").write_text(FILE.replace("    data: data", "    repeats: none\n    data: data"))
    ran = ferrata("eval", "run", "golden", "--project", str(project))
    assert ran.status == 2
    assert "ferrata.yaml:6" in ran.err
    assert "evals.golden.repeats" in ran.err


def test_columns_that_no_evaluator_can_use(project: Path, ferrata: Callable[..., Any]) -> None:
    ran = ferrata("eval", "run", "--data", "data/golden.jsonl", "--evaluator", "f1_score", "--project", str(project))
    assert ran.status == 2
    assert "there is no 'response'; the columns are question, ground_truth" in ran.err


HOSTILE = """
import threading
import time


def streamed(question):
    yield "Refunds "
    yield "take 5 days."


async def streamed_later(question):
    yield "Refunds "
    yield "take 5 days."


def hangs(question):
    time.sleep(600)


async def blocks(question):
    time.sleep(600)
"""


@pytest.mark.parametrize("name", ["streamed", "streamed_later"])
def test_what_a_target_yields_is_its_answer(project: Path, ferrata: Callable[..., Any], name: str) -> None:
    (project / "src/bot.py").write_text(HOSTILE)
    words = ("--project", str(project), "--target", f"src/bot.py:{name}", "--data", "data/golden.jsonl")
    ran = ferrata("eval", "run", *words, "--evaluator", "exact_match", "--json")
    assert last_json(ran.out)["metrics"]["exact_match.exact_match"]["mean"] == 0.5


SCRIPT = "import sys, ferrata.flows.blocked as b; b.GRACE = 0.3; from ferrata.__main__ import main; sys.exit(main())"


@pytest.mark.parametrize(
    ("name", "status", "told"),
    [
        ("hangs", 1, "failed 2 x Timeout: no answer within 0.3 s"),
        ("blocks", 1, "the target or an evaluator has kept the event loop to itself for 0.6 seconds at "),
    ],
)
def test_a_target_that_never_returns_does_not_keep_the_process(
    project: Path, name: str, status: int, told: str
) -> None:
    (project / "src/bot.py").write_text(HOSTILE)
    words = ["--target", f"src/bot.py:{name}", "--data", "data/golden.jsonl", "--evaluator", "exact_match"]
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, "eval", "run", *words, "--timeout", "0.3", "--name", "r"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(Path(ferrata_package.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == status, ended.stderr
    assert told in ended.stderr
    assert "to go on: ferrata eval run --resume r" in ended.stderr
    assert json.loads((project / ".ferrata/evals/r/run.json").read_text())["status"] in ("Failed", "Canceled")


def test_the_second_run_loads_no_sqlalchemy_and_its_record_is_there(project: Path, ferrata: Callable[..., Any]) -> None:
    words = [sys.executable, "-X", "importtime", "-m", "ferrata", "eval", "run", "golden"]
    environment = {**os.environ, "PYTHONPATH": str(Path(ferrata_package.__file__).parents[1])}
    loaded = [
        "sqlalchemy"
        in subprocess.run(words, cwd=project, env=environment, capture_output=True, text=True, check=True).stderr
        for _ in "12"
    ]
    assert loaded == [True, False]
    assert ferrata("ledger", "list", "--project", str(project)).out.count("eval.completed") == 2
