"""Gates by name, from a project's files to the ledger."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.app import open_app
from ferrata.errors import NotFound, UsageError
from ferrata.evals import EvalFolder
from ferrata.evaluating import runs_folder
from ferrata.gates import GateResult, changed_gate, gate_of, verdict_of
from ferrata.gating import Interrupted, Request, gate_digest, gates_folder, run_gate

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Generator
    from pathlib import Path

    from ferrata.app import App

BOT = """
import asyncio


async def answer(question, n):
    await asyncio.sleep(0.001)
    return "within 30 days of arrival" if n % 5 else "within 31 days"


async def worse(question, n):
    await asyncio.sleep(0.001)
    return "no idea at all"


seen = set()


def at_second(question, n):
    if n not in seen:
        seen.add(n)
        raise ValueError("broken")
    return "within 30 days of arrival"


def flaky(question, n):
    if n % 2:
        raise ValueError("broken")
    return "within 30 days of arrival"
"""
FILE = """
project: shop
evals:
  support:
    target: bot.py:answer
    data: rows.jsonl
    evaluators: [{use: f1_score, threshold: 0.9}]
    concurrency: 4
gates:
  support:
    eval: support
    baseline: bot.py:answer
    rules:
    - {metric: f1_score, non_inferiority: 0.2}
    - {metric: f1_score.pass_rate, at_least: 0.5}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "bot.py").write_text(BOT)
    (tmp_path / "ferrata.yaml").write_text(FILE)
    write_rows(tmp_path / "rows.jsonl", range(60))
    return tmp_path


def write_rows(path: Path, numbers: Any) -> None:
    rows = [
        {"question": f"q{n}", "n": n, "ground_truth": "within 30 days of arrival", "topic": f"t{int(n**1.5) % 10}"}
        for n in numbers
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def decided(app: App, *, changes: dict[str, Any] | None = None, **asked: Any) -> GateResult:
    name, gate = gate_of(app.settings, None)
    return run_gate(app, Request(name, changed_gate(gate, **(changes or {})), **asked))


def test_a_gate_evaluates_both_sides_and_the_ledger_has_the_verdict(root: Path) -> None:
    with open_app(root) as app:
        result = decided(app)
        assert (result.verdict, result.rows, result.exit_status) == ("pass", 60, 0)
        assert (result.candidate.run, result.baseline and result.baseline.run) == (
            "gate-support-1",
            "gate-support-baseline-1",
        )
        record = next(app.ledger.records(action="gate.decided"))
        assert record.payload["verdict"] == "pass"
        assert record.payload["subject_kind"] == "function"
        assert record.payload["baseline"] is True
        assert [rule["verdict"] for rule in record.payload["rules"]] == ["pass", "pass"]
        kept = json.loads((gates_folder(app) / "support" / "gate-support-1.json").read_text())
        assert kept == json.loads(json.dumps(result.as_json()))
        _, gate = gate_of(app.settings)
        digest = gate_digest(app, gate)
        found = verdict_of(app.ledger, "support", result.candidate.digest, settings_digest=digest)
        assert found is not None and (found.verdict, found.waived, found.run) == ("pass", False, "gate-support-1")
        assert verdict_of(app.ledger, "support", "0" * 64, settings_digest=digest) is None
        assert verdict_of(app.ledger, "support", "", settings_digest=digest) is None
        other = gate_digest(app, changed_gate(gate, alpha=0.2))
        assert verdict_of(app.ledger, "support", result.candidate.digest, settings_digest=other) is None


def test_a_worse_candidate_fails_with_the_rows_that_got_worse(root: Path) -> None:
    with open_app(root) as app:
        result = decided(app, target="bot.py:worse")
        assert (result.verdict, result.exit_status) == ("fail", 1)
        first = result.changes[0]
        assert (first.output_before, first.output_after) == ("within 30 days of arrival", "no idea at all")
        assert first.before > first.after and first.inputs["n"] == first.row
        assert set(result.rules[0].distributions) == {"baseline", "candidate"}
        assert sum(result.rules[0].distributions["candidate"].counts) == 60
        waived = decided(app, target="bot.py:worse", waived="a known change")
        assert (waived.verdict, waived.exit_status) == ("fail", 0)
        record = next(app.ledger.records(action="gate.decided", newest_first=True))
        assert (record.payload["waived"], record.payload["reason"]) == (True, "a known change")


def test_runs_and_files_can_be_judged_without_evaluating(root: Path) -> None:
    with open_app(root) as app:
        first = decided(app, save_baseline=root / "baseline.jsonl")
        again = decided(app, candidate="gate-support-1", changes={"baseline": "baseline.jsonl"})
        assert [rule.p_value for rule in again.rules] == [rule.p_value for rule in first.rules]
        assert again.baseline is not None and again.baseline.target == "bot.py:answer"
        assert again.baseline.digest == first.candidate.digest
        from_file = decided(app, candidate="baseline.jsonl", changes={"baseline": "gate-support-1"})
        assert from_file.verdict == "pass"
        assert len(EvalFolder.every(runs_folder(app))) == 2
        with pytest.raises(NotFound, match="no run and no file 'nothing'"):
            decided(app, candidate="nothing")
        (root / "bad.jsonl").write_text('{"format": "ferrata scores 1"}\n')
        with pytest.raises(UsageError, match="is damaged"):
            decided(app, candidate="baseline.jsonl", changes={"baseline": "bad.jsonl"})


def test_a_verdict_on_a_run_over_other_data_is_none_on_the_gates(root: Path) -> None:
    write_rows(root / "easy.jsonl", (n for n in range(1, 60) if n % 5))
    with open_app(root) as app:
        run = decided(app, data="easy.jsonl").candidate.run
        result = decided(app, candidate=run)
        assert any(said.startswith("the candidate was run on other data, 'easy.jsonl'") for said in result.notes)
        declared = gate_digest(app, gate_of(app.settings, None)[1])
        assert verdict_of(app.ledger, "support", result.candidate.digest, settings_digest=declared) is None
        whole = decided(app)
        again = decided(app, candidate=whole.candidate.run)
        assert (again.settings_digest, list(again.notes)) == (declared, list(whole.notes))


def test_a_run_that_other_evaluators_scored_is_none_of_the_gates(root: Path) -> None:
    with open_app(root) as app:
        run = decided(app).candidate.run
        (root / "ferrata.yaml").write_text(FILE.replace("threshold: 0.9", "threshold: 0.1"))
    with open_app(root) as app:
        result = decided(app, candidate=run)
        assert result.verdict == "inconclusive"
        reasons = " ".join([*result.notes, *(line for rule in result.rules for line in rule.reasons)])
        assert f"{run!r} was not scored by the gate's own 'f1_score' as it is now" in reasons
        assert f"ferrata eval rerun {run}" in reasons


def test_a_run_of_drawn_rows_does_not_stand_for_all(root: Path) -> None:
    with open_app(root) as app:
        run = decided(app, changes={"rows": 20, "seed": 1}).candidate.run
        result = decided(app, candidate=run)
        assert result.verdict == "inconclusive"
        reasons = " ".join([*result.notes, *(line for rule in result.rules for line in rule.reasons)])
        assert "has only 20 rows that were drawn from the data, and the gate takes all" in reasons


def test_scores_of_another_tool_are_a_baseline_by_their_columns(root: Path) -> None:
    with open_app(root) as app:
        first = decided(app, save_baseline=root / "baseline.jsonl")
        rows = [json.loads(line) for line in (root / "baseline.jsonl").read_text().splitlines()[1:]]
        lines = [f"{row['key']},{row['scores']['f1_score.f1']}" for row in rows]
        (root / "other.csv").write_text("\n".join(["key,f1_score", *lines]) + "\n")
        again = decided(app, candidate="gate-support-1", changes={"baseline": "other.csv"})
        assert again.rules[0].p_value == pytest.approx(first.rules[0].p_value)
        (root / "other.csv").write_text("key,f1_score\nx,0.5\ny,0.6\n")
        other = decided(app, candidate="baseline.jsonl", changes={"baseline": "other.csv"})
        assert other.verdict == "inconclusive"


def test_the_last_pass_is_the_baseline_once_there_is_one(root: Path) -> None:
    with open_app(root) as app:
        with pytest.raises(NotFound, match="has not passed here yet"):
            decided(app, changes={"baseline": "last-pass"})
        decided(app)
        decided(app, target="bot.py:worse")
        result = decided(app, changes={"baseline": "last-pass"})
        assert result.baseline is not None and result.baseline.run == "gate-support-1"


def test_rows_are_drawn_by_the_seed_and_shared_by_both_sides(root: Path) -> None:
    with open_app(root) as app:
        one = decided(app, changes={"rows": 20, "seed": 1})
        assert (one.rows, one.rules[0].n) == (20, 20)
        numbers = [drawn_rows(app, one), drawn_rows(app, decided(app, changes={"rows": 20, "seed": 1}))]
        assert numbers[0] == numbers[1] != list(range(20))
        assert drawn_rows(app, decided(app, changes={"rows": 20, "seed": 2})) != numbers[0]


def drawn_rows(app: App, result: GateResult) -> list[int]:
    with EvalFolder.read(runs_folder(app), result.candidate.run) as folder:
        return [line["row"] for line in folder.lines()]


def test_a_gate_that_extends_looks_again_with_more_rows_at_less_alpha(root: Path) -> None:
    with open_app(root) as app:
        changes = {"rows": 15, "inconclusive": "extend"}
        result = decided(app, changes=changes)
        assert result.verdict == "pass"
        assert result.notes[0] == "look 3 of 3 at most, with 60 of 60 rows: each at alpha 0.0167"
        assert result.rules[0].confidence == pytest.approx(1 - 2 * 0.05 / 3)
        assert len(EvalFolder.every(runs_folder(app))) == 2, "one run a side, gone on with"
        at_once = decided(app, changes=changes, target="bot.py:worse")
        assert (at_once.verdict, at_once.rows) == ("fail", 15)


def test_a_sequential_gate_stops_the_run_that_it_has_decided(root: Path) -> None:
    write_rows(root / "rows.jsonl", range(200))
    with open_app(root) as app:
        result = decided(app, changes={"sequential": True}, target="bot.py:worse")
        assert (result.verdict, result.sequential) == ("fail", True)
        assert result.stopped_after is not None and result.stopped_after < 30
        assert result.stopped_after <= result.rows < 100, "calls on their way may end"
        assert result.notes[0].startswith(f"decided after {result.stopped_after} of 200 rows")
        again = decided(app, candidate=result.candidate.run)
        assert again.verdict == "inconclusive"
        assert "did not come to its end" in again.rules[0].reasons[0]


def test_failing_rows_fail_the_gate_and_clusters_are_read(root: Path) -> None:
    with open_app(root) as app:
        result = decided(app, target="bot.py:flaky", changes={"cluster": "topic"})
        assert result.verdict == "fail"
        assert "30 rows of the candidate failed and count as the worst score" in result.rules[0].reasons
        assert result.rules[0].comparison is not None and result.rules[0].comparison.clusters == 10


def test_a_row_that_fails_in_some_repeats_is_not_as_good_as_one_that_never_does(root: Path) -> None:
    text = FILE.replace("concurrency: 4", "concurrency: 1\n    repeats: 2")
    (root / "ferrata.yaml").write_text(text)
    with open_app(root) as app:
        result = decided(app, target="bot.py:at_second")
        assert result.verdict == "fail"
        assert result.rules[0].candidate == pytest.approx(0.5)
        assert "60 rows of the candidate failed and count as the worst score" in result.rules[0].reasons
        decided(app, candidate=result.candidate.run, save_baseline=root / "half.jsonl")
        again = decided(app, candidate="half.jsonl", changes={"baseline": "gate-support-baseline-1"})
        assert again.rules[0].estimate == result.rules[0].estimate


def test_a_baseline_on_other_data_is_compared_over_the_rows_that_match(root: Path) -> None:
    with open_app(root) as app:
        decided(app)
        write_rows(root / "rows.jsonl", range(3, 63))
        result = decided(app, changes={"baseline": "gate-support-1"})
        assert result.rules[0].n == 57
        assert result.notes[0].startswith("the baseline was run on other data, 'rows.jsonl'")
        write_rows(root / "rows.jsonl", range(30, 90))
        far = decided(app, changes={"baseline": "gate-support-1"})
        assert far.verdict == "inconclusive"
        assert "only 30 of the candidate's 60 rows are in the baseline" in far.rules[0].reasons[0]


def test_a_metric_that_there_is_not_is_named_before_anything_is_kept(root: Path) -> None:
    text = FILE.replace("metric: f1_score,", "metric: bleu,")
    (root / "ferrata.yaml").write_text(text)
    with open_app(root) as app:
        with pytest.raises(UsageError) as raised:
            decided(app)
        assert raised.value.hint == "there is f1_score.f1, f1_score.f1.pass_rate"
        assert not runs_folder(app).exists(), "nothing is asked for nothing"


def test_a_baseline_that_is_nothing_is_named(root: Path) -> None:
    with open_app(root) as app, pytest.raises(NotFound, match="the baseline 'nope-1' is no run and no file of scores"):
        decided(app, changes={"baseline": "nope-1"})


def test_a_gate_whose_run_is_stopped_says_nothing(root: Path) -> None:
    @contextmanager
    def stopped(stop: asyncio.Event, folder: EvalFolder) -> Generator[None]:
        stop.set()
        yield

    with open_app(root) as app:
        with pytest.raises(Interrupted, match="was stopped"):
            decided(app, around=stopped)
        assert list(app.ledger.records(action="gate.decided")) == []


def test_two_gates_at_once_take_runs_of_different_names(root: Path) -> None:
    inner: list[GateResult] = []

    @contextmanager
    def meanwhile(stop: asyncio.Event, folder: EvalFolder) -> Generator[None]:
        if not inner and folder.name == "gate-support-1":
            # The name that the gate has counted on is taken by another one, in between.
            (folder.path.parent / "gate-support-2").mkdir()
        yield

    with open_app(root) as app:
        assert decided(app, around=meanwhile).candidate.run == "gate-support-1"
        assert decided(app).candidate.run == "gate-support-3"


def test_no_record_leaves_nothing_but_the_runs(root: Path) -> None:
    with open_app(root) as app:
        assert replace(decided(app, record=False)).verdict == "pass"
        assert not gates_folder(app).exists()
        assert list(app.ledger.records()) == []
