"""Many processes on one registry, processes that die, and a disk that fills up."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from registries import open_registry

from ferrata.assets import Ledger, Registry
from ferrata.clock import SystemClock
from ferrata.refs import Ref
from ferrata.store import Store

pytestmark = pytest.mark.slow

_REGISTRAR = Path(__file__).with_name("registrar.py")
SUPPORT = Ref("prompt", "support")


def _start(url: str, actor: str, amount: int, mode: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, str(_REGISTRAR), url, actor, str(amount), mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return process


def _go(processes: list[subprocess.Popen[str]]) -> None:
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()


def _said(processes: list[subprocess.Popen[str]]) -> list[str]:
    lines: list[str] = []
    for process in processes:
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        lines += said.split()
    return lines


def _assert_whole(registry: Registry, ledger: Ledger) -> None:
    """Every version has all its bodies and its one record, and every record of a version its version."""
    versions = registry.versions(SUPPORT)
    assert [version.number for version in versions] == list(range(len(versions), 0, -1))
    assert all(set(registry.files(version)) == {"a.prompty", "same"} for version in versions)
    assert ledger.verify().broken is None
    recorded = [record.subjects[0] for record in ledger.records(action="asset.versioned")]
    assert recorded == [str(version.ref) for version in reversed(versions)]


def test_writers_at_once_lose_nothing(database_url: str) -> None:
    processes = [_start(database_url, f"process-{n}", 10, "any") for n in range(6)]
    _go(processes)
    assert sorted(map(int, _said(processes))) == list(range(1, 61))
    with Store.open(database_url) as store:
        registry = open_registry(store, SystemClock(), "test")
        _assert_whole(registry, Ledger(store, SystemClock(), "test", project="support-bot"))
        assert len({version.author for version in registry.versions(SUPPORT)}) == 6


def test_of_writers_who_saw_the_same_one_wins_and_the_others_are_told(database_url: str) -> None:
    processes = [_start(database_url, f"process-{n}", 8, "expect") for n in range(4)]
    _go(processes)
    said = _said(processes)
    made = sorted(int(word) for word in said if word != "conflict")
    assert len(said) == 32
    assert made == list(range(1, len(made) + 1))
    with Store.open(database_url) as store:
        registry = open_registry(store, SystemClock(), "test")
        _assert_whole(registry, Ledger(store, SystemClock(), "test", project="support-bot"))
        assert len(registry.versions(SUPPORT)) == len(made)


def test_garbage_goes_beside_writers_and_takes_nothing_that_is_in_use(database_url: str) -> None:
    writers = [_start(database_url, f"process-{n}", 24, "again") for n in range(3)]
    collectors = [_start(database_url, f"collector-{n}", 60, "gc") for n in range(2)]
    _go([*writers, *collectors])
    said, removed = _said(writers), [int(word) for word in _said(collectors)]
    made = {int(word) for word in said if word.isdigit()}
    kept = {int(word.removeprefix("kept-")) for word in said if word.startswith("kept-")}
    with Store.open(database_url) as store:
        registry = open_registry(store, SystemClock(), "test")
        versions = registry.versions(SUPPORT)
        there = {version.number for version in versions}
        # Each is there or was removed once, never both; what has an alias and the newest are there, whole.
        assert len(removed) == len(set(removed))
        assert there.isdisjoint(removed)
        assert there | set(removed) == made
        assert kept | {max(made)} <= there
        assert removed, "nothing was removed while the writers wrote"
        for version in versions:
            assert set(registry.files(version)) == {"a.prompty", "same"}
        ledger = Ledger(store, SystemClock(), "test", project="support-bot")
        assert ledger.verify().broken is None
        collected = [ref for record in ledger.records(action="asset.collected") for ref in record.subjects]
        assert sorted(collected) == sorted(f"prompt/support@{number}" for number in removed)


def test_a_process_killed_while_it_registers_leaves_whole_versions(database_url: str) -> None:
    seed = time.time_ns()
    print(f"seed {seed}")
    moments = random.Random(seed)
    told: list[int] = []
    for turn in range(4):
        processes = [_start(database_url, f"turn-{turn}-{n}", 0, "any") for n in range(2)]
        _go(processes)
        time.sleep(moments.uniform(0.02, 0.4))
        for process in processes:
            process.kill()
            said, _ = process.communicate(timeout=60)
            # The last line may be half written.
            told += [int(line) for line in said.splitlines(keepends=True) if line.endswith("\n")]
    with Store.open(database_url) as store:
        registry = open_registry(store, SystemClock(), "survivor")
        registry.register(SUPPORT, {"a.prompty": b"after", "same": b"x"})
        _assert_whole(registry, Ledger(store, SystemClock(), "survivor", project="support-bot"))
        assert set(told) <= {version.number for version in registry.versions(SUPPORT)}


_LIMITED = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # so that the write fails, as it does on a full disk
limit = {limit}
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
sys.argv = ["ferrata", *{words!r}]
from ferrata.cli import main
main()
"""


@pytest.mark.parametrize("way", ["direct", "store"])
def test_a_disk_that_fills_up_leaves_nothing_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    url = f"sqlite:///{tmp_path}/ferrata.db"
    # A URL with a query is none for the direct way.
    monkeypatch.setenv("FERRATA_STORE", url if way == "direct" else f"{url}?timeout=5")
    monkeypatch.setenv("FERRATA_ACTOR", "ann")
    project = tmp_path / "project"
    project.mkdir()
    (project / "small.txt").write_bytes(b"small")
    (project / "large.bin").write_bytes(random.Random(1).randbytes(4_000_000))

    def ferrata(*words: str, limit: int = 2**40) -> subprocess.CompletedProcess[str]:
        code = _LIMITED.format(limit=limit, words=[*words])
        return subprocess.run(
            [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False, timeout=60
        )

    assert ferrata("asset", "register", "prompt/support", "small.txt").returncode == 0
    failed = ferrata("asset", "register", "prompt/support", "large.bin", limit=1_000_000)
    assert failed.returncode == 3
    assert "Traceback" not in failed.stderr
    assert "cannot use the database" in failed.stderr
    assert "hint: " in failed.stderr
    with Store.open(url) as store:
        registry = open_registry(store, SystemClock(), "test", project="project")
        ledger = Ledger(store, SystemClock(), "test", project="support-bot")
        assert [version.number for version in registry.versions(SUPPORT)] == [1]
        assert [record.action for record in ledger.records()] == ["asset.versioned"]
        assert ledger.verify().broken is None
        with store.read() as connection:
            assert connection.exec_driver_sql("SELECT COUNT(*) FROM blob").scalar_one() == 1
    done = ferrata("asset", "register", "prompt/support", "large.bin")
    assert (done.returncode, done.stderr) == (0, "")
