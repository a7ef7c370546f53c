from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from ferrata.errors import UsageError
from ferrata.evals.assertions import Assertion, Assertions, JudgedAssertions, Outcome

# What promptfoo 0.123.1 itself said of these answers.
RECORDED = [
    json.loads(line)
    for line in (Path(__file__).parent / "promptfoo-0.123.1.jsonl").read_text(encoding="utf-8").splitlines()
]


def scored(response: Any, assertions: list[Any], **more: Any):
    (score,) = Assertions().score({"response": response, "assertions": assertions, **more})
    return score


def test_scores_are_those_of_promptfoo() -> None:
    wrong: list[Any] = []
    for case in RECORDED:
        score = scored(
            case["output"],
            case["assert"],
            assertions_threshold=case.get("threshold"),
            latency_ms=case.get("latency"),
            cost=case.get("cost"),
            finish_reason=case.get("finish"),
        )
        metrics = score.properties["metrics"]
        same = all(metrics.get(name) == pytest.approx(value) for name, value in case.get("metrics", {}).items())
        if not same or score.passed is not case["pass"] or score.value != pytest.approx(case["score"], abs=1e-8):
            wrong.append((case, score))
    assert wrong == []
    assert len(RECORDED) > 350


@pytest.mark.parametrize(
    ("answer", "kind", "passed"),
    [
        ('{"a": NaN}', "contains-json", False),  # promptfoo's reader is not as strict
        ("<p>hi", "is-html", False),  # a tag that HTML lets be open
        ("<!DOCTYPE r [<!ENTITY e 'x'>]><r>&e;</r>", "is-xml", False),  # entities could grow without end
        (" ", "is-refusal", True),
    ],
)
def test_where_assertions_differ_from_promptfoo_on_purpose(answer: str, kind: str, *, passed: bool) -> None:
    assert scored(answer, [{"type": kind}]).passed is passed


def test_calls_of_the_responses_api_are_calls() -> None:
    call = {"type": "function_call", "name": "f", "arguments": "{}"}
    score = scored(call, [{"type": "tool-call-f1", "value": "f,g"}])
    assert (score.value, score.passed) == (pytest.approx(2 / 3), False)


def test_arguments_of_calls_are_held_against_what_the_tools_declare() -> None:
    tools = [
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "required": ["city"]}}},
    ]
    good = [{"function": {"name": "f", "arguments": '{"city": "Oslo"}'}}]
    bad = [{"function": {"name": "f", "arguments": "{}"}}]
    check = [{"type": "is-valid-openai-tools-call"}]
    assert scored(good, check, tools=tools).passed is True
    assert scored(bad, check, tools=tools).reason == "f: $: 'city' is a required property"
    assert scored([{"function": {"name": "g"}}], check, tools=tools).reason == "no such tool: 'g'"
    unknown = scored(good, check)
    assert unknown.status == "failed"
    assert "not known" in unknown.properties["assertions"][0]["reason"]


def test_code_of_a_configuration_is_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    code = f"__import__('pathlib').Path({str(mark)!r}).touch() or True"
    rows = [{"type": "python", "value": code}, {"type": "contains", "value": "x"}]
    score = scored("x", rows)
    assert not mark.exists()
    assert (score.value, score.passed, score.properties["unscored"]) == (1.0, None, 1)
    assert score.reason == "1 of 2 could not be looked at: it is code of the configuration, which is not run"


@pytest.mark.parametrize(
    ("threshold", "passed"), [(None, None), (0.5, True), (0.6, None), (1.0, None)]
)  # one of two holds, the other is open: the mean is between 0.5 and 1
def test_a_row_passes_only_where_what_is_open_cannot_change_it(threshold: float | None, passed: bool | None) -> None:
    rows = [{"type": "contains", "value": "x"}, {"type": "llm-rubric", "value": "is kind"}]
    score = scored("x", rows, assertions_threshold=threshold)
    assert (score.value, score.passed) == (1.0, passed)


def test_a_row_fails_where_what_is_open_cannot_save_it() -> None:
    rows = [{"type": "contains", "value": "y"}, {"type": "llm-rubric", "value": "is kind"}]
    assert scored("x", rows).passed is False
    assert scored("x", rows, assertions_threshold=0.6).passed is False
    assert scored("x", rows, assertions_threshold=0.5).passed is None


def test_a_row_without_assertions_is_not_one_for_the_evaluator() -> None:
    assert scored("x", []).status == "skipped"


def test_nothing_to_look_at_is_no_score() -> None:
    score = scored("x", [{"type": "llm-rubric", "value": "is kind"}])
    assert (score.status, score.value, score.passed) == ("failed", None, None)


def test_a_transform_is_code_and_keeps_its_assertion_from_being_scored() -> None:
    score = scored("x", [{"type": "contains", "value": "x", "transform": "output.trim()"}])
    assert score.value is None
    assert "transform" in score.reason


@pytest.mark.parametrize(
    ("assertion", "says"),
    [
        ({"type": "regex", "value": "(["}, "no regular expression"),
        ({"type": "regex", "value": "(a+)+(["}, "no regular expression"),
        ({"type": "latency", "threshold": 5}, "no 'latency_ms'"),
        ({"type": "contains", "value": ""}, "an empty text"),
        ({"type": "is-json", "value": {"type": "objekt"}}, "the JSON schema is wrong"),
        ({"type": "is-json", "value": {"$ref": "http://127.0.0.1:9/x.json"}}, "the JSON schema is wrong"),
        ({"type": "nothing-such"}, "no such kind"),
    ],
)
def test_an_assertion_that_makes_no_sense_is_said_and_not_failed(assertion: dict[str, Any], says: str) -> None:
    score = scored("{}", [assertion])
    assert score.value is None
    assert says in score.properties["assertions"][0]["reason"]


def test_a_pattern_that_runs_away_is_ended() -> None:
    score = scored("a" * 40 + "!", [{"type": "regex", "value": "^(a+)+$"}])
    assert "could not be searched for" in score.reason


def test_judges_are_asked_for_their_kinds_alone() -> None:
    asked: list[tuple[str, Any]] = []

    async def rubric(assertion: Assertion, values: Any) -> Outcome:
        asked.append((assertion.name, values["response"]))
        return Outcome(0.5, passed=False, reason="half kind")

    evaluator = JudgedAssertions({"llm-rubric": rubric}, judges_digest="1")
    rows = [{"type": "llm-rubric", "value": "kind", "metric": "tone"}, {"type": "contains", "value": "x"}]
    (score,) = asyncio.run(evaluator.judge({"response": "x", "assertions": rows}))
    assert asked == [("llm-rubric", "x")]
    assert (score.value, score.passed, score.reason) == (0.75, False, "half kind")
    assert score.properties["metrics"] == {"tone": 0.5}
    assert evaluator.digest != JudgedAssertions({"llm-rubric": rubric}, judges_digest="2").digest


def test_the_conventional_keys_are_given() -> None:
    found = Assertions(threshold=0.4)(response="x", assertions=["contains: x", "contains: y"])
    assert found["assertions"] == 0.5
    assert (found["assertions_result"], found["assertions_threshold"]) == ("pass", 0.4)
    with pytest.raises(UsageError, match="needs 'assertions'"):
        Assertions()(response="x")
