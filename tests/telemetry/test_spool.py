"""Spools: what is appended is there whatever becomes of the process, and nothing that goes wrong stops whoever appends."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from ferrata.errors import StoreUnavailable
from ferrata.telemetry import Spool, SpoolPosition, SpoolReader

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

PLENTY = 1_000_000_000
# Appends numbered lines and says after each that it did, until it is killed.
WRITER = """
import os, sys
from pathlib import Path
from ferrata.telemetry import Spool
spool = Spool(Path(sys.argv[1]), 10**9, segment_bytes=2000)
for number in range(10**6):
    if not spool.append(b'{"n": %d, "pad": "%s"}\\n' % (number, b"x" * (number % 90))):
        break
    os.write(1, b"%d\\n" % number)
    if number % 50 == 0:
        spool.rotate(0.0)
"""


def read_all(folder: Path, limit: int = 7) -> tuple[list[bytes], list[bytes]]:
    """Everything that lies in a folder, read piece by piece and removed; whole lines, and what is torn."""
    reader = SpoolReader(folder)
    lines: list[bytes] = []
    torn: list[bytes] = []
    for spool in reader.holders():
        position, more = SpoolPosition(), True
        while more:
            piece = reader.read(spool, position, limit)
            lines += piece.lines
            torn += piece.torn
            position, more = piece.after, piece.more
            reader.remove(spool, position, finished=piece.finished)
    return lines, torn


def test_lines_are_read_once_and_segments_go_when_they_are_read(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", PLENTY, segment_bytes=100)
    sent = [b'{"n": %d}' % n for n in range(100)]
    assert all(spool.append(line + b"\n") for line in sent)
    reader = SpoolReader(tmp_path / "spool")
    (found,) = reader.holders()
    assert found.alive
    assert found.holder == spool.holder
    assert found.segments == tuple(range(1, 11))
    assert read_all(tmp_path / "spool") == (sent, [])
    # the segment that is being written stays, with the lock
    assert reader.holders() == [found._replace(segments=(10,))]
    spool.close()
    (found,) = reader.holders()
    assert not found.alive
    piece = reader.read(found, SpoolPosition(10, 30), 100)
    assert piece.finished
    reader.remove(found, piece.after, finished=True)
    assert list((tmp_path / "spool").iterdir()) == []
    assert not spool.append(b"{}\n")
    assert spool.lost == 1


def test_has_more_is_known_by_sizes(tmp_path: Path) -> None:
    spool, reader = Spool(tmp_path, PLENTY), SpoolReader(tmp_path)
    assert not reader.has_more(reader.holders()[0], SpoolPosition())
    spool.append(b"{}\n")
    (found,) = reader.holders()
    assert reader.has_more(found, SpoolPosition())
    assert not reader.has_more(found, SpoolPosition(1, 3))
    spool.rotate(0.0)
    spool.append(b"{}\n")
    assert reader.has_more(reader.holders()[0], SpoolPosition(1, 3))


def test_a_line_that_is_being_written_waits_and_one_that_will_never_be_whole_is_torn(tmp_path: Path) -> None:
    spool, reader = Spool(tmp_path, PLENTY), SpoolReader(tmp_path)
    spool.append(b"one\n")
    spool.append(b"tw")
    (found,) = reader.holders()
    piece = reader.read(found, SpoolPosition(), 10)
    assert (piece.lines, piece.torn, piece.after, piece.more) == ([b"one"], [], SpoolPosition(1, 4), False)
    spool.append(b"o\n")
    assert reader.read(found, piece.after, 10).lines == [b"two"]
    spool.append(b"thr")
    spool.close()
    (found,) = reader.holders()
    piece = reader.read(found, SpoolPosition(1, 4), 10)
    assert (piece.lines, piece.torn, piece.finished) == ([b"two"], [b"thr"], True)


def test_junk_is_put_aside_once(tmp_path: Path) -> None:
    reader = SpoolReader(tmp_path)
    for _ in range(2):
        reader.put_aside("h", SpoolPosition(3, 17), [b"a", b"b"])
    assert [path.name for path in tmp_path.iterdir()] == ["h.000003.17.bad"]
    assert (tmp_path / "h.000003.17.bad").read_bytes() == b"a\nb\n"
    assert reader.holders() == []


def test_a_very_long_line_is_read(tmp_path: Path) -> None:
    spool = Spool(tmp_path, PLENTY)
    long = b"x" * 9_000_000
    assert spool.append(long + b"\n")
    assert spool.append(b"next\n")
    spool.close()
    assert read_all(tmp_path) == ([long, b"next"], [])


def test_more_than_is_allowed_is_lost_and_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1000, segment_bytes=300)
    kept = [spool.append(b"x" * 99 + b"\n") for _ in range(15)]
    assert kept == [True] * 10 + [False] * 5
    assert spool.lost == 5
    assert len(read_all(tmp_path)[0]) == 10
    spool.rotate()
    assert spool.append(b"x" * 99 + b"\n")


def test_what_others_leave_counts_as_well(tmp_path: Path) -> None:
    other, spool = Spool(tmp_path, PLENTY), Spool(tmp_path, 1000)
    assert other.append(b"x" * 950 + b"\n")
    assert spool.append(b"x" * 40 + b"\n")
    assert not spool.append(b"x" * 40 + b"\n")


def test_a_folder_that_goes_is_counted_and_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "spool"
    spool = Spool(folder, PLENTY)
    assert spool.append(b"1\n")
    assert spool.append(b"2\n")
    shutil.rmtree(folder)
    spool.rotate()
    assert spool.lost == 2
    assert spool.append(b"3\n")
    (found,) = SpoolReader(folder).holders()
    assert found.alive
    assert read_all(folder) == ([b"3"], [])


def test_a_folder_that_cannot_be_made_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match="cannot keep spans in"):
        Spool(tmp_path / "file" / "spool", PLENTY)


@contextmanager
def most_bytes_of_a_file(most: int) -> Generator[None]:
    """As on a full disk: what is longer is written in part, and then not at all."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_loses_lines_and_nothing_else(tmp_path: Path) -> None:
    spool = Spool(tmp_path, PLENTY)
    with most_bytes_of_a_file(250):
        kept = [spool.append(b"%099d\n" % n) for n in range(6)]
    assert kept == [True, True, False, False, False, False]
    assert spool.lost == 4
    spool.rotate()
    assert spool.append(b"after\n")
    lines, torn = read_all(tmp_path)
    assert lines == [b"%099d" % 0, b"%099d" % 1, b"after"]
    assert torn == [b"0" * 50]


def test_a_writer_killed_at_any_moment_leaves_every_line_that_it_said(tmp_path: Path) -> None:
    seed = random.Random(7)
    for attempt in range(6):
        folder = tmp_path / str(attempt)
        with subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            deadline = time.monotonic() + seed.uniform(0, 0.02)
            said = [first]
            while time.monotonic() < deadline:
                said.append(process.stdout.readline())
            os.kill(process.pid, signal.SIGKILL)
            said += process.stdout.readlines()
        acknowledged = [int(line) for line in said if line.endswith(b"\n")]
        lines, torn = read_all(folder, limit=13)
        numbers = [int(line.split(b",")[0].removeprefix(b'{"n": ')) for line in lines]
        assert numbers == list(range(len(numbers)))
        # the last one may have been written and not yet said
        assert len(acknowledged) <= len(numbers) <= len(acknowledged) + 1
        assert torn == []
        assert list(folder.iterdir()) == []
