"""Kill -9 at any moment: a resume finishes the run, and asks nothing again whose answer was recorded."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from ferrata.evals.runner.run import EvalFolder

SCRIPT = Path(__file__).with_name("killable_eval.py")
ROWS, CONCURRENCY = 600, 16


@pytest.mark.slow
def test_killed_again_and_again_it_comes_to_its_end(tmp_path: Path) -> None:
    runs, calls = tmp_path / "evals", tmp_path / "calls.txt"
    how, kills = "run", 0
    recorded: set[int] = set()
    for wait in (0.02, 0.05, 0.03, 0.07, 0.04, None):
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(runs), str(calls), str(ROWS), how], stdout=subprocess.PIPE, text=True
        )
        lines = runs / "r" / "lines.jsonl"
        before = lines.stat().st_size if lines.exists() else 0
        while wait is not None and process.poll() is None and (not lines.exists() or lines.stat().st_size <= before):
            time.sleep(0.005)
        if wait is not None:
            time.sleep(wait)
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
                kills += 1
        out, _ = process.communicate(timeout=60)
        with EvalFolder.read(runs, "r") as folder:
            now = set(folder.index.numbers())
        assert recorded <= now
        recorded, how = now, "resume"
    assert kills >= 3
    assert "'status': 'Completed'" in out
    with EvalFolder.read(runs, "r") as folder:
        assert list(folder.index.numbers(completed=True)) == list(range(2 * ROWS))
        assert len((folder.path / "lines.jsonl").read_bytes().splitlines()) == 2 * ROWS
        for line in folder.lines():
            json.dumps(line)
    asked = Counter(calls.read_text().split("\n")[:-1])
    assert len(asked) == 2 * ROWS
    # Answers that came in the instant between the note and the record, at most one a worker and kill.
    assert sum(asked.values()) - 2 * ROWS <= kills * CONCURRENCY
