"""Many processes on one ledger, and processes that die."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from ferrata.assets import Ledger
from ferrata.clock import SystemClock
from ferrata.store import Store

pytestmark = pytest.mark.slow

_APPENDER = Path(__file__).with_name("appender.py")


def _start(url: str, actor: str, amount: int) -> subprocess.Popen[str]:
    """An appender that waits for its starting signal; `amount` 0 is without end."""
    return subprocess.Popen(
        [sys.executable, str(_APPENDER), url, actor, str(amount)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _signal(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def _await_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def test_sixteen_processes_at_once_lose_and_duplicate_nothing(database_url: str) -> None:
    # All of them find the database empty and migrate it together.
    processes = [_start(database_url, f"process-{n}", 25) for n in range(16)]
    for process in processes:
        _await_ready(process)
    for process in processes:
        _signal(process)
    told: list[int] = []
    for process in processes:
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        told += [int(line) for line in said.split()]
    assert sorted(told) == list(range(1, 401))
    with Store.open(database_url) as store:
        ledger = Ledger(store, SystemClock(), "test", project="bot")
        records = list(ledger.records())
        assert ledger.verify().broken is None
    assert [record.seq for record in records] == list(range(1, 401))
    assert Counter((record.actor, record.payload["count"]) for record in records) == {
        (f"process-{n}", m): 1 for n in range(16) for m in range(25)
    }


def test_a_process_killed_while_it_appends_leaves_a_valid_chain(database_url: str) -> None:
    seed = time.time_ns()
    print(f"seed {seed}")
    moments = random.Random(seed)
    for turn in range(5):
        processes = [_start(database_url, f"turn-{turn}-{n}", 0) for n in range(2)]
        for process in processes:
            _await_ready(process)
        for process in processes:
            _signal(process)
        time.sleep(moments.uniform(0.02, 0.4))
        told: list[int] = []
        for process in processes:
            process.kill()
            said, _ = process.communicate(timeout=60)
            # The last line may be half written.
            told += [int(line) for line in said.splitlines(keepends=True) if line.endswith("\n")]
        with Store.open(database_url) as store:
            ledger = Ledger(store, SystemClock(), "survivor", project="bot")
            found = ledger.verify()
            assert found.broken is None
            assert set(told) <= {record.seq for record in ledger.records() if record.actor.startswith(f"turn-{turn}-")}
            ledger.append("limits.set")
            assert ledger.verify().count >= found.count + 1
