"""`fr.evaluate`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import ferrata as fr
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [{"query": "x", "ground_truth": "X"}, {"query": "y", "ground_truth": "y"}]


def upper(query: str) -> str:
    return query.upper()


async def length(response: str) -> int:
    return len(response)


def test_functions_and_rows(tmp_path: Path) -> None:
    report = fr.evaluate(upper, ROWS, {"same": "exact_match", "length": length}, project=tmp_path)
    assert report.metrics["same.exact_match"]["mean"] == 0.5
    assert report.metrics["length.length"]["mean"] == 1.0
    assert [row.output["response"] for row in report.rows()] == ["X", "Y"]
    assert fr.evaluate is fr.evaluate


def test_it_gives_the_shape_of_azures(tmp_path: Path) -> None:
    found = fr.evaluate(upper, ROWS, ["f1_score"], project=tmp_path).to_dict()
    assert found["metrics"] == {"f1_score.f1": 1.0, "f1_score.binary_aggregate": 1.0}
    assert found["rows"][1]["outputs.f1_score.f1_result"] == "pass"
    assert found["rows"][1]["inputs.query"] == "y"


def test_a_baseline_is_compared_row_by_row(tmp_path: Path) -> None:
    before = fr.evaluate(lambda query: query, ROWS, ["exact_match"], project=tmp_path)
    after = fr.evaluate(upper, ROWS, ["exact_match"], project=tmp_path, baseline=before)
    (found,) = after.compared()
    of = found.comparison
    assert (of.baseline, of.candidate, of.better, of.worse, of.n, of.paired) == (0.5, 0.5, 1, 1, 2, True)
    with pytest.raises(UsageError, match="no baseline"):
        before.compared()


def test_files_and_names(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    uses: list[Any] = ["exact_match", {"use": "regex_match", "options": {"pattern": "X"}}]
    report = fr.evaluate(upper, "rows.jsonl", uses, project=tmp_path, repeats=2, concurrency=2)
    assert (report.summary.rows, report.metrics["regex_match.regex_match"]["mean"]) == (4, 0.5)


def test_what_makes_no_sense_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a target"):
        fr.evaluate(5, ROWS, ["f1_score"], project=tmp_path)  # pyright: ignore[reportArgumentType]
    with pytest.raises(UsageError, match="repeats"):
        fr.evaluate(upper, ROWS, ["f1_score"], project=tmp_path, repeats=0)
    with pytest.raises(UsageError, match="without an evaluator"):
        fr.evaluate(upper, ROWS, [], project=tmp_path)
