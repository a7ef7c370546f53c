"""The client's and the server's side of each wire format agree, and what a format cannot say is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.errors import ModelBadResponse, ModelBusy, ModelRefused, ModelRequestInvalid, ModelUnavailable
from ferrata.messages import (
    ChatRequest,
    ChatResponse,
    Image,
    Message,
    OutputSchema,
    Text,
    TokenLogprob,
    Tool,
    ToolCall,
    Usage,
)
from ferrata.providers import assemble
from ferrata.providers.base import Dialect
from ferrata.providers.fake.model import chunks_of
from ferrata.providers.sse import EventParser
from ferrata.providers.wires import client_wires, server_wires
from ferrata.providers.wires.serving import Asked

PAIRS = [
    pytest.param(wire, server, id=wire.name)
    for wire, server in zip(client_wires().values(), server_wires(), strict=True)
]
NAMES = list(client_wires())
PNG = "data:image/png;base64,iVBORw0KGgo="
WEATHER = Tool("weather", "The weather.", {"type": "object", "properties": {"city": {"type": "string"}}}, strict=True)
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}

PLAIN = ChatRequest((Message("user", "Hello"),), max_tokens=9)
TALK = ChatRequest(
    (
        Message("system", "Be brief."),
        Message("user", (Text("What is this?"), Image(PNG))),
        Message("assistant", "Let me look.", tool_calls=(ToolCall("c1", "weather", '{"city": "Bonn"}'),)),
        Message("tool", "12 degrees", tool_call_id="c1"),
        Message("assistant", "It is mild."),
        Message("user", "Thanks"),
    ),
    tools=(WEATHER,),
    max_tokens=50,
    temperature=0.5,
    top_p=0.9,
    user="u1",
)
ONLY = {
    "openai-chat": replace(
        PLAIN,
        messages=(Message("user", (Text("x"), Image("https://example.com/a.png", "low")), name="ann"),),
        seed=7,
        stop=("END",),
        frequency_penalty=0.5,
        presence_penalty=-0.5,
        top_logprobs=3,
        output=OutputSchema(),
        tool_choice="none",
        reasoning_effort="low",
        extra={"logit_bias": {"1": 2}},
    ),
    "openai-responses": replace(
        PLAIN, top_logprobs=3, output=OutputSchema(CITY, "city", strict=False), reasoning_effort="low", extra={"x": 1}
    ),
    "anthropic-messages": replace(
        PLAIN, stop=("END",), output=OutputSchema(CITY), reasoning_effort="low", extra={"top_k": 5}
    ),
}


def requests() -> list[tuple[str, ChatRequest]]:
    found = [(name, request) for name in NAMES for request in (PLAIN, TALK, ONLY[name])]
    return found + [(name, replace(TALK, tool_choice=c)) for name in NAMES for c in ("auto", "required", "weather")]


def servers() -> dict[str, object]:
    return dict(zip(NAMES, server_wires(), strict=True))


def as_sent(request: ChatRequest, name: str) -> ChatRequest:
    """What a format cannot tell apart: a call beside a text is a message of its own in openai-responses."""
    if name != "openai-responses":
        return request
    messages: list[Message] = []
    for message in request.messages:
        if message.tool_calls and message.content:
            messages += [replace(message, tool_calls=()), replace(message, content="")]
        else:
            messages.append(message)
    return replace(request, messages=tuple(messages))


@pytest.mark.parametrize(("name", "request_"), requests())
@pytest.mark.parametrize("stream", [False, True])
def test_a_request_comes_out_as_it_went_in(name: str, request_: ChatRequest, *, stream: bool) -> None:
    body = client_wires()[name].body(request_, "small", Dialect(), stream=stream)
    asked = servers()[name].asked(json.loads(json.dumps(body)))  # pyright: ignore[reportAttributeAccessIssue]
    assert asked == Asked(as_sent(request_, name), "small", stream, usage=stream or name != "openai-chat")


LOGPROBS = (TokenLogprob("Hi", -0.5, (("Hi", -0.5), ("Ho", -1.5))), TokenLogprob(" there", -0.25))
ANSWERS = [
    ChatResponse("r1", "small-1", Message("assistant", "Hi there"), "stop", Usage(10, 4, 3, 2, 1)),
    ChatResponse("r1", "small-1", Message("assistant", "Hi there"), "length", Usage(10, 4)),
    ChatResponse("r1", "small-1", Message("assistant", "No."), "content_filter", Usage(10, 4)),
    ChatResponse("r1", "small-1", Message("assistant", ""), "stop", Usage(10, 0)),
    ChatResponse(
        "r1",
        "small-1",
        Message("assistant", "Well", tool_calls=(ToolCall("c1", "a", '{"x": 1}'), ToolCall("c2", "b", "{}"))),
        "tool_calls",
        Usage(10, 4),
    ),
    ChatResponse("r1", "small-1", Message("assistant", "Hi there"), "stop", Usage(1, 2), logprobs=LOGPROBS),
]


@pytest.mark.parametrize(("wire", "server"), PAIRS)
@pytest.mark.parametrize("answer", ANSWERS, ids=lambda a: f"{a.finish}-{len(a.text)}-{bool(a.logprobs)}")
@pytest.mark.parametrize("cut", [1, 7, 10_000])
def test_an_answer_comes_out_as_it_went_in(wire, server, answer: ChatResponse, cut: int) -> None:
    if wire.name == "anthropic-messages":
        answer = replace(answer, logprobs=None)
    assert wire.response(json.loads(json.dumps(server.response(answer)))) == answer
    writer = server.writer(Asked(PLAIN, "small", stream=True))
    data = b"".join(writer.write(chunk) for chunk in chunks_of(answer)) + writer.end()
    parser, reader, chunks = EventParser(), wire.reader(), []
    for at in range(0, len(data), cut):
        for event in parser.feed(data[at : at + cut]):
            chunks += reader.read(event.type, event.data)
    assert parser.end() == []
    chunks += reader.end()
    assert assemble(chunks) == answer
    assert len(chunks) > len(answer.text.split())


@pytest.mark.parametrize(("wire", "server"), PAIRS)
def test_a_stream_that_is_cut_anywhere_is_never_taken_for_whole(wire, server) -> None:
    writer = server.writer(Asked(PLAIN, "small", stream=True))
    events = [writer.write(chunk) for chunk in chunks_of(ANSWERS[0])]
    for length in range(len(events) - 1):
        reader = wire.reader()
        for event in EventParser().feed(b"".join(events[:length])):
            list(reader.read(event.type, event.data))
        with pytest.raises(ModelBadResponse, match="in the middle of the answer"):
            list(reader.end())


REFUSED = [
    ("openai-responses", {"seed": 1}, "'seed'"),
    ("openai-responses", {"stop": ("x",)}, "'stop'"),
    ("openai-responses", {"frequency_penalty": 1.0}, "'frequency_penalty'"),
    ("anthropic-messages", {"seed": 1, "top_logprobs": 2}, "'logprobs' and 'seed'"),
    ("anthropic-messages", {"presence_penalty": 1.0}, "'presence_penalty'"),
    ("anthropic-messages", {"output": OutputSchema()}, "'json_object'"),
    ("anthropic-messages", {"messages": (Message("user", "x", name="ann"),)}, "'name'"),
    ("anthropic-messages", {"messages": (Message("user", "x"), Message("system", "y"))}, "at the beginning only"),
    ("anthropic-messages", {"messages": (Message("system", "y"),)}, "nothing but system messages"),
    ("anthropic-messages", {"messages": (Message("user", (Image("data:x"),)),)}, "data URL"),
    (
        "anthropic-messages",
        {"messages": (Message("assistant", tool_calls=(ToolCall("1", "a", "[1"),)),)},
        "no JSON object",
    ),
    *((name, {"messages": ()}, "without a message") for name in NAMES),
    *((name, {"extra": {"stream": True, "top_k": 1}}, "'stream' cannot be a further parameter") for name in NAMES),
    *((name, {"extra": {"messages": [], "model": "m"}}, "'messages' and 'model' cannot be") for name in NAMES),
    *((name, {"extra": {"system": "x", "input": []}}, "'input' and 'system' cannot be") for name in NAMES),
]


@pytest.mark.parametrize(("name", "changes", "words"), REFUSED)
def test_what_cannot_be_said_is_refused_and_not_dropped(name: str, changes: dict, words: str) -> None:
    with pytest.raises(ModelRequestInvalid, match=words):
        client_wires()[name].body(replace(PLAIN, **changes), "small", Dialect("Acme"), stream=False)


@pytest.mark.parametrize("name", NAMES)
def test_a_vendor_may_refuse_more(name: str) -> None:
    dialect = Dialect("Acme", refuses=frozenset({"images", "tools"}))
    with pytest.raises(ModelRequestInvalid, match="Acme.* knows no 'images' and 'tools'"):
        client_wires()[name].body(TALK, "small", dialect, stream=False)


def test_dialects_of_chat_completions() -> None:
    dialect = Dialect(max_tokens="max_completion_tokens", system_role="developer", stream_usage=False)
    body = client_wires()["openai-chat"].body(replace(TALK, tools=()), "m", dialect, stream=True)
    assert (body["max_completion_tokens"], body["messages"][0]["role"]) == (50, "developer")
    assert body.keys().isdisjoint({"max_tokens", "stream_options"})


WRONG_SHAPES = [{}, {"choices": []}, {"choices": [{}]}, {"output": "x"}, {"type": "message"}, {"content": [1]}]


@pytest.mark.parametrize("wire", client_wires().values(), ids=NAMES)
@pytest.mark.parametrize("payload", WRONG_SHAPES, ids=str)
def test_an_answer_of_another_shape(wire, payload: dict) -> None:
    with pytest.raises(ModelBadResponse, match="another shape"):
        wire.response(payload)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "message",
                    "content",
                    "delta",
                    "usage",
                    "output",
                    "type",
                    "id",
                    "text",
                    "tool_calls",
                    "function",
                    "logprobs",
                    "finish_reason",
                    "item",
                    "response",
                    "stop_reason",
                    "content_block",
                    "index",
                    "input_tokens",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(payload=json_values)
@pytest.mark.parametrize("wire", client_wires().values(), ids=NAMES)
def test_no_answer_makes_a_reader_fall_over(wire, payload: object) -> None:
    """What others send is read, or refused with an error of ours; nothing else comes out."""
    if isinstance(payload, dict):
        try:
            wire.response(payload)
        except (ModelBadResponse, ModelUnavailable, ModelRequestInvalid):
            pass
    try:
        list(wire.reader().read("", json.dumps(payload)))
    except (ModelBadResponse, ModelUnavailable, ModelRequestInvalid):
        pass


@given(payload=json_values)
@pytest.mark.parametrize("server", server_wires(), ids=NAMES)
def test_no_request_makes_a_server_fall_over(server, payload: object) -> None:
    if isinstance(payload, dict):
        try:
            server.asked({"messages": payload, "input": payload, **payload})
        except ModelRequestInvalid:
            pass


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("openai-chat", {"error": {"message": "Overloaded", "type": "rate_limit_exceeded"}}, ModelBusy),
        ("openai-chat", {"error": {"message": "no", "code": "content_filter"}}, ModelRefused),
        ("anthropic-messages", {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}, ModelBusy),
        ("openai-responses", {"type": "error", "message": "boom", "code": "server_error"}, ModelUnavailable),
        (
            "openai-responses",
            {"type": "response.failed", "response": {"error": {"code": "rate_limit_exceeded", "message": "x"}}},
            ModelBusy,
        ),
    ],
)
def test_a_failure_in_the_middle_of_a_stream(name: str, data: dict, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="in the middle of the answer"):
        list(client_wires()[name].reader().read("error", json.dumps(data)))


def test_usage_counts_each_token_once() -> None:
    found = client_wires()["anthropic-messages"].response(
        {
            "type": "message",
            "content": [],
            "usage": {
                "input_tokens": 5,
                "cache_read_input_tokens": 100,
                "cache_creation_input_tokens": 20,
                "output_tokens": 7,
                "output_tokens_details": {"thinking_tokens": 3},
            },
        }
    )
    assert found.usage == Usage(125, 7, 100, 20, 3)


def test_words_of_other_vendors() -> None:
    wire = client_wires()["openai-chat"]
    choice = {
        "message": {"content": None, "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": {"a": 1}}}]}
    }
    found = wire.response({"choices": [{**choice, "finish_reason": "stop"}], "usage": {"prompt_cache_hit_tokens": 3}})
    assert (found.finish, found.message.tool_calls) == ("tool_calls", (ToolCall("1", "f", '{"a": 1}'),))
    assert found.usage == Usage(cached_tokens=3)


def chat_answer(**message: object) -> dict:
    return {"choices": [{"message": {"role": "assistant", **message}, "finish_reason": "stop"}]}


CALL = {"id": "1", "function": {"name": "f", "arguments": "{}"}}
WRONG_TYPES = [
    ("openai-chat", chat_answer(content=5), "`content` is 5, not a text"),
    ("openai-chat", chat_answer(content=["a"]), "`content[]` is 'a', not an object"),
    ("openai-chat", {**chat_answer(content="a"), "usage": "many"}, "`usage` is 'many', not an object"),
    (
        "openai-chat",
        {**chat_answer(content="a"), "usage": {"prompt_tokens": "5"}},
        "`prompt_tokens` is '5', not a whole number",
    ),
    ("openai-chat", chat_answer(tool_calls="f"), "`tool_calls` is 'f', not a list"),
    ("openai-chat", chat_answer(tool_calls=[{**CALL, "function": 1}]), "`function` is 1, not an object"),
    ("openai-chat", chat_answer(tool_calls=[{"id": "1", "function": {}}]), "a tool call without a `name`"),
    ("openai-chat", {"choices": "x"}, "`choices` is 'x', not a list"),
    ("openai-chat", {**chat_answer(content="a"), "id": 7}, "`id` is 7, not a text"),
    ("anthropic-messages", {"type": "message", "content": ["a"]}, "`content[]` is 'a', not an object"),
    ("anthropic-messages", {"type": "message", "content": [{"type": "text", "text": 5}]}, "`text` is 5, not a text"),
    ("anthropic-messages", {"type": "message", "content": [], "usage": "many"}, "`usage` is 'many', not an object"),
    (
        "anthropic-messages",
        {"type": "message", "content": [{"type": "tool_use", "id": "1", "name": "f", "input": "x"}]},
        "`input` is 'x', not an object",
    ),
    ("openai-responses", {"output": [{"type": "message", "content": 5}]}, "`content` is 5, not a list"),
    (
        "openai-responses",
        {"output": [{"type": "message", "content": [{"type": "output_text", "text": 5}]}]},
        "`text` is 5, not a text",
    ),
    ("openai-responses", {"output": [], "usage": "many"}, "`usage` is 'many', not an object"),
    (
        "openai-responses",
        {"output": [{"type": "function_call", "name": "f", "arguments": {}}]},
        "`arguments` is an object, not a text",
    ),
]


@pytest.mark.parametrize(("name", "payload", "words"), WRONG_TYPES)
def test_a_value_of_another_type_is_named_and_never_empty(name: str, payload: dict, words: str) -> None:
    with pytest.raises(ModelBadResponse) as caught:
        client_wires()[name].response(payload)
    assert caught.value.message == f"the answer has another shape: {words}"
    assert caught.value.hint == "check the model's `wire` and `url`"


def chat_delta(**delta: object) -> dict:
    return {"choices": [{"delta": delta}]}


@pytest.mark.parametrize(
    ("name", "event", "words"),
    [
        ("openai-chat", chat_delta(content=5), "`content` is 5, not a text"),
        ("openai-chat", {"choices": [], "usage": "many"}, "`usage` is 'many', not an object"),
        ("openai-chat", chat_delta(tool_calls={"index": 0}), "`tool_calls` is an object, not a list"),
        ("openai-chat", chat_delta(tool_calls=[{"index": "a"}]), "`index` is 'a', not a whole number"),
        ("openai-chat", chat_delta(tool_calls=[{"index": 0, "function": {"name": 1}}]), "`name` is 1, not a text"),
        ("openai-chat", {"choices": [{"delta": "x"}]}, "`delta` is 'x', not an object"),
        ("anthropic-messages", {"type": "content_block_delta", "delta": 5}, "`delta` is 5, not an object"),
        (
            "anthropic-messages",
            {"type": "content_block_delta", "delta": {"type": "text_delta", "text": 5}},
            "`text` is 5, not a text",
        ),
        (
            "anthropic-messages",
            {"type": "content_block_start", "index": [1], "content_block": {"type": "tool_use"}},
            "`index` is a list, not a whole number",
        ),
        (
            "anthropic-messages",
            {"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": {}}},
            "`partial_json` is an object, not a text",
        ),
        ("anthropic-messages", {"type": "message_delta", "usage": "many"}, "`usage` is 'many', not an object"),
        ("openai-responses", {"type": "response.output_text.delta", "delta": 5}, "`delta` is 5, not a text"),
        (
            "openai-responses",
            {"type": "response.function_call_arguments.delta", "delta": {"a": 1}},
            "`delta` is an object, not a text",
        ),
        (
            "openai-responses",
            {"type": "response.output_item.added", "item": {"type": "function_call"}, "output_index": {}},
            "`output_index` is an object, not a whole number",
        ),
    ],
)
def test_a_piece_of_another_type_is_named(name: str, event: dict, words: str) -> None:
    with pytest.raises(ModelBadResponse) as caught:
        list(client_wires()[name].reader().read("", json.dumps(event)))
    assert caught.value.message == f"the answer has another shape: {words}"


@pytest.mark.parametrize("wire", client_wires().values(), ids=NAMES)
@pytest.mark.parametrize(
    ("data", "words"), [("[1]", "no JSON object"), ("{", "no valid JSON"), ("[" * 99_999, "no valid")]
)
def test_an_event_that_is_no_object(wire, data: str, words: str) -> None:
    with pytest.raises(ModelBadResponse, match=words) as caught:
        list(wire.reader().read("", data))
    assert caught.value.hint


def test_what_was_said_may_come_in_parts() -> None:
    wire = client_wires()["openai-chat"]
    parts = [{"type": "thinking", "thinking": []}, {"type": "text", "text": "Yes"}, {"type": "text", "text": "."}]
    assert wire.response(chat_answer(content=parts)).text == "Yes."
    (chunk,) = wire.reader().read("", json.dumps(chat_delta(content=parts)))
    assert chunk.text == "Yes."
