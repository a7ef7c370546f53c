"""`ferrata eval` where the target, the data or the judge misbehave."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ferrata as ferrata_package
from ferrata.errors import ModelRequestInvalid
from ferrata.providers import FakeModel, FakeServer

if TYPE_CHECKING:
    from collections.abc import Callable

BOT = """
import asyncio
import os
import sys


def loud(question):
    print("looking up", question)
    return "5 days"


def moves(question):
    os.chdir("/")
    return "5 days"


async def waits(question):
    await asyncio.sleep(600)


async def blocks(question):
    import time
    time.sleep(600)
"""
ROWS = [
    {"question": "How long?", "ground_truth": "5 days", "split": "test"},
    {"question": "Where?", "ground_truth": "Bolzano", "split": "train"},
]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bot.py").write_text(BOT)
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (tmp_path / "ferrata.yaml").write_text("project: shop\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def words(target: str, *more: str, name: str = "r") -> tuple[str, ...]:
    given = ("--target", target, "--data", "rows.jsonl", "--evaluator", "f1_score", "--name", name)
    return ("eval", "run", *given, *more)


@pytest.mark.usefixtures("project")
def test_what_a_target_prints_is_in_the_log_and_not_in_the_result(project: Path, ferrata: Callable[..., Any]) -> None:
    ran = ferrata(*words("bot.py:loud", "--json"))
    assert json.loads(ran.out)["metrics"]["f1_score.f1"]["mean"] == 0.5
    assert sorted((project / ".ferrata/evals/r/logs.txt").read_text().splitlines()) == [
        "looking up How long?",
        "looking up Where?",
    ]


def test_a_target_may_change_the_working_directory(project: Path, ferrata: Callable[..., Any]) -> None:
    ran = ferrata(*words("bot.py:moves", "--output", "out.jsonl"))
    assert ran.status == 0, ran.err
    assert len((project / "out.jsonl").read_text().splitlines()) == 2
    assert ferrata("ledger", "list").out.count("eval.completed") == 1


@pytest.mark.usefixtures("project")
def test_a_part_of_the_data(ferrata: Callable[..., Any]) -> None:
    assert json.loads(ferrata(*words("bot.py:loud", "--split", "test", "--json")).out)["rows"] == 1
    ran = ferrata(*words("bot.py:loud", "--split", "tset", name="r2"))
    assert ran.status == 2
    assert "'rows.jsonl' has no rows of the part 'tset'" in ran.err
    assert "its parts are test, train" in ran.err


def test_no_rows_are_named(project: Path, ferrata: Callable[..., Any]) -> None:
    (project / "rows.jsonl").write_text("\n")
    ran = ferrata(*words("bot.py:loud"))
    assert ran.status == 2
    assert "'rows.jsonl' has no rows" in ran.err


@pytest.mark.usefixtures("project")
def test_an_evaluators_name_may_have_dots(ferrata: Callable[..., Any]) -> None:
    more = ("--evaluator", "support.f1=f1_score", "--threshold", "support.f1=0.9")
    ran = ferrata(*words("bot.py:loud", *more, "--map", "support.f1.response=nothing", "--json"))
    found = json.loads(ran.out)["metrics"]
    assert found["support.f1.f1"]["mean"] == 0
    assert (found["support.f1.f1"]["threshold"], found["f1_score.f1"]["mean"]) == (0.9, 0.5)


def test_a_judge_that_cannot_be_reached_is_asked_again_by_a_resume(project: Path, ferrata: Callable[..., Any]) -> None:
    answers: list[Any] = [ModelRequestInvalid("This deployment is broken")]
    with FakeServer(FakeModel(lambda _: answers[0])) as server:
        model = f"{{vendor: openai-compatible, model: m, url: '{server.url}', retries: 0}}"
        (project / "ferrata.yaml").write_text(f"project: shop\nmodels:\n  default: {model}\n")
        ran = ferrata(*words("bot.py:loud", "--evaluator", "fluency"))
        assert ran.status == 1
        assert "missing 2 x fluency.fluency: ModelRequestInvalid" in ran.err
        assert "to go on: ferrata eval run --resume r" in ran.err
        answers[0] = '{"reason": "Fluent.", "score": 5}'
        ran = ferrata("eval", "run", "--resume", "r", "--json")
        assert (ran.status, json.loads(ran.out)["again"]) == (0, 0)
        assert json.loads(ran.out)["metrics"]["fluency.fluency"]["n"] == 2


def started(project: Path, script: str, *given: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *given],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(Path(ferrata_package.__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


MAIN = "import sys; from ferrata.__main__ import main; sys.exit(main())"
HASTY = f"import ferrata.flows.blocked as b; b.GRACE = 0.3; {MAIN}"


def test_a_second_interrupt_ends_at_once_and_says_how_to_go_on(project: Path) -> None:
    running = started(project, MAIN, *words("bot.py:waits"))
    spans, limit = project / ".ferrata/evals/r/spans.jsonl", time.monotonic() + 30
    while not spans.exists() and time.monotonic() < limit:
        time.sleep(0.02)
    time.sleep(0.1)
    for _ in range(2):
        running.send_signal(signal.SIGINT)
        time.sleep(0.2)
    _, told = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "to go on: ferrata eval run --resume r" in told
    assert "Traceback" not in told


def test_a_target_that_blocks_is_told_of_in_words_of_ours(project: Path) -> None:
    _, told = started(project, HASTY, *words("bot.py:blocks", "--timeout", "0.3")).communicate(timeout=30)
    assert "stopped: Blocked: the target or an evaluator has kept the event loop to itself for 0.6 seconds at" in told
    assert "LineExecution" not in told
