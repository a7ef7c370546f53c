from __future__ import annotations

import asyncio
import json

import pytest
from asking import ask, read

from ferrata.errors import ModelBusy
from ferrata.messages import ChatRequest, Message, OutputSchema, Tool, Usage
from ferrata.providers import FakeEmbeddings, FakeModel, assemble


def test_the_same_request_has_the_same_answer() -> None:
    first, second = (asyncio.run(FakeModel().chat(ask("One two", top_logprobs=2))) for _ in range(2))
    assert first == second
    assert (first.text, first.usage, first.model) == ("One two", Usage(2, 2), "echo")
    assert [len(token.top) for token in first.logprobs or ()] == [2, 2]


def test_a_stream_is_the_answer_in_pieces() -> None:
    model, request = FakeModel(), ask("One  two\nthree")
    assert assemble(asyncio.run(read(model, request))) == asyncio.run(model.chat(request))


def test_scripted_answers_are_used_up_and_the_last_one_stays() -> None:
    model = FakeModel(["a", ModelBusy("wait"), "b"])
    assert asyncio.run(model.chat(ask())).text == "a"
    with pytest.raises(ModelBusy):
        asyncio.run(model.chat(ask()))
    assert [asyncio.run(model.chat(ask(x))).text for x in ("1", "2")] == ["b", "b"]
    assert [request.messages[0].text for request in model.requests][2:] == ["1", "2"]


def test_answers_of_a_function() -> None:
    model = FakeModel(lambda request: request.messages[0].text.upper())
    assert asyncio.run(model.chat(ask("no"))).text == "NO"


def test_max_tokens_cuts() -> None:
    found = asyncio.run(FakeModel(["one two three"]).chat(ask(max_tokens=2)))
    assert (found.text, found.finish, found.usage) == ("one two", "length", Usage(5, 2))


def test_json_and_tools_as_they_are_asked_for() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"enum": ["x"]}, "n": {"type": ["integer", "null"]}, "l": {"type": "array"}},
    }
    found = asyncio.run(FakeModel().chat(ask(output=OutputSchema(schema))))
    assert json.loads(found.text) == {"a": "x", "n": 0, "l": []}
    tools = (Tool("f", parameters={"type": "object", "properties": {"s": {"type": "string"}}}),)
    found = asyncio.run(FakeModel().chat(ask(tools=tools, tool_choice="f")))
    assert found.finish == "tool_calls"
    assert json.loads(found.message.tool_calls[0].arguments) == {"s": "text"}
    assert asyncio.run(FakeModel().chat(ask("hi", tools=tools))).text == "hi"


def test_no_user_has_spoken() -> None:
    assert asyncio.run(FakeModel().chat(ChatRequest((Message("system", "x"),)))).text == "ok"


def test_vectors_have_unit_length() -> None:
    found = asyncio.run(FakeEmbeddings(dimensions=40).embed(["a", "b", "a"]))
    assert found.vectors[0] == found.vectors[2] != found.vectors[1]
    assert [len(v) for v in found.vectors] == [40] * 3
    assert sum(x * x for x in found.vectors[0]) == pytest.approx(1)
