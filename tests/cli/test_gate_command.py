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
