"""Judges of a project, asked about labelled rows as their evaluation asks them, and what is known of them afterwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.app import App, open_app
from ferrata.calibrating import CalibrationRequest, calibrate, corrected_scores, judge_named, judges_of, standings
from ferrata.calibration import LabelColumns
from ferrata.errors import NotFound, UsageError
from ferrata.evals import definition_of
from ferrata.evaluating import Evaluation, Given, run_evaluation
from ferrata.providers import FakeModel, FakeServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ferrata.messages import ChatRequest

SETTINGS = """
project: t
models:
  judge: {{vendor: openai-compatible, model: judge-1, url: '{url}'}}
evals:
  support:
    target: shop.py:answer
    data: data.jsonl
    judge: judge
    evaluators:
    - f1_score
    - {{use: groundedness, name: grounded, map: {{context: '${{target.article}}'}}}}
  both:
    data: data.jsonl
    judge: judge
    evaluators: [fluency, preference]
"""
CODE = """
def answer(question):
    n = int(question.split()[-1])
    return {"response": f"It is fine. grade={4 if n % 3 else 2} " + "so " * (n % 5), "article": f"article {n}"}
"""


class Judge:
    """Scores as the response says by `grade=N`; nothing where it says none. Of two responses it names the first."""

    def __init__(self) -> None:
        self.model = FakeModel(self.answer)

    def answer(self, request: ChatRequest) -> str:
        text = request.messages[-1].text
        _, found, rest = text.partition("grade=")
        if "first" in text and "second" in text:
            return json.dumps({"reason": "the first", "score": 1})
        return json.dumps({"reason": "as it says", "score": int(rest[0])}) if found else "I cannot say."


@pytest.fixture
def judge(tmp_path: Path) -> Iterator[Judge]:
    found = Judge()
    with FakeServer(found.model) as server:
        (tmp_path / "ferrata.yaml").write_text(SETTINGS.format(url=server.url))
        (tmp_path / "shop.py").write_text(CODE)
        rows = [{"question": f"How about {i}"} for i in range(90)]
        (tmp_path / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        yield found


@pytest.fixture
def app(tmp_path: Path, judge: Judge) -> Iterator[App]:
    assert judge.model.requests == []
    with open_app(tmp_path) as opened:
        yield opened


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def labelled(number: int, *, wrong: int = 0) -> list[dict[str, Any]]:
    """As a review exports rows of the evaluation; people disagree with the judge on the first `wrong`."""
    rows: list[dict[str, Any]] = []
    for i in range(number):
        good = (i % 3 != 0) != (i < wrong)
        response = f"It is fine. grade={4 if i % 3 else 2} " + "so " * (i % 5)
        made = {"response": response, "article": f"article {i}", "label": "pass" if good else "fail"}
        rows.append({"key": f"k{i}", "question": f"How about {i}", **made})
    return rows


def test_the_judge_is_asked_as_the_evaluation_asks_it_and_not_twice(app: App, judge: Judge, tmp_path: Path) -> None:
    evaluation = Evaluation.open(app, Given(definition_of(app.settings, "support"), "support"))
    run_evaluation(evaluation)
    evaluation.close()
    asked = len(judge.model.requests)
    assert asked == 90
    labels = write(tmp_path / "labels.jsonl", labelled(60, wrong=3))
    done = calibrate(app, CalibrationRequest("support", labels))
    assert len(judge.model.requests) == asked  # the same question of the same judge: answered by the run
    assert done.calibration.rows == 60
    assert (done.calibration.evaluator, done.calibration.judge) == ("grounded", "groundedness")
    assert done.calibration.kappa == pytest.approx(0.8881, abs=1e-3)
    assert done.standing.may_decide
    assert done.recorded
    (record,) = app.ledger.records(action="judge.calibrated")
    assert record.payload["rows"] == 60
    assert record.payload["current"] is True
    digest = judge_named(app, "support").asked.evaluator.digest  # pyright: ignore[reportOptionalMemberAccess]
    assert standings(app, "support", {"grounded": digest, "other": "x"})["grounded"].may_decide
    assert not standings(app, "support", {"grounded": "changed"})["grounded"].may_decide
    main, other = ["grounded.groundedness.pass_rate"], ["grounded.groundedness", "grounded.tone"]
    assert standings(app, "support", {"grounded": digest}, metrics=main)["grounded"].may_decide
    assert not standings(app, "support", {"grounded": digest}, metrics=other)["grounded"].may_decide


def test_no_text_of_a_row_is_kept(app: App, tmp_path: Path) -> None:
    done = calibrate(app, CalibrationRequest("support", write(tmp_path / "labels.jsonl", labelled(30))))
    text = done.file.read_text()
    assert "It is fine" not in text
    assert "How about" not in text


def test_scores_of_a_run_are_taken_by_key_and_its_rates_corrected(app: App, judge: Judge, tmp_path: Path) -> None:
    from ferrata.evals import existing, key_of_values
    from ferrata.evaluating import runs_folder

    evaluation = Evaluation.open(app, Given(definition_of(app.settings, "support"), "support"))
    run = run_evaluation(evaluation).name
    evaluation.close()
    rows = [{**row, "key": key_of_values({"question": row["question"]})} for row in labelled(45, wrong=6)]
    labels = write(tmp_path / "labels.jsonl", [*rows, {**rows[0], "key": "nobody"}])
    asked = len(judge.model.requests)
    found = calibrate(app, CalibrationRequest("support", labels, run=run)).calibration
    assert (found.rows, found.run, len(judge.model.requests)) == (45, run, asked)
    assert found.missing == {f"the run {run} has no such row": 1}
    (one,) = corrected_scores(app, run)
    assert one.metric == "grounded.groundedness.pass_rate"
    assert one.corrected.inference is not None
    assert one.corrected.inference.n == 45  # those without a label
    with existing(runs_folder(app), run) as folder:
        assert folder.document["definition"] == "support"
    other = write(tmp_path / "other.jsonl", labelled(3))
    with pytest.raises(UsageError, match="has none of the labelled rows"):
        calibrate(app, CalibrationRequest("support", other, run=run))


def test_a_run_of_another_judge_is_refused(app: App, tmp_path: Path) -> None:
    evaluation = Evaluation.open(app, Given(definition_of(app.settings, "support"), "support"))
    run = run_evaluation(evaluation).name
    evaluation.close()
    settings = tmp_path / "ferrata.yaml"
    settings.write_text(settings.read_text().replace("name: grounded,", "name: grounded, threshold: 4,"))
    labels = write(tmp_path / "labels.jsonl", labelled(3))
    with open_app(tmp_path) as changed, pytest.raises(UsageError, match="was judged by another 'grounded'"):
        calibrate(changed, CalibrationRequest("support", labels, run=run))


def test_rows_that_the_judge_cannot_score_are_counted(app: App, tmp_path: Path) -> None:
    rows = labelled(30)
    rows += [{**rows[1], "key": "silent", "response": "I say no number."}]
    found = calibrate(app, CalibrationRequest("support", write(tmp_path / "labels.jsonl", rows))).calibration
    assert (found.rows, found.lost) == (30, 1)


def test_a_judge_that_scores_nothing_leaves_no_calibration(app: App, tmp_path: Path) -> None:
    rows = [{**row, "response": "I say nothing."} for row in labelled(3)]
    with pytest.raises(UsageError, match="gave no score on any of 3 labelled rows"):
        calibrate(app, CalibrationRequest("support", write(tmp_path / "labels.jsonl", rows)))
    assert not (tmp_path / "evals").exists()


def test_a_judge_of_pairs_shows_how_often_the_order_decides(app: App, tmp_path: Path) -> None:
    rows = [
        {"key": f"k{i}", "response_a": "one two", "response_b": "one", "label": "A" if i % 2 else "tie"}
        for i in range(24)
    ]
    request = CalibrationRequest("both", write(tmp_path / "labels.jsonl", rows), "preference")
    found = calibrate(app, request).calibration
    biases = {one["name"]: one["estimate"] for one in found.biases}
    assert biases == {"flips": 1.0, "position": 0.5}
    assert found.kappa == 0.0


def test_a_threshold_of_its_own_measures_and_does_not_decide(app: App, tmp_path: Path) -> None:
    request = CalibrationRequest("support", write(tmp_path / "labels.jsonl", labelled(30)), threshold=4.0)
    done = calibrate(app, request)
    assert done.calibration.threshold == 4.0
    assert not done.standing.may_decide
    assert "calibrated at the threshold 4, and decides at 3" in done.standing.reason


def test_judges_are_those_that_ask_a_model(app: App) -> None:
    assert [one.name for one in judges_of(app)] == ["support.grounded", "both.fluency", "both.preference"]
    with pytest.raises(UsageError, match="'both' has several judges"):
        judge_named(app, "both")
    with pytest.raises(NotFound, match="'support' has no judge 'f1_score'"):
        judge_named(app, "support", "f1_score")


def test_a_damaged_calibration_is_no_pass(app: App, tmp_path: Path) -> None:
    done = calibrate(app, CalibrationRequest("support", write(tmp_path / "labels.jsonl", labelled(30))))
    done.file.write_text(done.file.read_text()[:-40])
    known = standings(app, "support", {"grounded": done.calibration.digest})["grounded"]
    assert not known.may_decide
    assert "its calibration cannot be read" in known.reason
    assert "support.grounded.json" in known.reason


def test_clusters_come_from_a_column(app: App, tmp_path: Path) -> None:
    rows = [{**row, "talk": i // 5} for i, row in enumerate(labelled(30, wrong=2))]
    request = CalibrationRequest(
        "support", write(tmp_path / "labels.jsonl", rows), columns=LabelColumns(cluster="talk")
    )
    assert calibrate(app, request).calibration.pairs[7].cluster == "1"


@pytest.mark.parametrize(
    "other", ["parameters: {top_p: 0.1}", "parameters: {reasoning_effort: low}", "wire: openai-responses"]
)
def test_a_judge_whose_model_is_declared_otherwise_is_another(tmp_path: Path, other: str) -> None:
    digests: set[str] = set()
    for more in ("parameters: {}", other):
        text = SETTINGS.format(url="http://127.0.0.1:1/v1").replace("model: judge-1,", f"model: judge-1, {more},")
        (tmp_path / "ferrata.yaml").write_text(text)
        (tmp_path / "shop.py").write_text(CODE)
        with open_app(tmp_path) as app:
            digests.add(judge_named(app, "support", "grounded").asked.evaluator.digest)
    assert len(digests) == 2
