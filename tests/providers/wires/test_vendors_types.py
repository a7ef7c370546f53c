"""What the servers' sides write is, to the letter, what the types of the vendors' own packages say."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from anthropic.types import Message as AnthropicMessage
from anthropic.types import RawMessageStreamEvent
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from ferrata.errors import ModelBadResponse
from ferrata.messages import (
    ChatChunk,
    ChatRequest,
    ChatResponse,
    Message,
    OutputSchema,
    TokenLogprob,
    Tool,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from ferrata.providers.fake.model import chunks_of
from ferrata.providers.sse import EventParser
from ferrata.providers.wires.anthropic_server import AnthropicMessagesServer
from ferrata.providers.wires.chat_server import ChatCompletionsServer
from ferrata.providers.wires.responses_server import ResponsesServer
from ferrata.providers.wires.serving import Asked, Fresh

if TYPE_CHECKING:
    from collections.abc import Iterable

WEATHER = Tool("weather", "The weather.", {"type": "object", "properties": {}}, strict=True)
REQUEST = ChatRequest(
    (Message("user", "Hi"),),
    tools=(WEATHER,),
    tool_choice="weather",
    output=OutputSchema({"type": "object"}, "city"),
    max_tokens=9,
    temperature=0.5,
    top_p=0.5,
    reasoning_effort="low",
    user="u1",
)
ASKED = Asked(REQUEST, "m", stream=True)
CALLS = (ToolCall("c1", "weather", '{"city": "Bonn"}'), ToolCall("c2", "weather", "{}"))
LOGPROBS = (TokenLogprob("Hi", -0.5, (("Hi", -0.5),)),)
ANSWERS = [
    ChatResponse("r1", "small", Message("assistant", "Two years"), usage=Usage(125, 7, 100, 20, 3)),
    ChatResponse("", "small", Message("assistant", "Two years"), "length"),
    ChatResponse("", "small", Message("assistant", ""), "content_filter", Usage(1, 0)),
    ChatResponse("", "small", Message("assistant", ""), "stop", Usage(1, 0)),
    ChatResponse("", "small", Message("assistant", "Well", tool_calls=CALLS), "tool_calls", Usage(1, 2)),
    ChatResponse("", "small", Message("assistant", "Hi"), "stop", Usage(1, 2), logprobs=LOGPROBS),
]
CHUNK = TypeAdapter(ChatCompletionChunk)
RESPONSE_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
MESSAGE_EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


def fresh() -> Fresh:
    """A clock that stands, and ids by number."""
    number = iter(range(100))
    return Fresh(lambda: 1_700_000_000.5, lambda: f"n{next(number)}")


def events(server: Any, chunks: Iterable[ChatChunk]) -> list[dict[str, Any]]:
    writer = server.writer(ASKED)
    parser = EventParser()
    found = parser.feed(b"".join([*map(writer.write, chunks), writer.end()]))
    assert parser.end() == []
    parsed = [json.loads(event.data) for event in found if event.data != "[DONE]"]
    assert all(event.type == one["type"] for event, one in zip(found, parsed, strict=False) if event.type)
    return parsed


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda a: f"{a.finish}-{len(a.text)}-{bool(a.logprobs)}")
def test_chat(answer: ChatResponse) -> None:
    server = ChatCompletionsServer(fresh())
    found = ChatCompletion.model_validate(server.response(answer), strict=True)
    assert (found.id, found.created) == (answer.id or "chatcmpl-n0", 1_700_000_000)
    assert "system_fingerprint" in found.model_fields_set
    chunks = [CHUNK.validate_python(event, strict=True) for event in events(server, chunks_of(answer))]
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1
    assert chunks[0].id == (answer.id or "chatcmpl-n1")
    assert (chunks[0].choices[0].delta.role, chunks[0].system_fingerprint) == ("assistant", None)
    # Who asks for usage gets null before it.
    assert all("usage" in chunk.model_fields_set for chunk in chunks)
    assert (chunks[-1].usage is not None) is (answer.usage is not None)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda a: f"{a.finish}-{len(a.text)}-{bool(a.logprobs)}")
def test_responses(answer: ChatResponse) -> None:
    server = ResponsesServer(fresh())
    found = Response.model_validate(server.response(answer, ASKED), strict=False)
    assert (found.created_at, found.id) == (1_700_000_000, answer.id or "resp_n0")
    assert (found.tools[0].type, found.temperature, found.max_output_tokens) == ("function", 0.5, 9)
    given = events(server, chunks_of(answer))
    for event in given:
        RESPONSE_EVENT.validate_python(event)
    assert [event["sequence_number"] for event in given] == list(range(len(given)))
    final = Response.model_validate(given[-1]["response"])
    assert final.output_text == answer.text
    done = [event["item"] for event in given if event["type"] == "response.output_item.done"]
    assert given[-1]["response"]["output"] == done
    assert len({item["id"] for item in done}) == len(done)
    assert {event["response"]["id"] for event in given if "response" in event} == {final.id}


@pytest.mark.parametrize("answer", ANSWERS[:-1], ids=lambda a: f"{a.finish}-{len(a.text)}")
def test_anthropic(answer: ChatResponse) -> None:
    server = AnthropicMessagesServer(fresh())
    found = AnthropicMessage.model_validate(server.response(answer))
    assert found.id == (answer.id or "msg_n0")
    assert (found.stop_details is not None) is (answer.finish == "content_filter")
    given = events(server, chunks_of(answer))
    for event in given:
        MESSAGE_EVENT.validate_python(event)
    kinds = [event["type"] for event in given]
    assert (kinds[0], kinds[-2:]) == ("message_start", ["message_delta", "message_stop"])
    # What was read is known at the end, which is the beginning where nothing is said.
    assert given[0]["message"]["usage"]["input_tokens"] == (0 if answer.text else 1)
    if answer.usage:
        end = given[-2]["usage"]
        assert end["input_tokens"] + end["cache_read_input_tokens"] + end["cache_creation_input_tokens"] == (
            answer.usage.input_tokens
        )


def kinds_of(server: Any, chunks: Iterable[ChatChunk]) -> list[str]:
    return [event["type"].removeprefix("response.") for event in events(server, chunks)]


MIXED = [
    ChatChunk("We", id="r1", model="m"),
    ChatChunk("ll"),
    ChatChunk(tool_calls=(ToolCallDelta(0, "c1", "f"),)),
    ChatChunk(tool_calls=(ToolCallDelta(0, arguments="{}"),)),
    ChatChunk(tool_calls=(ToolCallDelta(1, "c2", "f", "{}"),)),
    ChatChunk(finish="tool_calls", usage=Usage(1, 2)),
]


def test_the_order_of_events() -> None:
    assert kinds_of(ResponsesServer(), MIXED) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]
    block = ["content_block_start", "content_block_delta", "content_block_stop"]
    assert kinds_of(AnthropicMessagesServer(), MIXED) == [
        "message_start",
        *block[:2],
        "content_block_delta",
        "content_block_stop",
        *block,
        *block,
        "message_delta",
        "message_stop",
    ]


@pytest.mark.parametrize("server", [ResponsesServer(), AnthropicMessagesServer()], ids=["responses", "anthropic"])
def test_mixed_calls_are_refused_and_not_written_wrongly(server: Any) -> None:
    writer = server.writer(ASKED)
    for chunk in MIXED[:-1]:
        writer.write(chunk)
    with pytest.raises(ModelBadResponse, match="mixed"):
        writer.write(MIXED[3])


@pytest.mark.parametrize("server", [ChatCompletionsServer(), ResponsesServer(), AnthropicMessagesServer()])
def test_half_a_pair_of_characters_is_written(server: Any) -> None:
    odd = "a\ud83d b"
    chunks = [ChatChunk("x"), ChatChunk(odd), ChatChunk(finish="stop")]
    assert any(r"\ud83d" in json.dumps(event) for event in events(server, chunks))


def test_a_call_with_arguments_that_are_no_object() -> None:
    answer = replace(ANSWERS[4], message=Message("assistant", tool_calls=(ToolCall("c1", "f", "[1]"),)))
    with pytest.raises(ModelBadResponse, match="no JSON object"):
        AnthropicMessagesServer().response(answer)
