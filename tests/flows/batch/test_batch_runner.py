"""Running rows: concurrency, failures, stopping, resuming, aggregating; the flow is plain functions."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from function_flow import FunctionFlow

from ferrata.clock import SystemClock
from ferrata.errors import StoreUnavailable, UsageError
from ferrata.flows import (
    FlowError,
    Given,
    RunFolder,
    RunPlan,
    Status,
    new_run,
    plan_of,
    resume_run,
    run_flow,
    summary_of,
)

if TYPE_CHECKING:
    from pathlib import Path


class Place:
    """A folder with a flow, data and runs."""

    def __init__(self, root: Path) -> None:
        self.root, self.runs, self.data = root, root / "runs", root / "data.jsonl"
        (root / "flow").mkdir()

    def rows(self, *rows: object) -> None:
        self.data.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def plan(self, name: str = "r", **more) -> RunPlan:
        return replace(RunPlan(Given(self.root / "flow"), data=self.data, name=name), **more)

    def flow(self, line, **more) -> FunctionFlow:
        return FunctionFlow(self.root / "flow", line, **more)

    def run(self, loaded, plan=None, *, resume_from="", **options):
        ready = new_run(self.runs, loaded, plan or self.plan(), clock=SystemClock(), resume_from=resume_from)
        return self.go(ready, loaded, **options)

    def resume(self, loaded, name="r", *, force=False, **options):
        with RunFolder.read(self.runs, name) as old:
            plan = plan_of(old.document)
        return self.go(resume_run(self.runs, name, loaded, plan, force=force), loaded, **options)

    def go(self, ready, loaded, **options):
        try:
            return asyncio.run(run_flow(loaded, ready.rows(), ready.folder, total=ready.total, **options))
        finally:
            ready.close()

    def lines(self, name="r"):
        with RunFolder.read(self.runs, name) as folder:
            return list(folder.lines())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_rows_are_read_back_in_their_order_whatever_order_they_ended_in(place: Place) -> None:
    place.rows(*({"x": i} for i in range(20)))

    async def late_first(x):
        await asyncio.sleep(0.02 if x == 0 else 0.001 * (20 - x))
        return x

    summary = place.run(place.flow(late_first), concurrency=20)
    written = [json.loads(line)["line_number"] for line in (place.runs / "r/lines.jsonl").read_text().splitlines()]
    assert written != sorted(written)
    assert [line["output"]["y"] for line in place.lines()] == list(range(20))
    assert (summary.status, summary.total, summary.completed, summary.failed) == (Status.COMPLETED, 20, 20, 0)


def test_no_more_rows_are_read_than_are_run(place: Place) -> None:
    place.rows(*({"x": i} for i in range(50)))
    ahead: list[int] = []
    loaded = place.flow(lambda x: asyncio.sleep(0.001, x))
    ready = new_run(place.runs, loaded, place.plan(), clock=SystemClock())

    def counted():
        for number, row in enumerate(ready.rows(), 1):
            ahead.append(number - len(ready.folder.index))
            yield row

    asyncio.run(run_flow(loaded, counted(), ready.folder, concurrency=4))
    ready.close()
    assert max(ahead) == 4
    assert loaded.most_running == 4


def test_a_failed_row_is_recorded_and_the_others_go_on(place: Place) -> None:
    place.rows({"x": 1}, {"x": 0}, {"x": 2})
    summary = place.run(place.flow(lambda x: 1 / x))
    assert (summary.status, summary.completed, summary.failed) == (Status.COMPLETED_WITH_ERRORS, 2, 1)
    failed = place.lines()[1]
    assert failed["status"] == "Failed"
    assert failed["error"]["message"] == "Execution failure in 'work': (ZeroDivisionError) division by zero"
    assert failed["inputs"] == {"x": 0}
    assert failed["nodes"]["work"]["status"] == "Failed"
    assert failed["place"] == f"{place.data}:2"
    assert "output" not in failed


def test_a_run_without_a_completed_row_has_failed(place: Place) -> None:
    place.rows({"x": 0})
    assert place.run(place.flow(lambda x: 1 / x)).status == Status.FAILED


def test_an_exception_out_of_the_flow_itself_is_the_rows_failure(place: Place) -> None:
    place.rows({"x": 1}, {"x": 2})
    loaded = place.flow(lambda x: x)
    original = loaded.line

    async def broken(inputs, **more):
        if inputs["x"] == 1:
            raise SystemExit(3)
        return await original(inputs, **more)

    loaded.line = broken
    summary = place.run(loaded)
    assert summary.completed == 1
    assert place.lines()[0]["error"]["code"] == "SystemExit"


def test_an_output_without_json_fails_its_row(place: Place) -> None:
    place.rows({"x": 1}, {"x": 2})
    summary = place.run(place.flow(lambda x: {1, 2} if x == 1 else x))
    assert summary.failed == 1
    error = place.lines()[0]["error"]
    assert error["code"] == "FlowOutputUnserializable"
    assert error["message"] == (
        "the output 'y' of the flow has no JSON: (TypeError) Object of type set is not JSON serializable"
    )


def test_a_row_that_cannot_be_read_fails_alone_and_names_its_line(place: Place) -> None:
    place.data.write_bytes(b'{"x": 1}\n\n{"x": \n{"x": 3}\n')
    summary = place.run(place.flow(lambda x: x))
    assert (summary.completed, summary.failed) == (2, 1)
    line = place.lines()[1]
    assert line["line_number"] == 1
    assert line["error"]["code"] == "InvalidUserData"
    assert line["error"]["message"].startswith(f"{place.data}:3: not valid JSON:")


def test_a_row_without_a_column_that_others_have_fails_alone(place: Place) -> None:
    place.rows({"z": 0}, {"x": 1})
    summary = place.run(place.flow(lambda x: x))
    assert (summary.completed, summary.failed) == (1, 1)
    assert place.lines()[0]["error"]["code"] == "ApplyInputMappingError"


def test_a_timeout_of_a_row_is_its_failure(place: Place) -> None:
    place.rows({"x": 0}, {"x": 30})
    summary = place.run(place.flow(lambda x: asyncio.sleep(x)), line_timeout=0.05)
    assert (summary.completed, summary.failed) == (1, 1)


def test_a_run_that_is_stopped_keeps_what_ended_and_is_resumed(place: Place) -> None:
    place.rows(*({"x": i} for i in range(100)))
    loaded = place.flow(lambda x: asyncio.sleep(0.005 if x < 20 else 60, x), total=lambda i, o: {"n": len(i["x"])})
    ready = new_run(place.runs, loaded, place.plan(), clock=SystemClock())

    async def main():
        stop = asyncio.Event()

        def on_progress(progress):
            if progress.ended == 15:
                stop.set()

        return await run_flow(loaded, ready.rows(), ready.folder, concurrency=4, stop=stop, on_progress=on_progress)

    summary = asyncio.run(main())
    ready.close()
    assert summary.status == Status.CANCELED
    assert 15 <= summary.completed <= 18
    assert summary.metrics == {}
    assert loaded.running == 0
    with RunFolder.read(place.runs, "r") as folder:
        assert folder.status == "Canceled"
        assert folder.document["error"]["code"] == "Canceled"

    again = place.flow(lambda x: x, total=lambda i, o: {"n": len(i["x"])})
    finished = place.resume(again)
    assert (finished.status, finished.completed, finished.metrics) == (Status.COMPLETED, 100, {"n": 100})
    assert len(again.begun) == 100 - summary.completed
    assert finished.seconds > summary.seconds


def test_rows_that_take_too_long_together_stop_the_run(place: Place) -> None:
    place.rows({"x": 0}, {"x": 60}, {"x": 60})
    summary = place.run(place.flow(lambda x: asyncio.sleep(x, x)), batch_timeout=0.1, concurrency=2)
    assert (summary.status, summary.completed) == (Status.CANCELED, 1)
    assert summary.error is not None and summary.error["code"] == "BatchRunTimeoutError"


def test_a_flow_that_never_waits_can_be_stopped(place: Place) -> None:
    place.rows(*({"x": i} for i in range(2000)))
    summary = place.run(place.flow(lambda x: time.sleep(0.001) or x), batch_timeout=0.1)
    assert summary.status == Status.CANCELED
    assert 10 < summary.completed < 1000


def test_a_cancelled_task_leaves_a_run_to_be_resumed(place: Place) -> None:
    place.rows(*({"x": i} for i in range(10)))
    loaded = place.flow(lambda x: asyncio.sleep(0 if x < 3 else 60, x))
    ready = new_run(place.runs, loaded, place.plan(), clock=SystemClock())

    async def main():
        task = asyncio.create_task(run_flow(loaded, ready.rows(), ready.folder))
        while ready.folder.index.completed < 3:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    ready.close()
    with RunFolder.read(place.runs, "r") as folder:
        assert (folder.status, folder.index.completed) == ("Canceled", 3)


def test_a_resume_does_failed_rows_again_and_completed_ones_not(place: Place) -> None:
    place.rows(*({"x": i} for i in range(5)))
    assert place.run(place.flow(lambda x: 1 / (x - 2))).failed == 1
    loaded = place.flow(lambda x: -1)
    summary = place.resume(loaded)
    assert loaded.begun == [2]
    assert (summary.status, summary.completed, summary.failed) == (Status.COMPLETED, 5, 0)
    assert [line["output"]["y"] for line in place.lines()] == [-0.5, -1.0, -1, 1.0, 0.5]
    assert len((place.runs / "r/lines.jsonl").read_text().splitlines()) == 5


def test_a_resume_with_other_data_or_another_flow_is_refused(place: Place) -> None:
    place.rows({"x": 0})
    place.run(place.flow(lambda x: 1 / x))
    place.rows({"x": 1})
    with pytest.raises(UsageError, match=r"is not what run 'r' was begun with"):
        place.resume(place.flow(lambda x: x))
    place.rows({"x": 0})
    (place.root / "flow/work.py").write_text("new = 1\n")
    with pytest.raises(UsageError, match=r"has changed since run 'r' began"):
        place.resume(place.flow(lambda x: x))
    assert place.resume(place.flow(lambda x: x), force=True).completed == 1


def test_a_new_run_takes_over_the_completed_rows_of_an_old_one(place: Place) -> None:
    place.rows(*({"x": i} for i in range(4)))
    place.run(place.flow(lambda x: 1 / x), place.plan("old"))
    loaded = place.flow(lambda x: 7)
    summary = place.run(loaded, place.plan("new"), resume_from="old")
    assert loaded.begun == [0]
    assert (summary.name, summary.completed) == ("new", 4)
    assert [line["output"]["y"] for line in place.lines("new")] == [7, 1.0, 0.5, 1 / 3]
    assert [line["status"] for line in place.lines("old")] == ["Failed", "Completed", "Completed", "Completed"]
    with RunFolder.read(place.runs, "new") as folder:
        assert folder.document["resume_from"] == "old"


def test_the_aggregation_gets_completed_rows_in_their_order(place: Place) -> None:
    place.rows(*({"x": i} for i in (3, 1, 0, 2)))
    seen = {}

    def total(inputs, outputs):
        seen.update(inputs=inputs, outputs=outputs)
        return {"sum": sum(outputs["${work.output}"])}

    async def late_first(x):
        await asyncio.sleep(0.003 * x)
        return 6 / x

    summary = place.run(place.flow(late_first, total=total))
    assert seen == {"inputs": {"x": [3, 1, 2]}, "outputs": {"${work.output}": [2.0, 6.0, 3.0]}}
    assert summary.metrics == {"sum": 11.0}
    assert json.loads((place.runs / "r/metrics.json").read_text()) == {"sum": 11.0}
    assert summary.status == Status.COMPLETED_WITH_ERRORS


def test_the_aggregation_gets_values_as_they_were_also_where_json_has_none(place: Place) -> None:
    place.rows({"x": 1}, {"x": 2})
    seen = []
    loaded = place.flow(lambda x: (x, {x}), total=lambda i, o: seen.extend(o["${work.output}"]) or {})
    original = loaded.line

    async def line(inputs, **more):
        result = await original(inputs, **more)
        result.output = {"y": result.output["y"][0]}
        return result

    loaded.line = line
    assert place.run(loaded).completed == 2
    assert seen == [(1, {1}), (2, {2})]
    # Another process cannot get them back, so it does the rows again.
    again = place.flow(lambda x: x, total=lambda i, o: {})
    place.resume(again)
    assert again.begun == [0, 1]


def test_a_failed_aggregation_keeps_the_rows_and_shows_in_the_status(place: Place) -> None:
    place.rows({"x": 1})

    def total(inputs, outputs):
        raise KeyError("gold")

    summary = place.run(place.flow(lambda x: x, total=total))
    assert (summary.status, summary.completed) == (Status.COMPLETED_WITH_ERRORS, 1)
    assert summary.aggregation_error is not None and summary.aggregation_error["code"] == "KeyError"
    with RunFolder.read(place.runs, "r") as folder:
        assert summary_of(folder) == summary
    finished = place.resume(place.flow(lambda x: x, total=lambda i, o: {"n": 1}))
    assert (finished.status, finished.metrics) == (Status.COMPLETED, {"n": 1})


def test_tokens_and_cost_are_those_of_all_rows_also_after_a_resume(place: Place) -> None:
    place.rows({"x": 1}, {"x": 2}, {"x": 0})
    first = place.run(place.flow(lambda x: 1 / x, tokens=(10, 5)))
    assert (first.input_tokens, first.output_tokens, first.cost) == (20, 10, 1.0)
    summary = place.resume(place.flow(lambda x: x, tokens=(1, 1)))
    assert (summary.input_tokens, summary.output_tokens, summary.cost) == (21, 11, 1.5)
    assert place.lines()[0]["tokens"] == [10, 5]


def test_what_nodes_print_is_in_the_log_with_row_and_node(place: Place) -> None:
    place.rows({"x": "a"}, {"x": "b"})
    place.run(place.flow(lambda x: x), concurrency=1)
    assert (place.runs / "r/logs.txt").read_text() == "[line 0] [work] made a\n[line 1] [work] made b\n"


def test_progress_is_told_after_each_row(place: Place) -> None:
    place.rows({"x": 1}, {"x": 0})
    told = []
    place.run(place.flow(lambda x: 1 / x), concurrency=1, on_progress=told.append)
    assert told == [(1, 0, 2), (2, 1, 2)]


def test_a_full_disk_ends_the_run_and_it_can_be_resumed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.rows(*({"x": i} for i in range(30)))
    write = os.write

    def full_after(descriptor, data):
        if data.startswith(b'{"line_number": 12,'):
            return write(descriptor, data[:20])
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", full_after)
    with pytest.raises(StoreUnavailable, match="no space left") as caught:
        place.run(place.flow(lambda x: x), concurrency=3)
    assert caught.value.hint == "make room, then: ferrata flow run --resume r"
    monkeypatch.undo()
    assert (place.runs / "r/lines.jsonl").read_bytes().endswith(b"\n")
    summary = place.resume(place.flow(lambda x: x))
    assert (summary.status, summary.completed) == (Status.COMPLETED, 30)


def test_an_earlier_run_is_joined_by_row_number(place: Place) -> None:
    place.rows({"x": 1, "gold": "a"}, {"x": 0, "gold": "b"}, {"x": 2, "gold": "c"})
    place.run(place.flow(lambda x: 1 / x), place.plan("first"))
    mapping = {
        "answer": "${run.outputs.y}",
        "gold": "${data.gold}",
        "x": "${run.inputs.x}",
        "n": "${run.outputs.line_number}",
    }
    seen = []
    loaded = place.flow(lambda **row: seen.append(row) or 1, inputs=("answer", "gold", "x", "n"))
    summary = place.run(loaded, place.plan("second", run="first", mapping=mapping), concurrency=1)
    assert summary.completed == 2
    assert seen == [
        {"answer": 1.0, "gold": "a", "x": 1, "n": 0},
        {"answer": 0.5, "gold": "c", "x": 2, "n": 2},
    ]
    assert [line["line_number"] for line in place.lines("second")] == [0, 2]
    alone = {"answer": "${run.outputs.y}"}
    loaded = place.flow(lambda answer: answer, inputs=("answer",))
    place.run(loaded, place.plan("third", run="first", mapping=alone, data=None))
    assert [line["output"]["y"] for line in place.lines("third")] == [1.0, 0.5]


def test_a_run_that_is_not_finished_cannot_be_joined(place: Place) -> None:
    place.rows({"x": 0})
    place.run(place.flow(lambda x: 1 / x), place.plan("first"))
    with pytest.raises(FlowError, match=r"run 'first' is Failed"):
        place.run(place.flow(lambda x: x), place.plan("second", run="first"))
    assert not (place.runs / "second").exists()


def test_numbers_of_rows_that_the_data_gives_are_kept(place: Place) -> None:
    place.rows({"x": 1, "line_number": 900_000_000}, {"x": 2, "line_number": 4})
    place.run(place.flow(lambda x: x))
    assert [(line["line_number"], line["output"]["y"]) for line in place.lines()] == [(4, 2), (900_000_000, 1)]


def test_a_number_that_comes_twice_ends_the_run(place: Place) -> None:
    place.rows({"x": 1, "line_number": 4}, {"x": 2, "line_number": 4})
    with pytest.raises(FlowError, match=r"data\.jsonl:2: line_number 4 of data comes again"):
        place.run(place.flow(lambda x: x))
    with RunFolder.read(place.runs, "r") as folder:
        assert folder.status == "Failed"


def test_less_than_one_row_at_a_time_is_refused(place: Place) -> None:
    place.rows({"x": 1})
    with pytest.raises(UsageError, match="not a number of rows at a time: 0"):
        place.run(place.flow(lambda x: x), concurrency=0)


def test_a_full_disk_is_told_once(place: Place, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    place.rows(*({"x": i} for i in range(30)))
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: 0 if data.startswith(b'{"line_number"') else write(file, data))
    with pytest.raises(StoreUnavailable, match="no space left"):
        place.run(place.flow(lambda x: x), concurrency=3)
    gc.collect()
    assert caplog.messages == []
