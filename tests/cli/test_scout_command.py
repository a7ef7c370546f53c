"""`ferrata scout` as people use it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE = """
project: shop
models:
  main: fake/large-1
  small: fake/small-1
prices:
  fake/large-1: {input: 2.5, output: 10}
  fake/small-1: {input: 0.2, output: 0.8}
evals:
  support: {target: support.prompty, model: main, data: rows.jsonl, evaluators: [f1_score]}
  bare: {data: rows.jsonl, evaluators: [f1_score]}
gates:
  support: {eval: support, baseline: last-pass, rules: [{metric: f1_score, non_inferiority: 0.1}]}
  bare: {eval: bare, rules: [{metric: f1_score, at_least: 0.1}]}
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "ferrata.yaml").write_text(FILE)
    (tmp_path / "support.prompty").write_text(
        "---\nname: s\ninputs:\n  question: {type: string}\n---\nuser:\n{{question}}\n"
    )
    rows = [{"question": f"where is {n}", "ground_truth": f"where is {n}" if n % 4 else "where"} for n in range(120)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nobody_is_asked_until_somebody_says_so(ferrata: Callable[..., Any], shop: Path) -> None:
    dry = ferrata("scout", "--dry-run")
    assert dry.status == 0, dry.err
    lines = dry.out.splitlines()
    assert lines[0] == "support: 120 rows on main (fake/large-1)"
    assert lines[4].split()[:4] == ["small", "(fake/small-1)", "120", "0.0289"]
    assert "passed over: bare: its target, 'none', is no prompt and no flow" in dry.err
    plain = ferrata("scout", "support")
    assert plain.out == dry.out
    assert plain.err == "nobody was asked; ask them with --yes\n"
    assert not (shop / ".ferrata").exists()
    (plan,) = json.loads(ferrata("scout", "support", "--dry-run", "--json").out)
    assert plan["models"][1]["reasons"][0] == "declared in the project as 'small'"


def test_a_run_recommends_is_kept_and_is_not_repeated_too_soon(ferrata: Callable[..., Any], shop: Path) -> None:
    ran = ferrata("scout", "support", "--yes", "--budget", "1")
    assert ran.status == 0, ran.err
    assert (
        "Switch to fake/small-1: its quality is not shown to differ; it passed the gate; 1,000 requests cost" in ran.out
    )
    (folder,) = (shop / ".ferrata/scout").iterdir()
    lines = (folder / "proposal.patch").read_text().splitlines()
    changes = [line for line in lines if line.startswith(("-", "+"))]
    assert changes == ["--- a/ferrata.yaml", "+++ b/ferrata.yaml", "-  main: fake/large-1", "+  main: fake/small-1"]
    again = ferrata("scout", "support", "--yes", "--if-older-than", "7d")
    assert (again.status, again.out) == (0, "")
    assert again.err.startswith("support: looked at on ")
    assert len(list((shop / ".ferrata/scout").iterdir())) == 1


def test_a_declared_schedule_is_the_consent(ferrata: Callable[..., Any], shop: Path) -> None:
    with (shop / "ferrata.yaml").open("a") as file:
        file.write("scout: {every: 1d, budget: 1, use_cases: [support], max: 1}\n")
    assert "Switch to fake/small-1" in ferrata("scout").out
    again = ferrata("scout")
    assert (again.status, again.out) == (0, "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "no gate and no evaluation 'nothing'"),
        (["bare"], "is no prompt and no flow"),
        (["support", "--yes", "--budget", "0.0001"], "does not pay for one candidate"),
        (["support", "--if-older-than", "soon"], "not a span of time: 'soon'"),
        (["support", "--model", "other"], "'other' is not one that the project declares"),
        (["support", "--yes", "--metric", "nope"], "there is no metric 'nope'"),
        (["support", "--include", "nope/x"], "no model 'nope/x'"),
    ],
)
def test_a_mistake_is_said_without_a_traceback(
    ferrata: Callable[..., Any], shop: Path, words: list[str], said: str
) -> None:
    ran = ferrata("scout", *words)
    assert ran.status == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("scout: {budget: 1}", "scout.every"),
        ("scout: {every: often, budget: 1}", "is not a span of time: 'often'; write 7d"),
        ("scout: {every: 1d, budget: 0}", "scout.budget"),
        ("scout: {every: 1d, budget: 1, modles: 3}", "scout.modles"),
    ],
)
def test_a_wrong_section_is_named_by_line_and_key(
    ferrata: Callable[..., Any], shop: Path, section: str, said: str
) -> None:
    with (shop / "ferrata.yaml").open("a") as file:
        file.write(section + "\n")
    ran = ferrata("scout", "support")
    assert ran.status == 2
    assert said in ran.err
    assert "ferrata.yaml:1" in ran.err


def test_without_gates_it_asks_for_a_name(ferrata: Callable[..., Any], shop: Path) -> None:
    (shop / "ferrata.yaml").write_text("project: shop\n")
    ran = ferrata("scout")
    assert ran.status == 2
    assert "no gate is declared" in ran.err
