from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ferrata.errors import ModelBadResponse, ModelRequestInvalid
from ferrata.messages import ChatRequest, Message, OutputSchema, Tool, Usage
from ferrata.providers import assemble
from ferrata.providers.base import Dialect
from ferrata.providers.wires import TextCompletions
from ferrata.providers.wires.chat import ChatCompletions

PLAIN = ChatRequest((Message("user", "Say"), Message("user", "hi")), max_tokens=5, stop=("x",), extra={"suffix": "end"})
WIRE = TextCompletions()


def test_a_request_is_a_prompt() -> None:
    body = WIRE.body(PLAIN, "m", Dialect(), stream=True)
    assert body == {
        "model": "m",
        "prompt": "Say\nhi",
        "max_tokens": 5,
        "stop": ["x"],
        "stream": True,
        "stream_options": {"include_usage": True},
        "suffix": "end",
    }
    assert "stream_options" not in WIRE.body(PLAIN, "m", Dialect(stream_usage=False), stream=True)


@pytest.mark.parametrize("change", [{"tools": (Tool("f"),)}, {"output": OutputSchema()}, {"reasoning_effort": "low"}])
def test_what_only_a_conversation_has_is_refused(change: dict) -> None:
    with pytest.raises(ModelRequestInvalid, match="by /completions"):
        WIRE.body(replace(PLAIN, **change), "m", Dialect("Acme"), stream=False)


def test_an_answer() -> None:
    usage = {"prompt_tokens": 2, "completion_tokens": 1}
    found = WIRE.response(
        {"id": "r", "model": "m", "choices": [{"text": "hi", "finish_reason": "length"}], "usage": usage}
    )
    assert (found.text, found.finish, found.usage) == ("hi", "length", Usage(2, 1))


@pytest.mark.parametrize("payload", [{}, {"choices": []}, {"choices": [{"message": {}}]}])
def test_an_answer_of_another_shape_is_none(payload: dict) -> None:
    with pytest.raises(ModelBadResponse, match="another shape"):
        WIRE.response(payload)


def test_a_stream() -> None:
    reader = WIRE.reader()
    events = [
        {"id": "r", "model": "m", "choices": [{"text": "h"}]},
        {"choices": [{"text": "i", "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 2, "completion_tokens": 1}},
    ]
    chunks = [chunk for event in events for chunk in reader.read("", json.dumps(event))]
    chunks += [*reader.read("", "[DONE]"), *reader.end()]
    found = assemble(chunks)
    assert (found.text, found.id, found.usage) == ("hi", "r", Usage(2, 1))


def test_a_stream_that_breaks_off_or_fails() -> None:
    reader = WIRE.reader()
    assert [*reader.read("", '{"choices": [{"text": "h"}]}')][0].text == "h"
    with pytest.raises(ModelBadResponse, match="in the middle"):
        [*reader.end()]
    with pytest.raises(ModelBadResponse, match="no valid JSON"):
        [*reader.read("", "{")]
    with pytest.raises(Exception, match="overloaded"):
        [*reader.read("", '{"error": {"message": "overloaded"}}')]


def test_the_call_of_an_older_function_has_no_id() -> None:
    message = {"content": None, "function_call": {"name": "f", "arguments": "{}"}}
    found = ChatCompletions().response({"choices": [{"message": message, "finish_reason": "function_call"}]})
    (call,) = found.message.tool_calls
    assert (call.id, call.name, call.arguments, found.finish) == ("", "f", "{}", "tool_calls")
