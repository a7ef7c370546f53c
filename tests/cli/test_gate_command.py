"""`ferrata gate` as people use it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BOT = """
def answer(question):
    return "within 30 days of arrival"


def worse(question):
    return "no idea at all"
"""
FILE = """
project: shop
evals:
  support: {target: "bot.py:answer", data: rows.jsonl, evaluators: [f1_score]}
gates:
  support:
    eval: support
    baseline: bot.py:answer
    rules:
    - {metric: f1_score, non_inferiority: 0.2}
    - {metric: f1_score, at_least: 0.6}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "bot.py").write_text(BOT)
    (tmp_path / "ferrata.yaml").write_text(FILE)
    rows = [{"question": f"q{n}", "ground_truth": "within 30 days of arrival"} for n in range(40)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def test_a_gate_passes_or_fails_with_the_verdict_first(ferrata: Callable[..., Any], shop: Path) -> None:
    ran = ferrata("gate", "--project", str(shop), "--output", str(shop / "out.json"))
    assert ran.status == 0, ran.err
    lines = ran.out.splitlines()
    assert lines[0] == "support: pass: gate-support-1 against gate-support-baseline-1, 40 rows"
    assert lines[2].split() == ["rule", "baseline", "candidate", "estimate", "interval", "p", "verdict"]
    assert lines[3].startswith("f1_score.f1 worse than the baseline by less than 0.2")
    assert lines[3].endswith("pass")
    assert json.loads((shop / "out.json").read_text())["verdict"] == "pass"
    ran = ferrata("gate", "support", "--project", str(shop), "--target", "bot.py:worse")
    assert ran.status == 1
    assert ran.out.startswith("support: fail: gate-support-2 against gate-support-baseline-2, 40 rows\n")
    assert ran.out.splitlines()[-2:] == [
        f"  ferrata eval show gate-support-2 --failed --project {shop}",
        f"  ferrata eval compare gate-support-baseline-2 gate-support-2 --project {shop}",
    ]
    ran = ferrata("gate", "--project", str(shop), "--target", "bot.py:worse", "--waive", "agreed with the shop")
    assert ran.status == 0
    assert "support: fail:" in ran.out and "; waived: agreed with the shop" in ran.out


def test_too_few_rows_are_inconclusive_by_policy(ferrata: Callable[..., Any], shop: Path) -> None:
    rows = (shop / "rows.jsonl").read_text().splitlines()[:6]
    (shop / "rows.jsonl").write_text("\n".join(rows) + "\n")
    ran = ferrata("gate", "--project", str(shop))
    assert ran.status == 3
    assert "this gate could not have seen 0.2: with 6 rows the smallest margin it can see is" in ran.out
    (shop / "ferrata.yaml").write_text(FILE + "    inconclusive: pass\n")
    ran = ferrata("gate", "--project", str(shop))
    assert (ran.status, "warning: inconclusive" in ran.err) == (0, True)


def test_the_result_is_printed_as_json_and_gates_are_listed(ferrata: Callable[..., Any], shop: Path) -> None:
    ran = ferrata("gate", "--project", str(shop), "--format", "json", "--no-record", "--alpha", "0.1")
    found = json.loads(ran.out)
    assert (found["verdict"], found["alpha"], len(found["rules"])) == ("pass", 0.1, 2)
    ran = ferrata("gate", "--list", "--project", str(shop))
    assert ran.out.splitlines()[1].split()[:3] == ["support", "support", "bot.py:answer"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["nope"], "no gate 'nope'"),
        (["--format", "pdf"], "not a format: 'pdf'"),
        (["--output", "x.pdf"], "x.pdf"),
        (["--candidate", "nope-1"], "no run and no file 'nope-1'"),
        (["--baseline", "last-pass"], "has not passed here yet"),
    ],
)
def test_a_mistake_in_the_request_is_exit_status_2(
    words: list[str], problem: str, ferrata: Callable[..., Any], shop: Path
) -> None:
    ran = ferrata("gate", *words, "--project", str(shop))
    assert ran.status == 2
    assert problem in ran.err and "Traceback" not in ran.err


def test_an_alpha_that_nothing_can_be_computed_with_is_refused_before_anything_is_evaluated(
    ferrata: Callable[..., Any], shop: Path
) -> None:
    for alpha in ("1e-300", "nan"):
        ran = ferrata("gate", "--project", str(shop), "--alpha", alpha)
        assert (ran.status, "0.5" in ran.err) == (2, True)
        assert not (shop / ".ferrata/evals").exists()


def test_a_baseline_that_is_nothing_is_told_with_what_it_can_be(ferrata: Callable[..., Any], shop: Path) -> None:
    ran = ferrata("gate", "--project", str(shop), "--baseline", "typo")
    assert ran.status == 2
    assert "hint: there is no run yet; name a file of scores (.json, .jsonl" in ran.err
    assert "or a target, as file.py:function" in ran.err


def test_data_that_are_not_there_are_no_fault_of_the_baseline_and_no_other_data(
    ferrata: Callable[..., Any], shop: Path
) -> None:
    assert ferrata("gate", "--project", str(shop)).status == 0
    words = ("gate", "--project", str(shop), "--candidate", "gate-support-1", "--baseline", "gate-support-baseline-1")
    data = (shop / "rows.jsonl").read_text()
    (shop / "rows.jsonl").write_text(data + data.splitlines()[0] + "\n")
    assert "the gate's data, 'rows.jsonl', have changed since the candidate was run on them: the" in ferrata(*words).out
    (shop / "rows.jsonl").unlink()
    said = f"the gate's data cannot be read (no such data: {str(shop / 'rows.jsonl')!r}), so nobody can say"
    assert said in ferrata(*words).out
    ran = ferrata("gate", "--project", str(shop))
    assert (ran.status, ran.err.splitlines()[0]) == (2, f"ferrata: no such data: {str(shop / 'rows.jsonl')!r}")


def test_a_file_of_scores_is_read_on_the_scale_of_the_run(ferrata: Callable[..., Any], shop: Path) -> None:
    (shop / "ferrata.yaml").write_text(FILE.replace("metric: f1_score", "metric: f1_score.f1"))
    kept = shop / "kept.jsonl"
    assert ferrata("gate", "--project", str(shop), "--save-baseline", str(kept)).status == 0
    keys = [json.loads(line)["key"] for line in kept.read_text().splitlines()[1:]]
    words = ("gate", "--project", str(shop), "--candidate", "gate-support-1", "--baseline", "other.jsonl")

    def write(value: float, column: str = "f1_score.f1") -> None:
        (shop / "other.jsonl").write_text("".join(json.dumps({"key": key, column: value}) + "\n" for key in keys))

    write(1)
    ran = ferrata(*words)
    assert (ran.status, ran.out.splitlines()[0]) == (0, "support: pass: gate-support-1 against other.jsonl, 40 rows")
    write(35)
    ran = ferrata(*words)
    assert ran.status == 3
    assert "is not on one scale: the baseline's scores are levels without known bounds (35 to 35 are there)" in ran.out
    assert "the candidate's are numbers from 0 to 1, where more is better; score both by the same evaluator" in ran.out
    write(1, "f1")
    ran = ferrata(*words)
    assert (ran.status, "hint: it needs a column `key` and the scores of f1_score.f1" in ran.err) == (2, True)
