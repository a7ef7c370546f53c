"""The pytest plugin, in sessions of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ["pytester"]

TESTS = """
import pytest


def upper(query):
    return query.upper()


def test_good(evaluate):
    report = evaluate(upper, "rows.jsonl", ["exact_match"])
    report.check({"exact_match.exact_match": 0.5}, pass_rates={"exact_match.exact_match": 0.5})


def test_bad(evaluate):
    evaluate(upper, "rows.jsonl", ["exact_match", "latency"]).check(
        {"exact_match.exact_match": 0.9, "latency.latency": 0, "none.none": 1}
    )


@pytest.mark.eval_rows("rows.jsonl")
def test_rows(row):
    assert row["query"].upper() == row["ground_truth"]


def test_unmarked(row):
    pass
"""


@pytest.fixture
def session(pytester: pytest.Pytester) -> Path:
    rows = [{"query": "x", "ground_truth": "X"}, {"query": "y", "ground_truth": "z"}]
    (pytester.path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + "{broken\n")
    pytester.makepyfile(test_bot=TESTS)
    return pytester.path


def test_evaluations_are_tests(session: Path, pytester: pytest.Pytester) -> None:
    (session / "rows.jsonl").write_text((session / "rows.jsonl").read_text().replace("{broken\n", ""))
    ran = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-k", "good or bad")
    ran.assert_outcomes(passed=1, failed=1)
    ran.stdout.fnmatch_lines(
        [
            "*exact_match.exact_match has a mean of 0.5, less than 0.9; latency.latency has a mean of *, more than 0;"
            " there is no score 'none.none'*",
            "*evaluation of test_bot.py::test_good*",
            "*exact_match.exact_match 0.5, 50.0% passed, n 2, 0 missing",
        ]
    )


def test_rows_are_tests(session: Path, pytester: pytest.Pytester) -> None:
    ran = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-k", "test_rows")
    ran.stdout.fnmatch_lines(["*rows.jsonl:3: not valid JSON*"])
    outcomes = ran.parseoutcomes()
    assert (outcomes["passed"], outcomes["failed"] + outcomes.get("errors", 0)) == (1, 2)


def test_a_row_without_data_says_what_is_missing(session: Path, pytester: pytest.Pytester) -> None:
    ran = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-k", "unmarked")
    ran.stdout.fnmatch_lines(["*`row` is for tests that are marked with @pytest.mark.eval_rows(DATA)*"])
