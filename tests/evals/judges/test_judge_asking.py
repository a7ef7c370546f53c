"""A model is asked until there is a valid score, or until it is known why there is none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from replies import at_digit, reply, said, token

from ferrata.errors import ModelBusy, ModelRefused, ModelRequestInvalid
from ferrata.evals.judges import Asker, AskingOptions, Scale, Verdict
from ferrata.messages import ChatRequest, ChatResponse, Image, Message, Text
from ferrata.providers import Access, CapabilityCheck, ChatCompletions, FakeModel, FakeServer, HttpClient, RemoteModel
from ferrata.providers.wires import client_wires
from ferrata.telemetry import MemorySink, emit_to, open_span

if TYPE_CHECKING:
    from ferrata.providers import ChatModel

FIVE = Scale(1, 5)
QUESTION = ChatRequest((Message("system", "Judge."), Message("user", "Is it good?")))


def ask(model: ChatModel, options: AskingOptions | None = None, **more: Any) -> Verdict:
    return asyncio.run(Asker(model, options, **more).ask(QUESTION, FIVE, name="goodness"))


def test_a_valid_answer() -> None:
    model = FakeModel([reply(said(4, "clear"))])
    verdict = ask(model)
    assert (verdict.score, verdict.reason, verdict.attempts, verdict.model) == (4, "clear", 1, "judge-1")
    request = model.requests[0]
    assert (request.temperature, request.seed, request.max_tokens, request.top_logprobs) == (0.0, 1, 800, 20)
    assert request.output is not None
    assert request.output.schema is not None
    assert request.output.schema["required"] == ["reason", "score"]
    assert request.messages[0] == QUESTION.messages[0]
    assert request.messages[1].text.startswith("Is it good?\n\nAnswer with one JSON object")
    assert "one of 1, 2, 3, 4, 5" in request.messages[1].text


def test_an_invalid_answer_is_asked_for_again_with_what_was_wrong() -> None:
    model = FakeModel([reply("I like it."), reply(said(7)), reply(said(3))])
    verdict = ask(model)
    assert (verdict.score, verdict.attempts) == (3, 3)
    assert verdict.usage is not None
    assert verdict.usage.input_tokens == 300
    first, second, third = model.requests
    assert len(first.messages) == 2
    assert [m.role for m in second.messages] == ["system", "user", "assistant", "user"]
    assert second.messages[2].text == "I like it."
    assert "it has no JSON object" in second.messages[3].text
    assert "its 'score' is 7, not one of 1, 2, 3, 4, 5" in third.messages[3].text
    assert [request.seed for request in model.requests] == [1, 2, 3]


def test_after_the_last_attempt_there_is_no_score_and_a_reason() -> None:
    model = FakeModel(["nonsense " * 100])
    verdict = ask(model)
    assert (verdict.score, verdict.attempts, len(model.requests)) == (None, 3, 3)
    assert verdict.reason.startswith("no valid answer in 3 attempts; it has no JSON object: nonsense nonsense")
    assert len(verdict.answer) == 200


def test_an_empty_answer_is_named() -> None:
    model = FakeModel([reply("")])
    verdict = ask(model, AskingOptions(attempts=2))
    assert verdict.reason == "no valid answer in 2 attempts; it is empty: nothing"
    assert model.requests[1].messages[2].text == "(no answer)"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply('{"reason": "It is', "length"), "cut off: it may have 800 tokens"),
        (reply("", "content_filter"), "a content filter stopped"),
        (ModelRefused("the vendor stopped the request"), "the judge refused: the vendor stopped the request"),
    ],
)
def test_what_asking_again_does_not_help(answer: ChatResponse | ModelRefused, reason: str) -> None:
    model = FakeModel([answer])
    verdict = ask(model)
    assert verdict.score is None
    assert reason in verdict.reason
    assert len(model.requests) == 1


def test_where_nobody_answers_the_error_goes_on() -> None:
    with pytest.raises(ModelBusy):
        ask(FakeModel([ModelBusy("busy")]))


def test_an_error_that_names_nothing_that_can_be_left_out_goes_on() -> None:
    model = FakeModel([ModelRequestInvalid("there is no such model")])
    with pytest.raises(ModelRequestInvalid):
        ask(model)
    assert len(model.requests) == 1


class Picky(FakeModel):
    """Refuses, in a vendor's words, what a list of pairs says: a part of the request, and the words."""

    def __init__(self, *refuses: str) -> None:
        super().__init__(self._reply)
        self._refuses = refuses

    def _reply(self, request: ChatRequest) -> Any:
        schema = "" if request.output is None else str(request.output.schema)
        found = {
            "maxLength": "maxLength" in schema and "Invalid schema for response_format: 'maxLength' is not permitted",
            "json_schema": schema and "'response_format' of type 'json_schema' is not supported",
            "temperature": request.temperature is not None and "Unsupported value: 'temperature' does not support 0.0",
            "seed": request.seed is not None and "unknown parameter 'seed'",
            "top": (request.top_logprobs or 0) > 5 and "top_logprobs must be at most 5",
            "logprobs": request.top_logprobs is not None and "'logprobs' is not supported with this model",
        }
        for name in self._refuses:
            if found[name]:
                return ModelRequestInvalid(str(found[name]))
        return reply(f"```json\n{said(2)}\n```")


def test_what_the_model_refuses_is_left_out_and_remembered() -> None:
    model = Picky("temperature", "maxLength", "seed", "logprobs")
    asker = Asker(model)
    for _ in range(2):
        verdict = asyncio.run(asker.ask(QUESTION, FIVE, name="goodness"))
        assert (verdict.score, verdict.constrained) == (2, True)
    last = model.requests[-1]
    assert (last.temperature, last.seed, last.top_logprobs) == (None, None, None)
    assert last.output is not None
    assert "maxLength" not in str(last.output.schema)
    assert len(model.requests) == 6  # four refusals and an answer, then an answer


def test_fewer_log_probabilities_are_asked_for_before_none() -> None:
    model = Picky("top")
    assert ask(model).score == 2
    assert [request.top_logprobs for request in model.requests] == [20, 5]


def test_without_constrained_output_the_form_is_asked_for_in_words() -> None:
    model = Picky("json_schema")
    verdict = ask(model)
    assert (verdict.score, verdict.constrained) == (2, False)
    assert model.requests[-1].output is None
    assert "one JSON object" in model.requests[-1].messages[-1].text


class Profile:
    tools = images = reasoning = None
    json_schema = logprobs = seed = temperature = False
    context = 4000


def test_what_the_profile_rules_out_is_never_sent() -> None:
    model = FakeModel([said(5)])
    verdict = ask(CapabilityCheck(model, Profile()))
    assert (verdict.score, verdict.constrained) == (5, False)
    assert len(model.requests) == 1


def test_a_wrong_guess_about_a_refusal_is_not_remembered() -> None:
    model = FakeModel(
        [ModelRequestInvalid("too long, and by the way 'seed'"), ModelRequestInvalid("too long"), said(4)]
    )
    asker = Asker(model)
    with pytest.raises(ModelRequestInvalid):
        asyncio.run(asker.ask(QUESTION, FIVE, name="goodness"))
    asyncio.run(asker.ask(QUESTION, FIVE, name="goodness"))
    assert model.requests[-1].seed == 1


def test_probabilities_come_with_the_answer() -> None:
    tokens = (token('{"reason":"because", "score":'), at_digit(" 4", {" 4": 0.75, " 5": 0.25}), token("}"))
    verdict = ask(FakeModel([reply(said(4), logprobs=tokens)]))
    assert verdict.likelihood is not None
    assert verdict.likelihood.expected(FIVE) == pytest.approx(4.25)


def test_tokens_and_cost_of_every_attempt_go_to_the_span() -> None:
    model = FakeModel([reply("no"), reply(said(4)), reply(said(4), cached=True)])
    sink = MemorySink()
    with emit_to(sink), open_span("row", "row") as row:
        for _ in range(2):
            ask(model, price=lambda usage: usage.input_tokens / 1000)
    assert row.usage is not None
    assert row.usage.input_tokens == 300
    assert row.cost == pytest.approx(0.2)  # two of three: one came from a cache
    first, second = sink.spans[:2]
    assert (first.name, first.kind) == ("evaluate goodness", "evaluator")
    assert first.attributes["gen_ai.evaluation.name"] == "goodness"
    assert first.attributes["gen_ai.evaluation.score.value"] == 4
    assert first.cost == pytest.approx(0.2)
    assert second.cost == 0


def test_a_span_of_no_score_says_so() -> None:
    sink = MemorySink()
    with emit_to(sink):
        ask(FakeModel(["no"]))
    assert sink.spans[0].attributes["error.type"] == "no_score"


def test_the_form_follows_an_image_and_a_message_of_the_assistant() -> None:
    model = FakeModel([said(4)])
    parts = (Text("Look:"), Image("https://example.com/x.png"))
    asyncio.run(Asker(model).ask(ChatRequest((Message("user", parts),)), FIVE, name="n"))
    asyncio.run(Asker(model).ask(ChatRequest((Message("assistant", "x"),)), FIVE, name="n"))
    first, second = model.requests
    assert first.messages[0].content[:2] == parts
    assert first.messages[0].text.endswith("one of 1, 2, 3, 4, 5.")
    assert [m.role for m in second.messages] == ["assistant", "user"]


def test_a_prompts_own_parameters_go_first() -> None:
    model = FakeModel([said(4)])
    request = ChatRequest(QUESTION.messages, temperature=0.7, seed=9, max_tokens=50, tool_choice="auto")
    asyncio.run(Asker(model).ask(request, FIVE, name="n"))
    asked = model.requests[0]
    assert (asked.temperature, asked.seed, asked.max_tokens, asked.tool_choice) == (0.7, 9, 50, None)


def test_over_http_with_a_schema_and_log_probabilities() -> None:
    tokens = (token('{"reason":"because","score":'), at_digit("4", {"4": 0.5, "3": 0.5}), token("}"))
    with FakeServer(FakeModel([reply("oh"), reply(said(4), logprobs=tokens)])) as server:

        async def work() -> Verdict:
            async with HttpClient() as http:
                model = RemoteModel("fake/j", "j", wire=ChatCompletions(), access=Access(server.url), http=http)
                return await Asker(model).ask(QUESTION, FIVE, name="goodness")

        verdict = asyncio.run(work())
        bodies = [received.body for received in server.received]
    assert (verdict.score, verdict.attempts) == (4, 2)
    assert verdict.likelihood is not None
    assert verdict.likelihood.expected(FIVE) == pytest.approx(3.5)
    assert bodies[0]["response_format"]["type"] == "json_schema"
    assert bodies[0]["response_format"]["json_schema"]["schema"]["properties"]["score"]["enum"] == [1, 2, 3, 4, 5]
    assert (bodies[0]["logprobs"], bodies[0]["top_logprobs"], bodies[0]["temperature"]) == (True, 20, 0)
    assert len(bodies[1]["messages"]) == 4


def test_over_http_to_a_vendor_that_takes_neither_seed_nor_log_probabilities() -> None:
    with FakeServer(FakeModel([reply(said(4))])) as server:

        async def work() -> Verdict:
            async with HttpClient() as http:
                wire = client_wires()["anthropic-messages"]
                model = RemoteModel("fake/j", "j", wire=wire, access=Access(server.url), http=http)
                return await Asker(model).ask(QUESTION, FIVE, name="goodness")

        verdict = asyncio.run(work())
        bodies = [received.body for received in server.received]
    assert (verdict.score, verdict.attempts, verdict.constrained, verdict.likelihood) == (4, 1, True, None)
    assert len(bodies) == 1
    assert "seed" not in bodies[0]
