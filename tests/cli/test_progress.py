from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ferrata.cli.progress import ShownProgress, show_progress
from ferrata.evals import Progress as OfEval
from ferrata.flows import Progress

if TYPE_CHECKING:
    import pytest


def test_lines_are_written_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    with ShownProgress() as shown:
        shown.update(Progress(1, 0, 4))
        assert capsys.readouterr().err == ""
        shown.every = 0
        shown.update(Progress(2, 1, 4))
        shown.update(Progress(2, 1, None))
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("2 of 4 rows, 1 failed, ")
    assert first.endswith(" s left")
    assert second.startswith("2 rows, 1 failed, ")


def test_rows_from_before_a_resume_do_not_count_for_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("ferrata.cli.progress.time.monotonic", lambda: now[0])
    shown = ShownProgress()
    shown.update(Progress(1001, 0, 2000))
    now[0] += 10
    assert shown.rate(Progress(1001, 0, 2000)) == 0.1
    assert shown.rate(Progress(1020, 0, 2000)) == 2.0


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with show_progress() as shown:
        shown.update(Progress(3, 1, 4))
    said = capsys.readouterr().err
    assert "3/4" in said
    assert "1 failed" in said


def test_cost_and_calls_at_a_time_are_shown_where_they_are_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr("ferrata.cli.progress.time.monotonic", lambda: now[0])
    shown = ShownProgress()
    shown.update(OfEval(1, 0, 2000, None, 8))
    for seconds, counts in (
        (10, OfEval(1001, 2, 2000, 1.23456, 64)),
        (10, OfEval(1002, 2, 20_000, None, 8)),
        (980, OfEval(1003, 2, 20_000, None, 8)),
    ):
        now[0] += seconds
        shown.update(counts)
    assert capsys.readouterr().err.splitlines() == [
        "1,001 of 2,000 rows, 2 failed, 100.1/s, $1.2346, 64 at a time, 10 s left",
        "1,002 of 20,000 rows, 2 failed, 50.1/s, 8 at a time, 6 min left",
        "1,003 of 20,000 rows, 2 failed, 1.0/s, 8 at a time, 5.3 h left",
    ]
