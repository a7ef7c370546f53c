"""Only what is certainly a score of the scale is read as one."""

from __future__ import annotations

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.evals.judges.answers import Scale, Unusable, read_answer, schema_of, shortened

FIVE = Scale(1, 5)


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ('{"reason": "r", "score": 4}', 4),
        ('{"score": 4, "reason": "r"}', 4),
        ('  {"reason": "r", "score": 4.0}\n', 4),
        ('{"reason": "r", "score": "4"}', 4),
        ('{"reason": "r", "score": 4, "confidence": 1}', 4),
        ('```json\n{"reason": "r", "score": 4}\n```', 4),
        ('Here it is:\n```\n{"reason": "r", "score": 4}\n```\nI hope this helps.', 4),
        ('Sure! {"reason": "r", "score": 1} Bye.', 1),
        ('{"reason": "a } and a { and \\"score\\": 5", "score": 2}', 2),
    ],
)
def test_what_is_an_answer(text: str, score: int) -> None:
    assert read_answer(text, FIVE).score == score


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("4", "no JSON object"),
        ("The score is 4.", "no JSON object"),
        ('"score": 4}', "no JSON object"),
        ('{"reason": "r", "score": 4', "no JSON object"),
        ('{"reason": "r {\\"score\\": 5}', "not one valid"),
        ('{"reason": "r", "score": 4} {"reason": "r", "score": 5}', "not one valid"),
        ('{"reason": "r", "score": 4, "score": 5}', "not one valid"),
        ("{'reason': 'r', 'score': 4}", "not one valid"),
        ('{"score": 4}', "no 'reason'"),
        ('{"reason": "r"}', "no 'score'"),
        ('{"reason": 1, "score": 4}', "no text"),
        ('{"reason": "r", "score": 6}', "not one of 1, 2, 3, 4, 5"),
        ('{"reason": "r", "score": 0}', "not one of"),
        ('{"reason": "r", "score": -1}', "not one of"),
        ('{"reason": "r", "score": 4.5}', "is 4.5, not"),
        ('{"reason": "r", "score": "4/5"}', 'is "4/5", not'),
        ('{"reason": "r", "score": "4.0"}', "not one of"),
        ('{"reason": "r", "score": "four"}', "not one of"),
        ('{"reason": "r", "score": true}', "is true, not"),
        ('{"reason": "r", "score": null}', "is null, not"),
        ('{"reason": "r", "score": [4]}', "not one of"),
        ('{"reason": "r", "score": 1e400}', "not one of"),
        ('{"reason": "r", "score": NaN}', "not one valid"),
        ("{" * 5000 + "}" * 5000, "not one valid"),
        ('{"reason": "' + "r" * 30000 + '", "score": 4}', "characters"),
    ],
)
def test_what_is_none(text: str, problem: str) -> None:
    with pytest.raises(Unusable, match=problem):
        read_answer(text, FIVE)


@given(st.text())
def test_any_text_is_an_answer_or_unusable(text: str) -> None:
    try:
        found = read_answer(text, FIVE)
    except Unusable:
        return
    assert found.score in FIVE.choices


@given(st.text(), st.sampled_from(FIVE.choices))
def test_what_the_schema_asks_for_can_be_read(reason: str, score: int) -> None:
    answer = {"reason": reason[:300], "score": score}
    jsonschema.validate(answer, schema_of(FIVE))
    assert read_answer(json.dumps(answer), FIVE) == (score, answer["reason"].strip())


def test_the_schema_holds_the_reason_before_the_score_and_no_other_score() -> None:
    schema = schema_of(Scale(1, 3, none=0))
    assert list(schema["properties"]) == ["reason", "score"]  # pyright: ignore[reportArgumentType]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"reason": "r", "score": 4}, schema)
    jsonschema.validate({"reason": "r", "score": 0}, schema)
    assert "maxLength" not in json.dumps(schema_of(FIVE, bounded=False))


def test_long_texts_are_shown_in_a_line() -> None:
    assert shortened("a\n b") == "a b"
    assert shortened("x" * 300) == "x" * 199 + "…"
