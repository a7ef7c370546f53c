"""`ferrata eval run --engine ray`: the same run, its rows on a Ray cluster of this machine. Needs the package ray."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ferrata

BOT = "def answer(query):\n    if query == 'q7':\n        raise ValueError('seven')\n    return query.upper()\n"
OWN = "async def liked(response):\n    return len(response)\n"


def evaluate(project: Path, *words: str) -> tuple[int, dict[str, Any]]:
    source = str(Path(ferrata.__file__).parents[1])
    ran = subprocess.run(
        [sys.executable, "-m", "ferrata", "eval", *words, "--project", str(project), "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
        env={**os.environ, "PYTHONPATH": source},
    )
    assert ran.stdout, ran.stderr
    return ran.returncode, json.loads(ran.stdout[ran.stdout.index("{") :])


@pytest.mark.slow
def test_rows_run_on_a_cluster_are_recorded_resumed_and_taken_again(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    (tmp_path / "bot.py").write_text(BOT)
    (tmp_path / "own.py").write_text(OWN)
    rows = [{"query": f"q{i}", "ground_truth": f"Q{i}"} for i in range(30)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "ferrata.yaml").write_text(
        "evals:\n  many:\n    target: bot.py:answer\n    data: rows.jsonl\n"
        "    evaluators: [exact_match, 'own.py:liked']\n"
    )
    status, found = evaluate(tmp_path, "run", "many", "--engine", "ray")
    assert (status, found["rows"], found["failed"]) == (1, 30, 1)
    assert found["metrics"]["exact_match.exact_match"]["mean"] == 1.0
    assert found["metrics"]["liked.liked"]["n"] == 29
    (tmp_path / "bot.py").write_text(BOT.replace("query == 'q7'", "False"))
    status, again = evaluate(tmp_path, "run", "--resume", "many-1", "--force", "--engine", "ray")
    assert (status, again["rows"], again["failed"]) == (0, 30, 0)
    status, taken = evaluate(tmp_path, "rerun", "many-1", "--engine", "ray")
    assert (status, taken["rows"]) == (0, 30)
