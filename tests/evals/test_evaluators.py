"""What evaluators have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from ferrata.errors import UsageError
from ferrata.evals import Measure, Score, passes
from ferrata.evals.evaluators import ComputedEvaluator, JudgeBase, failed, is_missing, skipped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Length(ComputedEvaluator):
    name: ClassVar[str] = "length"
    usual: ClassVar[tuple[Measure, ...]] = (
        Measure("length", high=None, higher_is_better=False, threshold=5),
        Measure("words", high=None),
    )

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        text = str(values["response"])
        return self.made([len(text), len(text.split()) or None], seen=text)


class Liked(JudgeBase):
    name: ClassVar[str] = "liked"
    usual: ClassVar[tuple[Measure, ...]] = (Measure("liked", "ordinal", 1, 5, threshold=3),)

    async def judge(self, values: Mapping[str, Any]) -> Sequence[Score]:
        return self.made([4.0], reason=f"so {values['response']}")


def test_a_call_gives_the_conventional_keys() -> None:
    found = Length()(response="far too long")
    assert found == {
        "length": 12.0,
        "length_score": 12.0,
        "length_result": "fail",
        "length_passed": False,
        "length_threshold": 5,
        "length_status": "completed",
        "length_properties": {"seen": "far too long"},
        "words": 3.0,
        "words_score": 3.0,
        "words_result": None,
        "words_passed": None,
        "words_threshold": None,
        "words_status": "completed",
    }


def test_a_judge_is_called_the_same_way() -> None:
    found = Liked()(response="good")
    assert (found["liked"], found["liked_result"], found["liked_reason"]) == (4.0, "pass", "so good")


def test_a_value_that_could_not_be_computed_is_missing_and_says_so() -> None:
    length, words = Length().score({"response": ""})
    assert (length.value, length.passed) == (0.0, True)
    assert (words.value, words.passed, words.status) == (None, None, "failed")
    assert words.reason


def test_an_input_that_is_needed_is_named() -> None:
    with pytest.raises(UsageError, match="length needs 'response'"):
        Length()(answer="x")


def test_thresholds_are_set_for_the_main_score_or_by_key() -> None:
    assert Length(threshold=20)(response="far too long")["length_passed"] is True
    assert Length(threshold={"words": 4})(response="far too long")["words_passed"] is False
    with pytest.raises(UsageError, match="no score 'wrods'"):
        Length(threshold={"wrods": 4})


def test_the_digest_changes_with_what_changes_scores() -> None:
    assert Length().digest == Length().digest
    assert len({Length().digest, Length(threshold=4).digest, Length(unit="bytes").digest}) == 3


@pytest.mark.parametrize(
    ("value", "measure", "expected"),
    [
        (0.5, Measure("k", threshold=0.5), True),
        (0.4, Measure("k", threshold=0.5), False),
        (0.4, Measure("k", threshold=0.5, higher_is_better=False), True),
        (None, Measure("k", threshold=0.5), None),
        (0.4, Measure("k"), None),
    ],
)
def test_passing(value: float | None, measure: Measure, expected: bool | None) -> None:
    assert passes(value, measure) is expected


def test_what_is_not_there() -> None:
    assert [is_missing(value) for value in (None, "", " \n", "x", 0, [])] == [True, True, True, False, False, False]
    measures = Length.usual
    assert [(score.status, score.value, score.reason) for score in failed(measures, "no")] == [
        ("failed", None, "no")
    ] * 2
    assert [score.status for score in skipped(measures, "no")] == ["skipped"] * 2
