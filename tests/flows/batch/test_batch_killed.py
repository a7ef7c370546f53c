"""A run whose process is killed at random moments, again and again, loses no row and records none twice."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

import ferrata
from ferrata.flows import RunFolder

SCRIPT = Path(__file__).parent / "killable.py"
ROWS, AT_A_TIME, KILLS = 600, 8, 15


def start(root: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(ferrata.__file__).parents[1])}
    return subprocess.Popen(
        [sys.executable, SCRIPT, root, "r"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_run_killed_at_random_moments_is_finished_without_loss(tmp_path: Path, seed: int) -> None:
    (tmp_path / "flow").mkdir()
    (tmp_path / "data.jsonl").write_text("".join(json.dumps({"x": i}) + "\n" for i in range(ROWS)))
    chance, kills, cut = random.Random(seed), 0, 0
    lines = tmp_path / "runs" / "r" / "lines.jsonl"
    while True:
        size = lines.stat().st_size if lines.exists() else 0
        process = start(tmp_path)
        give_up = time.monotonic() + 30
        while process.poll() is None and (not lines.exists() or lines.stat().st_size == size):
            assert time.monotonic() < give_up
            time.sleep(0.001)
        if kills < KILLS:
            time.sleep(chance.uniform(0, 0.06))
            process.send_signal(signal.SIGKILL)
        out, err = process.communicate()
        if process.returncode == 0:
            break
        assert kills < KILLS and process.returncode == -signal.SIGKILL, err
        kills += 1
        with lines.open("r+b") as file:  # what a machine that loses power leaves
            length = file.seek(0, os.SEEK_END)
            if kills % 3 == 0 and length > 400:
                file.truncate(length - chance.randrange(1, 300))
                cut += 1
    assert kills > 3
    assert out.split() == ["CompletedWithErrors", str(ROWS - 12), "12", str(ROWS - 12)]

    with RunFolder.read(tmp_path / "runs", "r") as folder:
        found = list(folder.lines())
    assert [line["line_number"] for line in found] == list(range(ROWS))
    written = [json.loads(line)["line_number"] for line in lines.read_text().splitlines()]
    assert sorted(written) == list(range(ROWS))
    for line in found:
        if line["line_number"] % 50 == 7:
            assert line["status"] == "Failed" and line["error"]["code"] == "ToolExecutionError"
        else:
            assert line["output"] == {"y": {"twice": 2 * line["line_number"], "text": "é" * 300}}
    begun = Counter(map(int, re.findall(r"\d+", (tmp_path / "begun").read_text())))
    done_again = sum(times - 1 for number, times in begun.items() if number % 50 != 7)
    assert done_again <= kills * AT_A_TIME + cut


def test_two_processes_cannot_run_one_run(tmp_path: Path) -> None:
    (tmp_path / "flow").mkdir()
    (tmp_path / "data.jsonl").write_text("".join(json.dumps({"x": i}) + "\n" for i in range(5000)))
    first = start(tmp_path)
    lines = tmp_path / "runs" / "r" / "lines.jsonl"
    give_up = time.monotonic() + 30
    while not lines.exists() or not lines.stat().st_size:
        assert first.poll() is None and time.monotonic() < give_up
        time.sleep(0.001)
    try:
        second = start(tmp_path)
        _, err = second.communicate()
        assert second.returncode == 1
        assert f"Conflict: run 'r' goes on in process {first.pid}" in err
    finally:
        first.kill()
        first.communicate()
