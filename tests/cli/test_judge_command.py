"""`ferrata judge`: what it prints, and how it fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., Any]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "ferrata.yaml").write_text(
        "project: t\nmodels:\n  m: {vendor: fake, model: echo}\n"
        "evals:\n  support: {data: d.jsonl, judge: m, evaluators: [fluency, f1_score]}\n"
    )
    rows = [
        {
            "key": f"k{i}",
            "response": "so " * (i + 1),
            "label": 1 + (i % 2),
            "labels": {"ann": 1, "bob": 1 + (i % 3 == 0)},
        }
        for i in range(24)
    ]
    (tmp_path / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "d.jsonl").write_text("".join(json.dumps({"response": row["response"]}) + "\n" for row in rows))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_calibrate_list_and_show(here: Path, ferrata: Run) -> None:
    before = ferrata("judge", "list")
    assert "support.fluency  fluency  fake/echo  no          its agreement with people was never measured" in before.out
    done = ferrata("judge", "calibrate", "support", "--labels", "labels.jsonl")
    assert (done.status, done.err) == (0, "")
    # the judge says 1 of every row, people 1 and 2 in turn
    assert done.out.startswith("support.fluency: may not decide: kappa 0.00 (")
    assert "quadratic weighted kappa" in done.out
    assert "people among them" in done.out
    assert (here / "evals/calibrations/support.fluency.json").is_file()
    shown = ferrata("judge", "show", "support.fluency", "--max", "2")
    assert "judge \\ people   1   2  3  4  5\n1               12  12  0  0  0\n" in shown.out
    assert "k1   1 fail  2\nk3   1 fail  2\nand 10 more\n" in shown.out
    (listed,) = json.loads(ferrata("judge", "list", "--json").out)
    assert (listed["judge"], listed["may_decide"], listed["rows"]) == ("support.fluency", False, 24)
    about = json.loads(ferrata("judge", "show", "support.fluency", "--json").out)
    assert about["calibration"]["kappa"] == 0.0
    assert about["worst"][0]["key"] == "k1"
    assert "judge.calibrated" in ferrata("ledger", "list").out


def test_rows_that_people_left_undecided_are_said_and_asked_about(here: Path, ferrata: Run) -> None:
    both = {"ann": 1, "bob": 2}
    more = [{"key": f"u{i}", "response": f"or {i}", "label": None, "labels": both} for i in range(4)]
    with (here / "labels.jsonl").open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in more)
    done = ferrata("judge", "calibrate", "support", "--labels", "labels.jsonl")
    assert (done.status, done.err) == (0, "")
    assert "24 rows, the judge's scale" in done.out
    assert "4 of 28 rows: people differ, and nobody has decided" in done.out
    assert "2 people, 28 rows labelled by two or more" in done.out
    assert "56 labels, 28 rows" in done.out
    assert "People differ on 4 of 28 rows and nobody has decided them" in done.out
    found = json.loads(ferrata("judge", "calibrate", "support", "--labels", "labels.jsonl", "--json").out)
    assert (found["rows"], found["undecided"], found["people"]["n"]) == (24, 4, 28)
    assert (found["individual"]["rows"], found["individual"]["kappa"]) == (28, 0.0)
    about = json.loads(ferrata("judge", "show", "support.fluency", "--json").out)
    assert about["calibration"]["undecided"] == 4


def test_stats_say_what_is_known_of_the_judge(here: Path, ferrata: Run) -> None:
    assert ferrata("eval", "run", "support", "--fail-on", "none").status == 0
    assert "corrected" not in ferrata("eval", "stats", "support-1").out
    rows = [json.loads(line) for line in (here / "labels.jsonl").read_text().splitlines()]
    (here / "labels.jsonl").write_text(
        "".join(json.dumps({**row, "label": "pass", "labels": None}) + "\n" for row in rows)
    )
    assert ferrata("judge", "calibrate", "support", "--labels", "labels.jsonl").status == 0
    told = ferrata("eval", "stats", "support-1")
    assert "fluency.fluency.pass_rate is not corrected by people's labels: " in told.out
    (one,) = json.loads(ferrata("eval", "stats", "support-1", "--json").out)["corrected"]
    assert (one["value"], one["may_decide"]) == (None, False)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nothing",), "no evaluation 'nothing'"),
        (("support", "f1_score"), "'support' has no judge 'f1_score'"),
        (("support", "--label", "mark"), "has no column 'mark'; its columns are key, response, label, labels"),
        (("support", "--score", "tone"), "has no score 'tone'"),
        (("support", "--run", "gone"), "there is no run 'gone'"),
    ],
)
def test_mistakes_are_said_without_a_traceback(here: Path, ferrata: Run, words: tuple[str, ...], says: str) -> None:
    done = ferrata("judge", "calibrate", *words, "--labels", "labels.jsonl")
    assert done.status == 2
    assert says in done.err
    assert "Traceback" not in done.err
    assert not (here / "evals").exists()


def test_a_missing_key_is_named_by_its_variable(here: Path, ferrata: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    settings = here / "ferrata.yaml"
    settings.write_text(settings.read_text().replace("vendor: fake, model: echo", "vendor: openai, model: gpt-4o-mini"))
    done = ferrata("judge", "calibrate", "support", "--labels", "labels.jsonl")
    assert done.status == 2
    assert "'OPENAI_API_KEY' is not set\nhint: export OPENAI_API_KEY=..., or" in done.err
    assert "; then run the command again" in done.err


def test_one_label_is_said_to_show_nothing(here: Path, ferrata: Run) -> None:
    (here / "labels.jsonl").write_text(json.dumps({"response": "so", "label": 1}) + "\n")
    done = ferrata("judge", "calibrate", "support", "--labels", "labels.jsonl")
    assert done.status == 0
    assert "may not decide: kappa is not defined on 1 row" in done.out
    assert done.err == "the ledger has no record of it\n"


def test_show_names_the_judges_that_there_are(here: Path, ferrata: Run) -> None:
    assert "there is support.fluency" in ferrata("judge", "show", "support.other").err
    assert "was never measured" in ferrata("judge", "show", "support.fluency").out
    assert here.is_dir()


GATED = """
project: t
evals:
  support: {data: d.jsonl, evaluators: ["evals/own.py:long"]}
gates:
  support:
    eval: support
    rules: [{metric: long, at_least: 0.5}]
"""


def test_a_judge_decides_a_gate_once_it_was_held_against_people(here: Path, ferrata: Run) -> None:
    (here / "ferrata.yaml").write_text(GATED)
    (here / "evals").mkdir()
    (here / "evals/own.py").write_text("async def long(response: str) -> bool:\n    return len(response.split()) > 6\n")
    rows = [{"response": "so " * (i % 24 + 1) + str(i)} for i in range(200)]
    (here / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    labels = [{**row, "label": "pass" if (i % 24 > 5) != (i % 20 == 0) else "fail"} for i, row in enumerate(rows[:80])]
    (here / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in labels))
    before = ferrata("gate", "support")
    assert "it does not decide: its agreement with people was never measured: ferrata judge calibrate" in before.out
    assert ferrata("judge", "calibrate", "support", "--labels", "labels.jsonl").status == 0
    after = ferrata("gate", "support")
    assert (after.status, "does not decide" in after.out) == (0, False)
    shown = ferrata("eval", "stats", "gate-support-1")
    assert "long.long corrected by people's labels: 0." in shown.out
    (here / "evals/calibrations/support.long.json").write_text("{")
    damaged = ferrata("gate", "support")
    assert "it does not decide: its calibration cannot be read" in damaged.out
    assert (damaged.status, damaged.out.splitlines()[0]) == (3, "support: inconclusive: gate-support-3, 200 rows")
