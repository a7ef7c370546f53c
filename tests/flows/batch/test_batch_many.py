"""A run's memory does not grow with its rows, neither when it begins nor when it goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

import ferrata

FEW, MANY = 5_000, 25_000
# An index of where each record is takes 9 bytes a row, the numbers that have come one. What a run would keep of a row, however
# little, takes 60 and more.
MOST_A_ROW = 50
COMMAND = """
import sys
from ferrata.cli.main import main
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def peak_of(folder: Path, *words: object) -> int:
    """The most memory that `ferrata flow run` had, in bytes."""
    environment = {**os.environ, "PYTHONPATH": str(Path(ferrata.__file__).parents[1])}
    command = [sys.executable, "-c", COMMAND, "flow", "run", *map(str, words), "--no-save"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return 1024 * int(done.stdout.split()[-1])


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc here")
def test_memory_does_not_grow_with_the_rows_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text("def answer(text):\n    return text.upper()\n")
    for rows in (FEW, MANY):
        with (tmp_path / f"{rows}.jsonl").open("w") as file:
            file.writelines(json.dumps({"line_number": i, "text": f"The order {i}"}) + "\n" for i in range(rows))
    few, many = (
        peak_of(tmp_path, "flow.py:answer", "--data", f"{rows}.jsonl", "--name", f"r{rows}") for rows in (FEW, MANY)
    )
    lines = tmp_path / f".ferrata/runs/r{MANY}/lines.jsonl"
    with lines.open("rb") as file:
        half = b"".join(islice(file, MANY // 2))
    lines.write_bytes(half)
    resumed = peak_of(tmp_path, "--resume", f"r{MANY}")
    numbers = [json.loads(line)["line_number"] for line in lines.read_bytes().splitlines()]
    assert sorted(numbers) == list(range(MANY))
    most = few + MOST_A_ROW * (MANY - FEW)
    assert many < most
    assert resumed < most + MOST_A_ROW * FEW
