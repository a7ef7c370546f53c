"""What a result means, whatever an evaluator gives."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from ferrata.evals import Measure, Score
from ferrata.evals.evaluators.custom import scores_of

TONE = (Measure("tone", low=None, high=None),)
GATED = (Measure("tone", low=None, high=None, threshold=0.5),)


@pytest.mark.parametrize(
    ("found", "value", "passed", "label"),
    [
        (0.25, 0.25, None, ""),
        (3, 3.0, None, ""),
        (True, 1.0, True, ""),
        (False, 0.0, False, ""),
        (Decimal("0.5"), 0.5, None, ""),
        (Fraction(1, 4), 0.25, None, ""),
        ("pass", 1.0, True, "pass"),
        ("Fail", 0.0, False, "Fail"),
        ("yes", None, None, "yes"),
        ("4", None, None, "4"),
    ],
)
def test_a_bare_value(found: Any, value: float | None, passed: bool | None, label: str) -> None:
    assert scores_of(found, TONE) == [Score("tone", value, passed, label=label)]


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (None, "it gave no value"),
        (float("nan"), "it gave nan"),
        (float("-inf"), "it gave -inf"),
        ({"tone": float("inf"), "tone_reason": "divided"}, "it gave inf; divided"),
        ({"tone": None, "tone_reason": "no answer"}, "it gave no value; no answer"),
        ({"tone": [1]}, "it gave [1], which is no number"),
        ([], "it gave [], which is no score"),
        ([0.5], "it gave [0.5], which is no score"),
        ({}, "it gave {}, in which there is no score"),
        ({"why": [1], "who": "me"}, "it gave {'who': 'me', 'why': [1]}, in which there is no score"),
        (object, "it gave <class 'object'>, which is no score"),
        pytest.param(10**5000, "it gave a number of type int", id="huge"),
    ],
)
def test_what_is_no_score_is_missing_and_says_so(found: Any, why: str) -> None:
    assert scores_of(found, GATED) == [Score("tone", None, threshold=0.5, reason=why, status="failed")]


def test_a_scalar_of_numpy_is_a_number() -> None:
    numpy = pytest.importorskip("numpy")
    assert scores_of(numpy.float32(0.5), GATED) == [Score("tone", 0.5, True, 0.5)]
    assert scores_of(numpy.array(0.25), TONE) == [Score("tone", 0.25)]
    assert scores_of(numpy.bool_(False), TONE) == [Score("tone", 0.0, False)]
    assert scores_of({"tone": numpy.int64(4)}, TONE) == [Score("tone", 4.0)]
    assert scores_of(numpy.float64("nan"), TONE)[0].reason == "it gave nan"
    assert scores_of(numpy.array([1.0]), TONE)[0].reason == "it gave array([1.]), which is no score"


def test_conventional_keys() -> None:
    found = {
        "tone": 4.0,
        "tone_score": 4.0,
        "tone_result": "pass",
        "tone_threshold": 3,
        "tone_reason": "polite",
        "tone_properties": {"words": 9},
        "tone_prompt_tokens": 120,
        "tone_model": "small",
    }
    assert scores_of(found, TONE) == [
        Score(
            "tone",
            4.0,
            True,
            3.0,
            reason="polite",
            properties={"words": 9, "prompt_tokens": 120, "model": "small"},
        )
    ]


def test_its_own_output_is_read_back() -> None:
    score = Score("tone", 2.0, False, 3.0, "rude", "shouts", "completed", {"words": 9})
    assert scores_of(score.as_keys(), TONE) == [score]
    skipped = Score("tone", None, threshold=3.0, reason="no answer to judge", status="skipped")
    assert scores_of(skipped.as_keys(), TONE) == [skipped]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"score": 0.5, "reason": "so so"}, Score("tone", 0.5, reason="so so")),
        ({"pass": True, "score": 0.9, "reason": "fine"}, Score("tone", 0.9, True, reason="fine")),
        ({"passed": False}, Score("tone", 0.0, False)),
        ({"label": "formal"}, Score("tone", None, label="formal")),
        ({"tone": "formal", "tone_reason": "sir"}, Score("tone", None, label="formal", reason="sir")),
        ({"f1_score": 0.4, "f1_result": "fail", "f1_threshold": 0.5}, Score("tone", 0.4, False, 0.5)),
        ({"other": 0.4}, Score("tone", 0.4)),
        ({"tone": 0.4, "text": "abc", "spans": [1]}, Score("tone", 0.4, properties={"text": "abc", "spans": [1]})),
        ({"tone": 0.4, "tone_threshold": 0.4}, Score("tone", 0.4, True, 0.4)),
    ],
)
def test_a_dict_about_one_score(found: dict[str, Any], expected: Score) -> None:
    assert scores_of(found, TONE) == [expected]


def test_a_dict_of_several_scores_keeps_their_names() -> None:
    assert scores_of({"words": 9, "polite": True, "polite_reason": "please"}, TONE) == [
        Score("words", 9.0),
        Score("polite", 1.0, True, reason="please"),
    ]
    assert scores_of({"tone": 0.6, "f1_score": 0.5, "f1_score_result": "pass"}, GATED) == [
        Score("tone", 0.6, True, 0.5),
        Score("f1_score", 0.5, True),
    ]


def test_a_key_may_end_like_a_part_of_another() -> None:
    found = {"f1_score": 0.5, "f1_score_score": 0.5, "f1_score_result": "pass", "f1_score_reason": None}
    assert scores_of(found, [Measure("f1")]) == [Score("f1", 0.5, True)]


def test_the_measures_threshold_decides_over_the_results() -> None:
    assert scores_of({"tone": 0.4, "tone_result": "pass", "tone_threshold": 0.3}, GATED) == [
        Score("tone", 0.4, False, 0.5)
    ]
    lower = (Measure("tone", higher_is_better=False, threshold=0.5),)
    assert scores_of(0.4, lower) == [Score("tone", 0.4, True, 0.5)]
    unset = (Measure("tone", higher_is_better=False),)
    assert scores_of({"tone": 0.4, "tone_threshold": 0.3}, unset) == [Score("tone", 0.4, False, 0.3)]


def test_scores_made_by_hand() -> None:
    made = [Score("", 0.7, reason="main"), Score("words", 9)]
    assert scores_of(made, GATED) == [Score("tone", 0.7, True, 0.5, reason="main"), Score("words", 9.0)]
    skipped = Score("tone", None, reason="not for this row", status="skipped")
    assert scores_of(skipped, TONE) == [skipped]
    broken = scores_of(Score("tone", float("nan"), passed=True, reason="0 / 0"), TONE)
    assert broken == [Score("tone", None, reason="it gave nan; 0 / 0", status="failed")]
