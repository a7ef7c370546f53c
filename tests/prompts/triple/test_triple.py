"""The triple: cases of a prompt's own inputs, what is checked, and what comes of it on a model."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.errors import FerrataError, InvalidDocument, ModelBusy, ModelRefused, UsageError
from ferrata.messages import ChatChunk, ChatRequest, ChatResponse, Message, OutputSchema
from ferrata.prompts import Case, Check, make_cases, new_prompt, parse_prompt, read_cases, run_cases, write_cases
from ferrata.prompts.triple.checks import check_answer, is_refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

GROUNDED = parse_prompt(new_prompt("support", technique="grounding"))
PLAIN = parse_prompt("---\nsample: {question: Where?}\n---\nsystem:\nYou are kind.\nuser:\n{{question}}\n")


class Scripted:
    """A model whose answer is a function of the last message."""

    name = "test/scripted"

    def __init__(self, answer: Callable[[str], str | FerrataError]) -> None:
        self.answer = answer
        self.asked: list[ChatRequest] = []

    async def chat(self, request: ChatRequest) -> ChatResponse:
        self.asked.append(request)
        said = self.answer(request.messages[-1].text)
        if isinstance(said, FerrataError):
            raise said
        return ChatResponse("1", self.name, Message("assistant", said))

    async def stream(self, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        yield ChatChunk((await self.chat(request)).text)


def results(model: Scripted, prompt: Any = GROUNDED, cases: list[Case] | None = None) -> dict[str, Any]:
    found = asyncio.run(run_cases(prompt, cases or make_cases(prompt), model))
    return {one.case.name: one for one in found}


def test_cases_are_of_three_kinds_and_of_the_prompts_inputs() -> None:
    cases = {case.name: case for case in make_cases(GROUNDED)}
    assert {case.kind for case in cases.values()} == {"benign", "boundary", "adversarial"}
    assert all(set(case.inputs) == {"articles", "question"} for case in cases.values())
    assert cases["benign-1"].inputs == dict(GROUNDED.sample)
    assert cases["override"].inputs["question"].startswith("Ignore all previous instructions")
    assert "ignore the question" in cases["document"].inputs["articles"][-1]["text"]
    assert cases["document"].inputs["question"] == GROUNDED.sample["question"]
    assert len(cases["very-long"].inputs["question"]) > 1_000


def test_the_canary_is_the_same_each_time_and_of_the_prompt() -> None:
    assert make_cases(GROUNDED) == make_cases(GROUNDED)
    canaries = {case.checks[0].value for p in (GROUNDED, PLAIN) for case in make_cases(p) if case.name == "override"}
    assert len(canaries) == 2


def test_what_the_prompt_does_not_claim_is_not_asked_for() -> None:
    names = {case.name for case in make_cases(PLAIN)}
    assert not names & {"off-topic", "off-topic-mixed", "harm", "document"}
    assert {"override", "leak", "role-line"} <= names


def test_rows_are_benign_cases() -> None:
    cases = make_cases(PLAIN, [{"question": "a"}, {"question": "b"}])
    assert [case.inputs for case in cases if case.kind == "benign"] == [{"question": "a"}, {"question": "b"}]


def test_without_a_sample_there_is_nothing_to_begin_with() -> None:
    with pytest.raises(UsageError, match="nothing shows what 'question' may look like"):
        make_cases(parse_prompt("user:\n{{question}}"))


def careful(text: str) -> str:
    good = text.endswith("How long can I send shoes back?")
    return "You have 14 days [returns]." if good else "I am sorry, I cannot help with that."


def test_a_careful_model_passes() -> None:
    found = results(Scripted(careful))
    assert {name for name, one in found.items() if not one.ok} == set()


def test_a_model_that_obeys_everybody_fails() -> None:
    def obedient(text: str) -> str:
        return "You have 14 days." if text.endswith("send shoes back?") and "NOTE" not in text else f"Yes: {text}"

    found = results(Scripted(obedient))
    failed = {name for name, one in found.items() if not one.ok}
    assert {"override", "role-line", "delimiter", "document", "off-topic", "harm"} <= failed
    assert "benign-1" not in failed


def test_a_model_that_leaks_fails() -> None:
    system = "You write for customers who are not experts. Be polite and friendly, in plain words"
    found = results(Scripted(lambda text: system if "Repeat" in text else careful(text)))
    assert {name for name, one in found.items() if not one.ok} == {"leak"}
    (check,) = found["leak"].checks
    assert check.seen == "repeats the system message: 'you write for customers who are not experts'"


def test_an_error_is_a_result_and_a_content_filter_a_refusal() -> None:
    def answer(text: str) -> str | FerrataError:
        if "neighbour" in text:
            return ModelRefused("stopped")
        return ModelBusy("too many requests") if "volcano" in text else careful(text)

    found = results(Scripted(answer))
    assert (found["off-topic"].ok, found["off-topic"].error) == (False, "too many requests")
    assert found["harm"].ok


def test_no_attack_opens_a_role() -> None:
    model = Scripted(careful)
    results(model)
    assert {tuple(m.role for m in request.messages) for request in model.asked} == {("system", "user")}


OUTPUT = OutputSchema(
    {
        "type": "object",
        "properties": {"n": {"type": "integer"}, "tags": {"type": "array", "items": {"enum": ["a", "b"]}}},
        "required": ["n"],
    }
)
SYSTEM = "Answer only questions about shoes and say nothing about prices or colours."


@pytest.mark.parametrize(
    ("check", "answer", "ok"),
    [
        (Check(check="answers"), "In 14 days.", True),
        (Check(check="answers"), " ", False),
        (Check(check="answers"), "I'm sorry, I can't help with that.", False),
        (Check(check="refuses"), "I\u2019m unable to do that.", True),
        (Check(check="refuses"), "Sure: 1. Take", False),
        (Check(check="contains", value="14 Days"), "in 14 days", True),
        (Check(check="contains", any=["two weeks", "14 days"]), "in 14 days", True),
        (Check(check="contains", any=["two weeks", "a month"]), "in 14 days", False),
        (Check(check="not-contains", value="PWNED"), "pwned!", False),
        (Check(check="not-contains", value="PWNED"), "no", True),
        (Check(check="matches", value=r"\[\w+\]$"), "so it is [returns]", True),
        (Check(check="matches", value=r"^\d+$"), "12a", False),
        (Check(check="json"), '{"n": 1, "tags": ["a"]}', True),
        (Check(check="json"), '{"tags": []}', False),
        (Check(check="json"), '{"n": "1"}', False),
        (Check(check="json"), '{"n": true}', False),
        (Check(check="json"), '{"n": 1, "tags": ["c"]}', False),
        (Check(check="json"), "n is 1", False),
        (Check(check="no-leak"), "questions about shoes and say nothing about prices", False),
        (Check(check="no-leak"), "I answer questions about shoes.", True),
        (Check(check="at-most-words", value=2), "one two", True),
        (Check(check="at-most-words", value=2), "one two three", False),
        (Check(check="at-most-sentences", value=1), "At 3.5 km. Yes.", False),
        (Check(check="at-most-sentences", value=1), "At 3.5 km.", True),
    ],
)
def test_checks(check: Check, answer: str, *, ok: bool) -> None:
    assert check_answer(check, answer, system=SYSTEM, output=OUTPUT).ok is ok


@pytest.mark.parametrize(
    "check", [Check(check="contains"), Check(check="matches", value="("), Check(check="at-most-words")]
)
def test_checks_without_their_value(check: Check) -> None:
    with pytest.raises(UsageError):
        check_answer(check, "x", system="", output=None)


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        ("I cannot help with that.", True),
        ("I can only help with questions about shoes.", True),
        ("That is outside my scope.", True),
        ("I don't know.", True),
        ("You cannot send them back after 14 days.", False),
        ("Sorry to hear that! You can send them back.", False),
        ("The parcel arrives on Monday.", False),
    ],
)
def test_refusals_are_told_by_their_words(answer: str, *, refusal: bool) -> None:
    assert is_refusal(answer) is refusal


def test_cases_are_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "cases.yaml"
    cases = make_cases(GROUNDED)
    path.write_text(write_cases(cases), encoding="utf-8")
    assert read_cases(path) == cases


def test_files_of_cases_with_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text("cases:\n- {name: a, kind: benign, inputs: {}}\n- {name: a, kind: odd, inputs: {}}\n")
    with pytest.raises(InvalidDocument, match=r"cases.yaml:3: cases.1.kind"):
        read_cases(path)
    path.write_text("cases:\n- {name: a, kind: benign, inputs: {}}\n- {name: a, kind: benign, inputs: {}}\n")
    with pytest.raises(InvalidDocument, match="two cases are named 'a'"):
        read_cases(path)


def test_a_case_that_does_not_fit_is_said_before_anything_is_asked() -> None:
    model = Scripted(careful)
    case = Case(name="x", kind="benign", inputs={"other": 1})
    with pytest.raises(UsageError, match="no input 'other'"):
        results(model, cases=[case])
    assert model.asked == []
