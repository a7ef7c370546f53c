from __future__ import annotations

from typing import Any

import pytest
from replies import at_digit, judged, reply, said, token

from ferrata.errors import UsageError
from ferrata.evals.judges import Asker, PreferenceJudge
from ferrata.providers import FakeModel


def make(*answers: Any, **more: Any) -> tuple[PreferenceJudge, FakeModel]:
    model = FakeModel(list(answers))
    return PreferenceJudge(Asker(model), **more), model


@pytest.mark.parametrize(
    ("forth", "back", "value", "label", "bias", "place"),
    [
        (1, 2, 1.0, "response", 0.0, None),
        (2, 1, 0.0, "baseline", 0.0, None),
        (0, 0, 0.5, "tie", 0.0, None),
        (1, 0, 0.5, "tie", 0.0, None),
        (0, 1, 0.5, "tie", 0.0, None),
        (1, 1, 0.5, "tie", 1.0, "first"),
        (2, 2, 0.5, "tie", 1.0, "second"),
    ],
)
def test_both_orders_decide(forth: int, back: int, value: float, label: str, bias: float, place: str | None) -> None:
    judge, model = make(said(forth, "one"), said(back, "two"))
    preference, position = judged(judge, query="q", response="OURS", baseline="THEIRS")
    assert (preference.value, preference.label, preference.passed) == (value, label, value >= 0.5)
    assert preference.reason == "response first: one\nbaseline first: two"
    assert (position.value, position.passed) == (bias, None)
    assert preference.properties.get("favoured_place") == place
    first, second = (request.messages[1].text for request in model.requests)
    assert first.index("OURS") < first.index("THEIRS")
    assert second.index("THEIRS") < second.index("OURS")


def test_a_and_b() -> None:
    judge, _ = make(said(1), said(2), criteria="The shorter one is better.")
    found = judge(response_a="x", response_b="x y")
    assert (found["preference"], found["preference_label"]) == (1.0, "response_a")


def test_criteria_of_ones_own_stand_in_the_place_of_the_usual_ones() -> None:
    judge, model = make(said(1), criteria="The shorter one is better.")
    judged(judge, response="x", baseline="y")
    system = model.requests[0].messages[0].text
    assert "The shorter one is better." in system
    assert "in this order" not in system
    assert judge.digest != make()[0].digest


def test_probabilities_of_both_orders_make_the_expected_preference() -> None:
    def sure(answer: int, shares: dict[str, float]) -> Any:
        tokens = (token('{"reason":"because","score":'), at_digit(str(answer), shares), token("}"))
        return reply(said(answer), logprobs=tokens)

    judge, _ = make(sure(1, {"1": 0.6, "2": 0.2, "0": 0.2}), sure(2, {"2": 0.5, "1": 0.5}))
    preference, _ = judged(judge, response="x", baseline="y")
    assert preference.properties["expected"] == pytest.approx((0.7 + 0.5) / 2)


def test_one_order_without_an_answer_is_no_preference() -> None:
    judge, _ = make(said(1), reply('{"rea', "length"))
    preference, position = judged(judge, response="x", baseline="y")
    assert (preference.status, position.status) == ("failed", "failed")
    assert "cut off" in preference.reason
    assert preference.properties["orders"][0]["score_integer"] == 1


def test_missing_responses() -> None:
    judge, model = make()
    assert judged(judge, response="x")[0].reason == "not there, or empty: baseline"
    assert judged(judge, response_b="x")[0].reason == "not there, or empty: response_a"
    assert model.requests == []
    with pytest.raises(
        UsageError, match="preference needs 'baseline' and 'response', or 'response_a' and 'response_b'"
    ):
        judge(response="x")
