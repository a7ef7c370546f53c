"""Code that does not let itself be cancelled is not waited for."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ferrata
from ferrata.flows import inside, open_flow
from ferrata.runs import cancellable, run_to_end

if TYPE_CHECKING:
    from tests.flows.conftest import MakeFlow

TOOL = "from promptflow.core import tool\nimport asyncio, sys, time\n\n@tool\nasync def answer(x: str):\n"
DEAF = """    while True:
        try:
            await asyncio.sleep(100)
        except asyncio.CancelledError:
            pass
"""
DAG = """
inputs: {x: {type: string, default: hello}}
outputs: {answer: {type: string, reference: '${answer.output}'}}
nodes:
- name: answer
  type: python
  source: {type: code, path: answer.py}
  inputs: {x: '${inputs.x}'}
"""


def started(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(Path(ferrata.__file__).parents[1])}
    process = subprocess.Popen(
        [sys.executable, "-m", "ferrata", "flow", *words], cwd=folder, env=environment, stderr=subprocess.PIPE
    )
    for _ in range(600):
        if (folder / "began").exists():
            return process
        time.sleep(0.05)
    process.kill()
    raise AssertionError("the flow did not begin")


def test_a_node_that_swallows_its_cancelling_is_over_at_its_time(make_flow: MakeFlow) -> None:
    loaded = open_flow(make_flow(DAG, answer_py=TOOL + DEAF))
    with inside(loaded):
        began = time.monotonic()
        result = run_to_end(loaded.line({}, timeout=0.1))
    loaded.close()
    assert result.error is not None
    assert result.error["code"] == "LineExecutionTimeoutError"
    assert time.monotonic() - began < 20


def test_an_asynchronous_node_that_ends_the_process_has_failed(make_flow: MakeFlow) -> None:
    loaded = open_flow(make_flow(DAG, answer_py=TOOL + "    sys.exit(4)\n"))
    with inside(loaded):
        result = asyncio.run(loaded.line({}))
    loaded.close()
    assert result.error is not None
    assert result.error["message"] == "Execution failure in 'answer': (SystemExit) 4"


@pytest.mark.parametrize("command", ["test", "run"])
def test_ctrl_c_ends_a_deaf_flow(make_flow: MakeFlow, command: str) -> None:
    folder = make_flow(DAG, answer_py=TOOL + "    open('began', 'w').close()\n" + DEAF)
    (folder / "data.jsonl").write_text('{"x": "1"}\n')
    process = started(folder, command, ".", *(["--data", "data.jsonl"] if command == "run" else []))
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert b"Task was destroyed" not in errors


def test_ctrl_c_again_ends_a_run_whose_rows_keep_the_loop(make_flow: MakeFlow) -> None:
    folder = make_flow(DAG, answer_py=TOOL + "    open('began', 'w').close()\n    while True: time.sleep(0.01)\n")
    (folder / "data.jsonl").write_text('{"x": "1"}\n' * 5)
    process = started(folder, "run", ".", "--data", "data.jsonl")
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    assert process.wait(timeout=30) == 130
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()


def test_what_is_waited_for_gives_what_it_gives() -> None:
    async def right() -> int:
        return 3

    async def wrong() -> int:
        raise KeyError("x")

    async def both() -> tuple[int, str]:
        with pytest.raises(KeyError) as error:
            await cancellable(wrong())
        return await cancellable(right()), str(error.value)

    assert run_to_end(both()) == (3, "'x'")
