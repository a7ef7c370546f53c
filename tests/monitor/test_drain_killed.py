"""Writers and drains killed at any moment: what was acknowledged is in the store, once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ferrata.monitor import Drain, span_tables
from ferrata.monitor.rollups import read_rollups
from ferrata.monitor.rows import read_span
from ferrata.store import Store, run

HERE = str(Path(__file__).parent)
# Appends spans from a number on and says each that it has, until it is killed.
WRITER = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from spooled import line_of, span
from ferrata.telemetry import Spool
spool = Spool(Path(sys.argv[1]), 10**9, segment_bytes=20_000)
number = int(sys.argv[2])
while spool.append(line_of(span(number))):
    os.write(1, b"%d\\n" % number)
    number += 1
"""
DRAIN = """
import os, sys
from pathlib import Path
from ferrata.monitor import Drain
from ferrata.store import Store
drain = Drain(Store.open(sys.argv[2]), Path(sys.argv[1]), "p")
drain.step(1)
os.write(1, b"runs\\n")
while True:
    drain.step(50)
"""


def started(code: str, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code, *words], stdout=subprocess.PIPE)


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_whoever_is_killed(database_url: str, tmp_path: Path) -> None:
    chance = random.Random(3)
    folder = str(tmp_path / "spool")
    said: list[int] = []
    with Store.open(database_url) as store:
        Drain(store, tmp_path / "spool", "p").step()
        for turn in range(3):
            processes = [started(WRITER, folder, str(turn * 1_000_000), HERE)]
            processes += [started(DRAIN, folder, database_url) for _ in range(2)]
            # from when all of them are at work
            said += [int(processes[0].stdout.readline())] if processes[0].stdout else []
            for drain in processes[1:]:
                assert drain.stdout is not None
                assert drain.stdout.readline() == b"runs\n"
            time.sleep(chance.uniform(0.0, 0.1))
            chance.shuffle(processes)
            for process in processes:
                os.kill(process.pid, signal.SIGKILL)
                time.sleep(chance.uniform(0.0, 0.02))
            for process in processes:
                assert process.stdout is not None
                said += [int(line) for line in process.stdout.read().splitlines() if line.isdigit()]
                process.wait()
                process.stdout.close()
        left = Drain(store, tmp_path / "spool", "p")
        while left.step().more:
            pass
        with store.read() as connection:
            rows = [
                int(span_id, 16) - 1
                for table in span_tables(connection)
                for (span_id,) in run(connection, f"SELECT span_id FROM {table}").fetchall()
            ]
            counted = sum(rollup.calls for _, rollup in read_rollups(connection, "p", since=0, until=2**40))
    assert len(said) > 10
    assert len(rows) == len(set(rows)) == counted
    assert set(said) <= set(rows)
    # each writer may have been killed between a write and saying so
    assert len(rows) - len(said) <= 3
    # Linux ends a killed write at a page's end: a torn line may be left of each writer, and none was told of it
    left_over = [path for path in (tmp_path / "spool").iterdir() if path.suffix != ".part"]
    assert len(left_over) <= 3
    for path in left_over:
        torn = path.read_bytes()
        assert path.suffix == ".bad"
        assert torn.count(b"\n") == 1
        assert read_span(torn) is None
