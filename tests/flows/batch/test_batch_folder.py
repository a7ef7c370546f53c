from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from ferrata.errors import Conflict, NotFound, StoreUnavailable, UsageError
from ferrata.flows import LineResult, RunFolder, Status
from ferrata.flows.batch.records import record_of

if TYPE_CHECKING:
    from pathlib import Path


def record(number: int, *, ok: bool = True, output: object = 1):
    if ok:
        return record_of(number, LineResult(Status.COMPLETED, {}, {"y": output}))
    return record_of(number, LineResult(Status.FAILED, error={"code": "X", "message": "m"}))


def test_records_are_read_back_by_number_and_in_order(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "r", {"status": "Preparing"}) as folder:
        for number in (3, 0, 2):
            folder.append(record(number, ok=number != 2, output="x" * 40_000 if number == 3 else number))
        assert [line["line_number"] for line in folder.lines()] == [0, 2, 3]
        assert [line["line_number"] for line in folder.lines(completed=True)] == [0, 3]
        assert len((folder.line(3) or {})["output"]["y"]) == 40_000
        assert folder.line(1) is None
        assert folder.output(2) is None
        assert folder.output(0) == {"line_number": 0, "y": 0}


def test_another_reader_sees_a_run_while_it_goes_on(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "r", {"status": "Running"}) as folder:
        folder.append(record(0))
        with RunFolder.read(tmp_path, "r") as other:
            assert (other.status, len(other.index)) == ("Running", 1)
        with pytest.raises(Conflict, match=f"run 'r' goes on in process {os.getpid()}"):
            RunFolder.open(tmp_path, "r")
        with pytest.raises(Conflict):
            RunFolder.delete(tmp_path, "r")
    with RunFolder.read(tmp_path, "r") as other:  # nobody holds it, so nobody runs it
        assert other.status == "Canceled"


def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "r", {}) as folder:
        folder.append(record(0))
        folder.append(record(1))
    lines = tmp_path / "r" / "lines.jsonl"
    whole = lines.read_bytes()
    lines.write_bytes(whole[:-5])
    with RunFolder.read(tmp_path, "r") as folder:
        assert list(folder.index.numbers()) == [0]
    with RunFolder.open(tmp_path, "r") as folder:
        assert list(folder.index.numbers()) == [0]
        folder.append(record(1))
    assert lines.read_bytes() == whole


def test_failed_rows_are_taken_out_and_the_rest_is_kept_byte_by_byte(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "r", {}) as folder:
        kept = [record(0), record(5), record(2, ok=False), record(1)]
        for one in kept:
            folder.append(one)
        assert folder.keep_completed() == 1
        assert folder.keep_completed() == 0
        assert list(folder.index.numbers()) == [0, 1, 5]
        folder.append(record(2))
        assert [line["line_number"] for line in folder.lines()] == [0, 1, 2, 5]
    text = (tmp_path / "r" / "lines.jsonl").read_bytes()
    assert text == kept[0].line + kept[1].line + kept[3].line + record(2).line


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    RunFolder.create(tmp_path, "r", {}).close()
    with pytest.raises(Conflict, match="there is a run 'r' already"):
        RunFolder.create(tmp_path, "r", {})


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "a b", "-a", "a\n", "a" * 201, "é"])
def test_a_name_cannot_lead_elsewhere(tmp_path: Path, name: str) -> None:
    for make in (RunFolder.read, RunFolder.open, RunFolder.delete):
        with pytest.raises(UsageError, match="not a name for a run"):
            make(tmp_path, name)
    with pytest.raises(UsageError):
        RunFolder.create(tmp_path, name, {})
    assert list(tmp_path.iterdir()) == []


def test_runs_are_listed_newest_first_and_removed(tmp_path: Path) -> None:
    assert RunFolder.every(tmp_path / "none") == []
    for name, created in (("a", "2026-01-01"), ("b", "2026-01-02")):
        RunFolder.create(tmp_path, name, {"created": created}).close()
    (tmp_path / "stray").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "run.json").write_text('{"format": 99}')
    assert [run.name for run in RunFolder.every(tmp_path)] == ["b", "a"]
    RunFolder.delete(tmp_path, "b")
    assert [run.name for run in RunFolder.every(tmp_path)] == ["a"]
    with pytest.raises(NotFound, match="there is no run 'b'"):
        RunFolder.delete(tmp_path, "b")


def test_the_document_is_replaced_whole(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "r", {"status": "Preparing"}) as folder:
        folder.save(status="Running", tags={"a": "é"})
        assert json.loads((tmp_path / "r" / "run.json").read_text())["tags"] == {"a": "é"}
        assert sorted(path.name for path in (tmp_path / "r").iterdir()) == ["lines.jsonl", "lock", "run.json"]


def test_a_broken_document_is_named(tmp_path: Path) -> None:
    RunFolder.create(tmp_path, "r", {}).close()
    (tmp_path / "r" / "run.json").write_text("{")
    with pytest.raises(StoreUnavailable, match=r"cannot read .*run\.json"):
        RunFolder.read(tmp_path, "r")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, read_only) -> None:
    tmp_path.chmod(0o777)
    with read_only(tmp_path), pytest.raises(StoreUnavailable, match="cannot make"):
        RunFolder.create(tmp_path, "r", {})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": None}, "'name' is None"),
        ({"status": 5}, "'status' is 5"),
        ({"tags": [1], "seconds": "a"}, "'tags' is .1., 'seconds' is 'a'"),
    ],
)
def test_a_damaged_document_is_named(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    RunFolder.create(tmp_path, "r", {}).close()
    (tmp_path / "r" / "run.json").write_text(json.dumps({"format": 1, "name": "r", **changes}))
    with pytest.raises(StoreUnavailable, match=message):
        RunFolder.read(tmp_path, "r")
    assert RunFolder.every(tmp_path) == []


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    RunFolder.create(tmp_path, "r", {}).close()
    (tmp_path / "r" / "lines.jsonl").write_text('junk\n{"line_number": 3, "status": "Completed", broken\n')
    with RunFolder.read(tmp_path, "r") as folder:
        with pytest.raises(StoreUnavailable, match="^line 2 of '.*lines.jsonl' is damaged") as error:
            folder.line(3)
        assert "--resume r" in error.value.hint
