"""Runs of evaluations: what is recorded, counted, put off and asked once."""

from __future__ import annotations

import asyncio
import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from eval_bench import Echo, Judge, Same, rows_of

from ferrata.errors import Conflict, ModelBusy, ModelDenied, ModelUnavailable, UsageError
from ferrata.evals.runner.run import EvalFolder, summary_of
from ferrata.evals.runner.types import Asked, DataRow
from ferrata.evals.together import together
from ferrata.messages import Usage
from ferrata.telemetry import add_usage, tell_busy, tell_wait

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eval_bench import Bench

    from ferrata.evals import Score


def lines_of(bench: Bench, name: str = "r") -> list[dict[str, Any]]:
    with EvalFolder.read(bench.runs, name) as folder:
        return list(folder.lines())


def test_every_row_is_run_scored_and_recorded(bench: Bench) -> None:
    target = Echo(lambda row: row["query"].upper() if row["query"] != "q3" else "wrong")
    summary = bench.run(bench.plan(target, 10))
    assert (summary.status, summary.rows, summary.failed, summary.missing) == ("Completed", 10, 0, 0)
    same = summary.metrics["same.same"]
    assert (same["mean"], same["n"], same["pass_rate"]) == (pytest.approx(0.9), 10, pytest.approx(0.9))
    line = lines_of(bench)[3]
    assert line["inputs"] == {"query": "q3", "ground_truth": "Q3"}
    assert line["output"] == {"response": "wrong"}
    assert line["scores"]["same"]["same"] == {"score": 0.0, "passed": False, "threshold": 1}
    assert line["place"] == "data.jsonl:4"


def test_a_target_that_raises_on_every_third_row(bench: Bench) -> None:
    def answer(row: Mapping[str, Any]) -> Any:
        return ValueError("no") if int(row["query"][1:]) % 3 == 0 else row["query"].upper()

    judge = Judge()
    summary = bench.run(bench.plan(Echo(answer), 9, Same(), judge))
    assert (summary.status, summary.rows, summary.failed) == ("CompletedWithErrors", 9, 3)
    assert summary.errors == {"ValueError": {"count": 3, "message": "no"}}
    same = summary.metrics["same.same"]
    assert (same["n"], same["missing"]) == (6, 3)
    assert same["missing_because"] == {"the target failed: ValueError": 3}
    assert len(judge.asked) == 6


def test_rows_that_cannot_be_read_are_counted_and_named(bench: Bench) -> None:
    rows = [*rows_of(2), DataRow(2, {}, "data.jsonl:3", "not valid JSON")]
    target = Echo()
    summary = bench.run(bench.plan(target, rows))
    assert (summary.rows, summary.failed) == (3, 1)
    assert summary.errors["InvalidRow"]["message"] == "data.jsonl:3: not valid JSON"
    assert sorted(target.asked) == ["q0", "q1"]


def test_a_missing_column_is_a_missing_score_not_a_dropped_row(bench: Bench) -> None:
    rows = [DataRow(0, {"query": "q0"}), *rows_of(2)[1:]]
    summary = bench.run(bench.plan(Echo(), rows))
    same = summary.metrics["same.same"]
    assert (summary.status, same["n"], same["missing"]) == ("CompletedWithErrors", 1, 1)
    assert same["missing_because"] == {"there is no 'ground_truth'": 1}


def test_one_row_and_none(bench: Bench) -> None:
    assert bench.run(bench.plan(Echo(), 1)).rows == 1
    with pytest.raises(UsageError, match="no rows"):
        bench.run(bench.plan(Echo(), 0), "none")


def test_an_evaluator_that_raises_costs_its_score_alone(bench: Bench) -> None:
    class Broken(Same):
        def score(self, values: Mapping[str, Any]) -> Any:
            raise ZeroDivisionError(f"by {values['response']}")

    summary = bench.run(bench.plan(Echo(), 2, Same(), Asked("broken", Broken())))
    assert summary.metrics["same.same"]["mean"] == 1.0
    assert summary.metrics["broken.same"]["missing"] == 2


def test_repeats_are_rows_of_their_own(bench: Bench) -> None:
    target = Echo()
    summary = bench.run(bench.plan(target, 3, repeats=4))
    assert (summary.rows, len(target.asked)) == (12, 12)
    assert [line.get("repeat", 0) for line in lines_of(bench)[:4]] == [0, 1, 2, 3]


def test_so_many_at_a_time_and_no_more(bench: Bench) -> None:
    target = Echo(delay=0.01)
    bench.run(bench.plan(target, 60), concurrency=20, fixed=True)
    assert target.most == 20


def test_it_begins_with_few_and_comes_to_many(bench: Bench) -> None:
    target = Echo(delay=0.01)
    limits: list[int] = []
    bench.run(bench.plan(target, 400), concurrency=64, on_progress=lambda p: limits.append(p.limit))
    assert limits[0] == 8
    assert target.most > 32


def test_refusals_put_rows_off_and_make_it_slower(bench: Bench) -> None:
    target = Echo(delay=0.002)

    def answer(row: Mapping[str, Any]) -> Any:
        return ModelBusy("429", retry_after=0.01) if target.flying > 4 else row["query"].upper()

    target.answer = answer
    summary = bench.run(bench.plan(target, 40), concurrency=32, fixed=True)
    assert (summary.status, summary.rows, summary.failed) == ("Completed", 40, 0)
    assert len(target.asked) > 40


def test_refusals_that_are_retried_inside_are_heard(bench: Bench) -> None:
    limits: list[int] = []

    def answer(row: Mapping[str, Any]) -> str:
        if row["query"] == "q5":
            tell_busy(0.01)
        return "x"

    bench.run(bench.plan(Echo(answer), 40), concurrency=16, fixed=True, on_progress=lambda p: limits.append(p.limit))
    assert (limits[0], min(limits)) == (16, 13)


def test_a_rate_limit_that_never_lifts_stops_the_run_for_a_resume(bench: Bench) -> None:
    target = Echo(lambda row: ModelBusy("429", retry_after=0.02) if row["query"] > "q3" else row["query"].upper())
    plan = bench.plan(target, 8)
    summary = bench.run(plan, patience=0.1)
    assert summary.status == "Canceled"
    assert summary.stopped is not None
    assert summary.stopped.code == "RateLimited"
    assert (summary.rows, summary.failed) == (4, 0)
    target.answer = lambda row: row["query"].upper()
    target.asked.clear()
    again = bench.run(plan, resume=True)
    assert (again.status, again.rows, sorted(target.asked)) == ("Completed", 8, ["q4", "q5", "q6", "q7"])


def test_a_key_that_is_refused_stops_the_run(bench: Bench) -> None:
    target = Echo(lambda _: ModelDenied("401"), delay=0.001)
    summary = bench.run(bench.plan(target, 1000), concurrency=4)
    assert summary.status == "Canceled"
    assert summary.stopped is not None
    assert summary.stopped.code == "ModelDenied"
    assert len(target.asked) <= 8


def test_judges_are_asked_once_and_their_failures_again_on_resume(bench: Bench) -> None:
    judge = Judge(lambda text: ModelUnavailable("gone") if text == "Q2" else 5.0)
    target = Echo()
    plan = bench.plan(target, 4, Same(), judge)
    summary = bench.run(plan)
    liked = summary.metrics["judge.liked"]
    assert (summary.status, liked["n"], liked["missing"], liked["mean"]) == ("CompletedWithErrors", 3, 1, 5.0)
    judge.answer = lambda _: 1.0
    judge.asked.clear()
    target.asked.clear()
    again = bench.run(plan, resume=True)
    assert (target.asked, judge.asked) == ([], ["Q2"])
    assert (again.status, again.metrics["judge.liked"]["mean"]) == ("Completed", 4.0)
    assert again.metrics["same.same"]["n"] == 4


def test_a_resume_of_other_things_is_refused(bench: Bench) -> None:
    bench.run(bench.plan(Echo(), 2))
    with pytest.raises(UsageError, match="the target changed"):
        bench.run(bench.plan(Echo(digest="e2"), 2), resume=True)
    with pytest.raises(UsageError, match="an evaluator changed"):
        bench.run(bench.plan(Echo(), 2, Same(threshold=0.5)), resume=True)
    with pytest.raises(UsageError, match="the evaluators changed"):
        bench.run(bench.plan(Echo(), 2, Same(), Judge()), resume=True)


def test_a_run_after_a_changed_evaluator_asks_no_target_again(bench: Bench) -> None:
    target, judge = Echo(), Judge()
    bench.run(bench.plan(target, 5, Same(), judge))
    target.asked.clear()
    judge.asked.clear()
    summary = bench.run(
        bench.plan(target, 6, Same(threshold=0.5), judge, Asked("new", Judge(strict=True))), "r2", reuse=True
    )
    assert (target.asked, judge.asked) == (["q5"], ["Q5"])
    assert (summary.rows, summary.reused) == (6, 5)
    assert summary.metrics["judge.liked"]["n"] == summary.metrics["new.liked"]["n"] == 6


def test_another_target_is_asked(bench: Bench) -> None:
    bench.run(bench.plan(Echo(), 2))
    for digest in ("e2", ""):
        target = Echo(digest=digest)
        bench.run(bench.plan(target, 2), f"r{digest}x", reuse=True)
        assert len(target.asked) == 2


def test_two_runs_of_one_name_at_once(bench: Bench) -> None:
    plan = bench.plan(Echo(), 2)
    with EvalFolder.create(bench.runs, "r", {"status": "Running", "parts": 1, "repeats": 1}):
        with pytest.raises(Conflict, match="already"):
            bench.run(plan)
        with pytest.raises(Conflict, match="goes on in process"):
            bench.run(plan, resume=True)


def test_the_budget_holds_with_many_at_a_time(bench: Bench) -> None:
    target = Echo(delay=0.002, cost=0.1)
    summary = bench.run(bench.plan(target, 100), concurrency=30, fixed=True, budget=1.05)
    assert summary.status == "Canceled"
    assert summary.stopped is not None
    assert summary.stopped.code == "BudgetSpent"
    assert summary.cost == pytest.approx(1.0)
    assert len(target.asked) == 10


def test_what_judges_cost_is_counted(bench: Bench) -> None:
    def dear(_: str) -> float:
        add_usage(None, 0.25)
        return 3.0

    summary = bench.run(bench.plan(Echo(cost=0.5), 4, Judge(dear)))
    assert summary.cost == pytest.approx(3.0)


def test_a_slow_call_is_a_failure_of_its_row(bench: Bench) -> None:
    summary = bench.run(bench.plan(Echo(delay=5), 2), timeout=0.05)
    assert (summary.status, summary.errors["Timeout"]["count"]) == ("Failed", 2)


def test_stopped_it_keeps_what_was_on_its_way(bench: Bench) -> None:
    target = Echo(delay=0.05)

    def soon() -> asyncio.Event:
        event = asyncio.Event()
        asyncio.get_running_loop().call_later(0.02, event.set)
        return event

    plan = bench.plan(target, 50)
    summary = bench.run(plan, stop=soon, concurrency=4, fixed=True)
    assert (summary.status, summary.rows, len(target.asked)) == ("Canceled", 4, 4)
    target.delay = 0.0
    assert bench.run(plan, resume=True).rows == 50
    assert sorted(target.asked) == sorted(f"q{i}" for i in range(50))


def test_without_a_target_the_rows_have_the_answers(bench: Bench) -> None:
    rows = [DataRow(0, {"response": "a", "ground_truth": "a"}), DataRow(1, {"response": "b", "ground_truth": "a"})]
    assert bench.run(bench.plan(None, rows)).metrics["same.same"]["mean"] == 0.5


def test_the_summary_is_kept_and_counted_anew_after_a_kill(bench: Bench) -> None:
    summary = bench.run(bench.plan(Echo(), 3, Same(), Judge()))
    with EvalFolder.read(bench.runs, "r") as folder:
        assert summary_of(folder).as_json() == summary.as_json() | {"seconds": summary_of(folder).as_json()["seconds"]}
    file = bench.runs / "r" / "run.json"
    document = json.loads(file.read_text())
    del document["summary"], document["metrics"]
    file.write_text(json.dumps(document | {"status": "Running"}))
    with EvalFolder.read(bench.runs, "r") as folder:
        killed = summary_of(folder)
    assert killed.stopped is not None
    assert (killed.status, killed.stopped.code, killed.rows) == ("Canceled", "Killed", 3)
    assert killed.metrics == summary.metrics


def test_a_full_disk_ends_the_run_with_its_name(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = bench.plan(Echo(), 20)
    from ferrata.errors import StoreUnavailable

    append = EvalFolder.append

    def full(self: EvalFolder, record: Any) -> None:
        if len(self.index) >= 5:
            raise StoreUnavailable("no space left")
        append(self, record)

    with monkeypatch.context() as patch:
        patch.setattr(EvalFolder, "append", full)
        with pytest.raises(StoreUnavailable):
            bench.run(plan, concurrency=3)
    assert bench.run(plan, resume=True).rows == 20


def test_the_wait_for_a_turn_is_neither_latency_nor_a_timeout(bench: Bench) -> None:
    class Waiting(Echo):
        async def __call__(self, inputs: Mapping[str, Any]) -> Any:
            tell_wait(0.3)
            tell_wait(0.2)  # at the same time
            await asyncio.sleep(0.3)
            return await super().__call__(inputs)

    summary = bench.run(bench.plan(Waiting(), 6), timeout=0.2)
    assert (summary.status, summary.failed) == ("Completed", 0)
    assert summary.latency["p95"] < 0.15


def test_the_budget_counts_what_failed_before_a_resume(bench: Bench) -> None:
    def answer(row: Mapping[str, Any]) -> Any:
        add_usage(Usage(7, 3), 0.1)
        return ValueError("no") if row["query"] in ("q1", "q2") else row["query"].upper()

    target = Echo(answer)
    plan = bench.plan(target, 4)
    assert bench.run(plan, concurrency=1).cost == pytest.approx(0.4)
    for times in (1, 2):  # each resume drops what failed, and then asks it again
        again = bench.run(plan, resume=True, concurrency=1)
        assert (again.cost, again.input_tokens) == (pytest.approx(0.4 + 0.2 * times), 28 + 14 * times)
    with EvalFolder.read(bench.runs, "r") as folder:
        assert summary_of(folder).cost == pytest.approx(0.8)
        assert len(list(folder.lines())) == 4
    spent = bench.run(plan, resume=True, concurrency=1, budget=0.85)
    assert spent.stopped is not None
    assert spent.stopped.code == "BudgetSpent"
    assert spent.cost == pytest.approx(0.8)


def test_what_a_call_cost_that_is_made_again_is_counted(bench: Bench) -> None:
    tries: list[str] = []

    def answer(row: Mapping[str, Any]) -> Any:
        add_usage(None, 0.25)
        tries.append(row["query"])
        return ModelBusy("429", retry_after=0.001) if len(tries) == 2 else "x"

    summary = bench.run(bench.plan(Echo(answer), 3), concurrency=1)
    assert (len(tries), summary.cost, summary.rows) == (4, pytest.approx(1.0), 3)


@pytest.mark.parametrize("error", [asyncio.CancelledError("own"), SystemExit(3), GeneratorExit("own")])
def test_whatever_a_target_raises_costs_its_row_alone(bench: Bench, error: BaseException) -> None:
    target = Echo(lambda row: error if row["query"] == "q1" else "x")
    summary = bench.run(bench.plan(target, 4))
    assert (summary.status, summary.rows, summary.failed) == ("CompletedWithErrors", 4, 1)
    assert list(summary.errors) == [type(error).__name__]


def test_a_vendor_who_is_away_for_long_ends_the_run_at_once(bench: Bench) -> None:
    target = Echo(lambda row: ModelBusy("429", retry_after=86_400.0) if row["query"] > "q3" else "x")
    began = time.monotonic()
    summary = bench.run(bench.plan(target, 8), concurrency=1)
    assert time.monotonic() - began < 5
    assert (summary.status, summary.rows, summary.failed) == ("Canceled", 4, 0)
    assert summary.stopped is not None
    assert summary.stopped.code == "RateLimited"
    assert "none is wanted for 86,400 s" in summary.stopped.message


def test_an_interrupt_in_a_call_leaves_no_call_behind(bench: Bench) -> None:
    target = Echo(lambda row: KeyboardInterrupt() if row["query"] == "q4" else "x", delay=0.001)
    with pytest.raises(KeyboardInterrupt):
        bench.run(bench.plan(target, 100), concurrency=4)
    assert target.flying == 0
    assert len(target.asked) <= 8
    with EvalFolder.read(bench.runs, "r") as folder:
        assert folder.document["status"] == "Canceled"


class Panel(Judge):
    """Asks five at once, as far as there is room."""

    flying = most = 0

    async def judge(self, values: Mapping[str, Any]) -> Sequence[Score]:
        given = await together([partial(self.member, n) for n in range(5)])
        assert given == [0, 1, 2, 3, 4]
        return await super().judge(values)

    async def member(self, number: int) -> int:
        self.flying += 1
        self.most = max(self.most, self.flying)
        await asyncio.sleep(0.001 * (1 + number % 3))
        self.flying -= 1
        add_usage(Usage(1, 0), 0.01)
        return number


@pytest.mark.parametrize(
    ("rows", "concurrency", "most"), [(1, 1, 1), (6, 1, 1), (1, 3, 3), (30, 3, 3), (60, 8, 8), (1, 8, 5)]
)
def test_a_judges_own_calls_are_made_at_once_within_the_runs_limit(
    bench: Bench, rows: int, concurrency: int, most: int
) -> None:
    panel = Panel()
    summary = bench.run(bench.plan(Echo(), rows, Same(), panel), concurrency=concurrency)
    assert (summary.status, summary.rows, len(panel.asked)) == ("Completed", rows, rows)
    assert (panel.most, panel.flying) == (most, 0)


def test_a_row_that_begins_in_a_place_that_comes_back_pays_for_itself_alone(bench: Bench) -> None:
    summary = bench.run(bench.plan(Echo(delay=0.001), 120, Same(), Panel()), concurrency=64)
    assert (summary.input_tokens, summary.cost) == (600, pytest.approx(6.0))
