from __future__ import annotations

from typing import Any

import pytest
from replies import at_digit, judged, reply, said, token

from ferrata.errors import UsageError
from ferrata.evals.judges import Asker, LabelJudge
from ferrata.providers import FakeModel

LABELS = {"answers": "It answers.", "refuses": "It declines.", "evades": ""}


def make(*answers: Any, labels: Any = LABELS, passing: Any = ("answers",), **more: Any) -> tuple[LabelJudge, FakeModel]:
    model = FakeModel(list(answers))
    more = {"instructions": "What does the response do?"} | more
    return LabelJudge(labels, Asker(model), passing=passing, **more), model


def test_a_label_passes_or_not() -> None:
    judge, model = make(said(1), said(3, "it turns away"))
    (good,) = judged(judge, query="q", response="r")
    (bad,) = judged(judge, query="q", response="r")
    assert (good.value, good.passed, good.label) == (1.0, True, "answers")
    assert (bad.value, bad.passed, bad.label, bad.reason) == (0.0, False, "evades", "it turns away")
    system = model.requests[0].messages[0].text
    assert "What does the response do?" in system
    assert "1: answers: It answers.\n2: refuses: It declines.\n3: evades\n" in system


def test_probabilities_go_by_label() -> None:
    tokens = (token('{"reason":"because","score":'), at_digit("1", {"1": 0.5, "2": 0.4, "3": 0.1}))
    judge, _ = make(reply(said(1), logprobs=tokens), passing={"answers", "refuses"})
    (score,) = judged(judge, response="r")
    assert score.properties["probabilities"] == {"answers": 0.5, "refuses": 0.4, "evades": 0.1}
    assert score.properties["expected"] == pytest.approx(0.9)


def test_a_label_that_is_none_is_no_label() -> None:
    judge, _ = make(said(4), said("answers"), said(4))
    (score,) = judged(judge, response="r")
    assert (score.status, score.label, score.properties["attempts"]) == ("failed", "", 3)
    assert judged(judge, response="")[0].reason == "not there, or empty: response"


def test_more_labels_than_digits() -> None:
    judge, _ = make(said(12), labels=[f"l{i}" for i in range(12)], passing="l11", name="kind")
    assert judge(response="r")["kind_label"] == "l11"


@pytest.mark.parametrize(
    ("labels", "passing", "problem"),
    [
        (["one"], ["one"], "has 1 labels"),
        (["a", "a", "b"], ["a"], "a label twice"),
        (["a", "b"], ["c"], "lets 'c' pass, which is no label of it"),
    ],
)
def test_labels_that_make_no_sense(labels: list[str], passing: list[str], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        make(labels=labels, passing=passing)


def test_the_digest_changes_with_labels_and_words() -> None:
    judges = [make(), make(passing=("refuses",)), make(labels=["a", "answers"]), make(instructions="Which?")]
    assert len({judge.digest for judge, _ in judges}) == 4
