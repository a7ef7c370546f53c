"""Code that keeps the event loop to itself: noticed, named, and no run waits for ever."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import ferrata
from ferrata.flows import FlowError, open_flow, watch_loop

if TYPE_CHECKING:
    from tests.flows.conftest import MakeFlow

DAG = """
inputs: {x: {type: double}}
outputs: {out: {type: string, reference: '${n.output}'}}
nodes:
- {name: n, type: python, source: {type: code, path: n.py}, inputs: {x: '${inputs.x}'}}
"""
CODE = "import time\nfrom promptflow.core import tool\n@tool\nasync def n(x: float):\n    time.sleep(x)\n    return x\n"


def test_what_blocks_is_named_and_the_row_times_out_when_the_loop_turns_again(make_flow: MakeFlow) -> None:
    folder = make_flow(DAG, n_py=CODE)
    loaded = open_flow(folder)
    told: list[FlowError] = []

    async def main():
        with watch_loop(0.2, loaded.folder, told.append):
            await asyncio.sleep(0.5)  # waiting is no blocking
            assert not told
            return await loaded.line({"x": 1}, timeout=0.1)

    try:
        result = asyncio.run(main())
    finally:
        loaded.close()
    (error,) = told
    assert error.message.startswith(
        f"the node 'n' has kept the event loop to itself for 0.2 seconds at {folder / 'n.py'}:5,"
    )
    assert result.error is not None
    assert result.error["code"] == "LineExecutionTimeoutError"


SCRIPT = "import sys, ferrata.flows.blocked as b; b.GRACE = 0.3; from ferrata.__main__ import main; sys.exit(main())"


def test_a_run_that_is_blocked_ends_and_can_be_resumed(make_flow: MakeFlow, tmp_path: Path) -> None:
    folder = make_flow(DAG, n_py=CODE)
    (tmp_path / "data.jsonl").write_text('{"x": 0}\n{"x": 600}\n')
    words = ["--column-mapping", "x=${data.x}", "--name", "r", "--concurrency", "1", "--timeout", "0.3"]
    command = [sys.executable, "-c", SCRIPT, "flow", "run", str(folder), "--data", "data.jsonl", *words]
    environment = {**os.environ, "PYTHONPATH": str(Path(ferrata.__file__).parents[1])}
    began = time.monotonic()
    ended = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 1, ended.stderr
    assert time.monotonic() - began < 100
    assert f"the node 'n' has kept the event loop to itself for 0.6 seconds at {folder / 'n.py'}:5" in ended.stderr
    assert "to go on: ferrata flow run --resume r" in ended.stderr
    document = json.loads((tmp_path / ".ferrata/runs/r/run.json").read_text())
    assert (document["status"], document["error"]["code"]) == ("Canceled", "LineExecutionTimeoutError")
    (folder / "n.py").write_text(CODE.replace("async ", "").replace("sleep(x)", "sleep(0)"))
    again = [sys.executable, "-m", "ferrata", "flow", "run", "--resume", "r", "--force", "--no-save"]
    resumed = subprocess.run(
        again, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert "2 of 2 rows completed" in resumed.stdout, resumed.stderr
