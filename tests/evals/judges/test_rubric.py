from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from replies import judged, reply, said

from ferrata.errors import InvalidDocument, NotFound, UsageError
from ferrata.evals.judges import Asker, RubricJudge, read_rubric
from ferrata.providers import FakeModel

if TYPE_CHECKING:
    from pathlib import Path

RUBRIC = """name: support
threshold: 3.5
dimensions:
  - name: tone
    description: The tone is friendly.
    weight: 3
    levels: {5: Warm., 1: Rude.}
    threshold: 4
  - name: refund_rule
    description: What is said of refunds follows the rule.
    always_applicable: false
"""


def make(text: Any, *answers: Any, **more: Any) -> tuple[RubricJudge, FakeModel]:
    model = FakeModel(list(answers))
    return RubricJudge(text, Asker(model), **more), model


def from_file(tmp_path: Path, text: str = RUBRIC) -> Path:
    path = tmp_path / "support.yaml"
    path.write_text(text)
    return path


def test_the_total_is_the_weighted_mean(tmp_path: Path) -> None:
    judge, model = make(from_file(tmp_path), said(5, "warm"), said(1, "wrong"))
    total, tone, refund = judged(judge, query="Refund?", response="Gladly!")
    assert (total.key, total.value, total.passed, total.threshold) == ("support", 4.0, True, 3.5)
    assert total.reason == "support_tone: warm\nsupport_refund_rule: wrong"
    assert (tone.key, tone.value, tone.passed, tone.properties["weight"]) == ("support_tone", 5.0, True, 3)
    assert (refund.key, refund.value, refund.passed) == ("support_refund_rule", 1.0, None)
    first, second = (request.messages[0].text for request in model.requests)
    assert "Dimension: tone\nThe tone is friendly." in first
    assert "5: Warm.\n1: Rude." in first
    assert "0: the dimension" not in first
    assert "5: fully met" in second
    assert "0: the dimension does not apply" in second
    assert "Refund?" in model.requests[0].messages[1].text


def test_a_dimension_that_does_not_apply_is_left_out(tmp_path: Path) -> None:
    judge, _ = make(from_file(tmp_path), said(3), said(0, "no refund is asked for"))
    total, _, refund = judged(judge, response="Hello")
    assert (total.value, total.properties["dimensions"]) == (3.0, 1)
    assert (refund.value, refund.status, refund.reason) == (None, "skipped", "no refund is asked for")


def test_one_that_always_applies_cannot_be_left_out(tmp_path: Path) -> None:
    judge, model = make(from_file(tmp_path), said(0), said(4), said(4))
    assert judged(judge, response="Hello")[0].value == 4.0
    assert "not one of 1, 2, 3, 4, 5" in model.requests[1].messages[-1].text


def test_where_nothing_applies_the_total_is_skipped() -> None:
    rubric = {"dimensions": [{"name": "a", "description": "A.", "always_applicable": False}]}
    total, a = judged(make(rubric, said(0))[0], response="Hello")
    assert (total.key, total.status, a.status) == ("rubric", "skipped", "skipped")


def test_a_dimension_without_a_score_makes_no_total(tmp_path: Path) -> None:
    judge, _ = make(from_file(tmp_path), said(5), reply("", "content_filter"))
    total, tone, refund = judged(judge, response="Hello")
    assert (total.status, tone.value, refund.status) == ("failed", 5.0, "failed")
    assert total.reason == "no score of support_refund_rule: a content filter stopped the judge's answer"


def test_an_empty_response_is_not_judged(tmp_path: Path) -> None:
    judge, model = make(from_file(tmp_path))
    assert {score.status for score in judged(judge, response="")} == {"failed"}
    assert model.requests == []


def test_thresholds_and_digests(tmp_path: Path) -> None:
    path = from_file(tmp_path)
    judge, _ = make(path, threshold=4.5)
    other, _ = make(path, threshold={"support_refund_rule": 2})
    assert [m.threshold for m in judge.measures] == [4.5, 4, None]
    assert [m.threshold for m in other.measures] == [3.5, 4, 2]
    reworded, _ = make(from_file(tmp_path, RUBRIC.replace("friendly", "formal")), threshold=4.5)
    assert len({judge.digest, other.digest, reworded.digest}) == 3
    with pytest.raises(UsageError, match="support has no score 'tone'"):
        make(path, threshold={"tone": 2})


def test_mistakes_of_a_file_are_named_with_their_lines(tmp_path: Path) -> None:
    text = RUBRIC.replace("weight: 3", "weight: 11").replace("name: refund_rule", "name: score")
    with pytest.raises(InvalidDocument) as caught:
        read_rubric(from_file(tmp_path, text))
    assert [(m.line, m.key) for m in caught.value.mistakes] == [(6, "dimensions.0.weight"), (9, "dimensions.1.name")]
    assert "at most 10" in str(caught.value)
    assert "'score' is the name of something that every score has" in str(caught.value)
    with pytest.raises(InvalidDocument, match="'tone' is there twice"):
        read_rubric(from_file(tmp_path, RUBRIC.replace("refund_rule", "tone")))
    with pytest.raises(InvalidDocument, match="must not be empty"):
        read_rubric({"dimensions": []})
    with pytest.raises(NotFound):
        read_rubric(tmp_path / "none.yaml")
