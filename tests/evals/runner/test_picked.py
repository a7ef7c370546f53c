"""Rows of runs for a dataset: which are taken, what they hold, where they say they are from."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from eval_bench import Bench, Echo, Judge, Same

from ferrata.datasets import BuildPlan, FoundRows, build_dataset, open_file, save_built
from ferrata.errors import UsageError
from ferrata.evals import existing, pick_rows
from ferrata.evals.runner.types import Asked, DataRow

if TYPE_CHECKING:
    from pathlib import Path


def liking(response: str) -> float | Exception:
    return {"Q0": 5.0, "Q1": 2.0, "Q2": 3.0}.get(response, ValueError("no"))


def ran(bench: Bench, name: str = "r", rows: list[DataRow] | int = 4, **more: Any) -> None:
    target = Echo(lambda row: ValueError("down") if row["query"] == "q3" else str(row["query"]).upper())
    bench.run(bench.plan(target, rows, Same(), Judge(liking), **more), name)


def picked(bench: Bench, *names: str, **limits: Any) -> FoundRows:
    runs = [existing(bench.runs, name) for name in names or ("r",)]
    try:
        return pick_rows(runs, **limits)
    finally:
        for run in runs:
            run.close()


def test_rows_below_a_score_with_what_they_came_to(bench: Bench) -> None:
    ran(bench)
    found = picked(bench, below={"liked": 3})
    assert found.rows == [
        {
            "query": "q1",
            "ground_truth": "Q1",
            "id": "r:1",
            "response": "Q1",
            "status": "ok",
            "eval_run": "r",
            "eval_row": 1,
            "scores": {"same.same": 1.0, "judge.liked": 2.0},
            "reasons": {"judge.liked": "so"},
        }
    ]
    assert found.dropped == {"within the limits": 2, "no score": 1}
    digest = sha256((bench.runs / "r/lines.jsonl").read_bytes()).hexdigest()
    (source,) = found.sources
    assert (source.path, source.sha256, source.count) == (str(bench.runs / "r/lines.jsonl"), digest, 1)
    assert found.step == {"step": "select", "runs": ["r"], "rows": 4, "below": {"liked": 3}}


def test_one_of_several_scores_is_enough_and_without_any_all_are_taken(bench: Bench) -> None:
    ran(bench)
    both = picked(bench, below={"judge.liked": 3}, above={"judge": 4})
    assert [row["eval_row"] for row in both.rows] == [0, 1]
    every = picked(bench).rows
    assert [row["status"] for row in every] == ["ok", "ok", "ok", "error"]
    assert (every[3]["error"], "response" in every[3]) == ("ValueError: down", False)


def test_columns_of_these_names_give_way_and_ids_stay(bench: Bench) -> None:
    rows = [DataRow(0, {"query": "q1", "ground_truth": "x", "id": "a", "eval_run": "old", "error": "old"}, "a:1")]
    ran(bench, rows=rows, repeats=2)
    found = picked(bench).rows
    assert [(row["id"], row["eval_run"], row["eval_row"], "error" in row) for row in found] == [
        ("a", "r", 0, False)
    ] * 2
    bench.run(bench.plan(Echo(), 1, repeats=2), "s")
    assert [row["id"] for row in picked(bench, "s").rows] == ["s:0", "s:0:1"]


def test_a_score_that_is_not_there_is_named(bench: Bench) -> None:
    ran(bench)
    with pytest.raises(UsageError, match="the run 'r' has no score 'f1'") as caught:
        picked(bench, below={"f1": 1})
    assert caught.value.hint == "its scores are: same.same, judge.liked"
    bench.run(bench.plan(Echo(), 1, Asked("one", Same()), Asked("two", Same())), "twice")
    with pytest.raises(UsageError, match="several scores 'same'") as caught:
        picked(bench, "twice", below={"same": 1})
    assert caught.value.hint == "name one.same or two.same"
    assert len(picked(bench, "twice", above={"two.same": 0}).rows) == 1


def test_a_dataset_of_them_says_the_run_and_the_row(bench: Bench, tmp_path: Path) -> None:
    rows = [DataRow(0, {"query": "q1, says ann@example.com", "ground_truth": "x"}, "a:1")]
    bench.run(bench.plan(Echo(), rows), "030-12345678")
    bench.run(bench.plan(Echo(), rows), "b")
    given = picked(bench, "030-12345678", "b", below={"same": 1})
    built = build_dataset(BuildPlan("evals", status="ok"), given=given)
    save_built(tmp_path / "low.jsonl", built)
    dataset = open_file(tmp_path / "low.jsonl")
    (row,) = dataset.read()
    assert row.values["query"] == "q1, says <EMAIL_1>"
    assert (row.values["eval_run"], row.values["eval_row"]) == ("030-12345678", 0)
    assert built.dropped == {"near-duplicate": 1} or built.dropped == {"duplicate": 1}
    assert dataset.provenance.origin == "evals"
    assert [source.path for source in dataset.provenance.sources] == [one.path for one in given.sources]
    assert dataset.provenance.steps[0]["runs"] == ["030-12345678", "b"]
    assert build_dataset(BuildPlan("evals", status="error"), given=given).dropped == {"not error": 2}


def test_a_plan_that_does_not_fit_is_refused(bench: Bench, tmp_path: Path) -> None:
    given = FoundRows([], (), {})
    with pytest.raises(UsageError, match="rows are given for evals"):
        build_dataset(BuildPlan("evals"))
    with pytest.raises(UsageError, match="rows are given for evals"):
        build_dataset(BuildPlan("files", (tmp_path,)), given=given)
    with pytest.raises(UsageError, match="rows of evaluations have no kind"):
        build_dataset(BuildPlan("evals", min_tokens=3), given=given)
