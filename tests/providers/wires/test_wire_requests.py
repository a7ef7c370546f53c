"""What clients send is taken as they mean it, or refused with its place; and whatever is sent, nothing falls over."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.errors import ModelRequestInvalid
from ferrata.messages import ChatRequest, Image, Message, OutputSchema, Text, Tool, ToolCall
from ferrata.providers.base import Dialect
from ferrata.providers.wires import client_wires, server_wires
from ferrata.providers.wires.serving import RequestMistake

CHAT, RESPONSES, ANTHROPIC = server_wires()
USER = [{"role": "user", "content": "Hi"}]
EPHEMERAL = {"type": "ephemeral"}

# The shape of what an agent for coding sends to /v1/messages, words shortened.
AGENT: dict[str, Any] = {
    "model": "m",
    "max_tokens": 32000,
    "stream": True,
    "system": [
        {"type": "text", "text": "You are an agent. "},
        {"type": "text", "text": "Be brief.", "cache_control": EPHEMERAL},
    ],
    "tools": [
        {
            "name": "Read",
            "description": "Reads a file.",
            "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}},
            "cache_control": {"type": "ephemeral", "ttl": "1h"},
            "eager_input_streaming": True,
        },
        {"type": "custom", "name": "Bash", "input_schema": {"type": "object"}},
    ],
    "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    "metadata": {"user_id": "u1"},
    "thinking": {"type": "enabled", "budget_tokens": 31999},
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "stop_sequences": ["END"],
    "top_k": 5,
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "Look at a.png", "cache_control": EPHEMERAL}]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "AA"},
                {"type": "redacted_thinking", "data": "AA"},
                {"type": "text", "text": "I will."},
                {
                    "type": "tool_use",
                    "id": "t1",
                    "name": "Read",
                    "input": {"path": "a.png"},
                    "caller": {"type": "direct"},
                },
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t1",
                    "is_error": False,
                    "content": [
                        {"type": "text", "text": "a picture"},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                    ],
                },
                {"type": "text", "text": "Well?"},
            ],
        },
        {"role": "system", "content": "The day is over."},
    ],
}


def test_what_an_agent_sends() -> None:
    request, model, stream, _ = ANTHROPIC.asked(AGENT)
    assert (model, stream) == ("m", True)
    assert request == ChatRequest(
        messages=(
            Message("system", "You are an agent. Be brief."),
            Message("user", "Look at a.png"),
            Message("assistant", "I will.", tool_calls=(ToolCall("t1", "Read", '{"path": "a.png"}'),)),
            Message("tool", (Text("a picture"), Image("data:image/png;base64,AAAA")), tool_call_id="t1"),
            Message("user", "Well?"),
            Message("system", "The day is over."),
        ),
        tools=(
            Tool("Read", "Reads a file.", {"type": "object", "properties": {"path": {"type": "string"}}}),
            Tool("Bash", "", {"type": "object"}),
        ),
        tool_choice="auto",
        max_tokens=32000,
        stop=("END",),
        reasoning_effort="high",
        user="u1",
        extra={"top_k": 5, "parallel_tool_calls": False},
    )


@pytest.mark.parametrize(
    ("thinking", "effort"),
    [
        ({"type": "disabled"}, None),
        ({"type": "adaptive"}, None),
        ({"type": "enabled", "budget_tokens": 1024}, "low"),
        ({"type": "enabled", "budget_tokens": 10_000}, "medium"),
    ],
)
def test_how_hard_to_think(thinking: dict[str, Any], effort: str | None) -> None:
    body = {"model": "m", "max_tokens": 5, "messages": USER, "thinking": thinking}
    assert ANTHROPIC.asked(body).request.reasoning_effort == effort
    assert ANTHROPIC.asked({**body, "output_config": {"effort": "max"}}).request.reasoning_effort == "max"


def anthropic(**changes: object) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 5, "messages": USER, **changes}


def said(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


REFUSED: list[tuple[Any, dict[str, Any], str, str]] = [
    (ANTHROPIC, anthropic(**said({"type": "document", "source": {}})), "messages[0].content[0].type", "documents"),
    (ANTHROPIC, anthropic(**said({"type": "search_result"})), "messages[0].content[0].type", "must be text"),
    (ANTHROPIC, anthropic(tools=[{"type": "web_search_20260209", "name": "web"}]), "tools[0].type", "vendor's own"),
    (ANTHROPIC, anthropic(tool_choice={"type": ["auto"]}), "tool_choice.type", "auto, none, any or tool"),
    (ANTHROPIC, anthropic(tool_choice={"type": "tool"}), "tool_choice.name", "is missing"),
    (ANTHROPIC, anthropic(stop_sequences=[1]), "stop_sequences[0]", "string"),
    (ANTHROPIC, anthropic(messages=[]), "messages", "is empty"),
    (ANTHROPIC, anthropic(**said({"type": "thinking"})), "messages", "is empty"),
    (ANTHROPIC, anthropic(system=5), "system", "array"),
    (ANTHROPIC, anthropic(max_tokens=None), "max_tokens", "is missing"),
    (
        ANTHROPIC,
        anthropic(context_management={"edits": [{"type": "compact_1"}]}),
        "context_management.edits[0].type",
        "known",
    ),
    (CHAT, {"model": "m", "messages": USER, "n": 2}, "n", "more than one"),
    (CHAT, {"model": "m", "messages": USER, "functions": []}, "functions", "no longer"),
    (CHAT, {"model": "m", "messages": USER, "function_call": "auto"}, "function_call", "no longer"),
    (CHAT, {"model": "m", "messages": USER, "stop": [1]}, "stop[0]", "string"),
    (CHAT, {"model": "m", "messages": USER, "tool_choice": "any"}, "tool_choice", "must be auto"),
    (CHAT, {"model": "m", "messages": USER, "tools": [{"type": "custom"}]}, "tools[0].type", "must be function"),
    (CHAT, {"model": "m", **said({"type": "input_audio"})}, "messages[0].content[0].type", "input_audio is not known"),
    (CHAT, {"model": "m", **said({"type": "file"})}, "messages[0].content[0].type", "file is not known"),
    (CHAT, {"model": "m", **said({"type": "video"})}, "messages[0].content[0].type", "must be text"),
    (
        CHAT,
        {"model": "m", "messages": [{"role": "assistant", "function_call": {"name": "f"}}]},
        "messages[0].function_call",
        "no longer",
    ),
    (RESPONSES, {"model": "m", "input": "Hi", "previous_response_id": "r"}, "previous_response_id", "not stored"),
    (RESPONSES, {"model": "m", "input": "Hi", "conversation": "c"}, "conversation", "not stored"),
    (RESPONSES, {"model": "m", "input": "Hi", "background": True}, "background", "not kept"),
    (RESPONSES, {"model": "m", "input": "Hi", "tools": [{"type": "web_search"}]}, "tools[0].type", "vendor's own"),
    (RESPONSES, {"model": "m", "input": "Hi", "tool_choice": {"type": "web_search"}}, "tool_choice", "must be auto"),
    (RESPONSES, {"model": "m", "input": "Hi", "text": {"format": {"type": "xml"}}}, "text.format.type", "must be"),
    (RESPONSES, {"model": "m", "input": [{"type": "reasoning", "id": "r"}]}, "input", "is empty"),
    (
        RESPONSES,
        {"model": "m", "input": [{"role": "user", "content": [{"type": "input_file"}]}]},
        "input[0].content[0].type",
        "input_file is not known",
    ),
]


@pytest.mark.parametrize(("server", "body", "place", "words"), REFUSED)
def test_what_is_not_known_is_refused_with_its_place(server: Any, body: dict, place: str, words: str) -> None:
    with pytest.raises(RequestMistake, match=words) as caught:
        server.asked(body)
    assert caught.value.place == place
    assert caught.value.message.startswith(f"{place}: ")


def test_what_clients_of_openai_send() -> None:
    history = [
        {"role": "developer", "content": "Be brief."},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
        *USER,
    ]
    request = CHAT.asked({"model": "m", "messages": history, "n": 1, "functions": None}).request
    assert [(m.role, m.text) for m in request.messages] == [
        ("system", "Be brief."),
        ("assistant", "No."),
        ("user", "Hi"),
    ]
    items = [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "AA"},
        {"type": "message", "role": "assistant", "id": "msg_1", "content": [{"type": "output_text", "text": "Yes."}]},
        {"role": "user", "content": "Hi"},
    ]
    request = RESPONSES.asked({"model": "m", "input": items, "store": False, "truncation": "disabled"}).request
    assert request == ChatRequest((Message("assistant", "Yes."), Message("user", "Hi")))


# Bodies that are nearly right, so that every branch is reached: the known keys, and values of which many are wrong.
SCALARS: Any = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.floats(allow_nan=False)
    | st.sampled_from(
        ["user", "assistant", "system", "tool", "text", "image", "image_url", "tool_use", "tool_result", "function"]
        + [
            "function_call",
            "function_call_output",
            "input_text",
            "input_image",
            "json_schema",
            "json_object",
            "message",
        ]
        + ["auto", "any", "enabled", "reasoning", "thinking", "base64", "x"]
    )
)
KEYS = st.sampled_from(
    [
        "role",
        "content",
        "type",
        "text",
        "id",
        "name",
        "function",
        "arguments",
        "input",
        "source",
        "url",
        "data",
        "tool_calls",
    ]
    + ["call_id", "output", "tool_use_id", "image_url", "input_schema", "parameters", "description", "schema", "format"]
    + ["json_schema", "budget_tokens", "edits", "effort", "media_type", "detail", "strict", "tool_call_id"]
)
VALUES: Any = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=12
)
TOP = st.sampled_from(
    [
        "messages",
        "input",
        "system",
        "instructions",
        "tools",
        "tool_choice",
        "stop",
        "stop_sequences",
        "max_tokens",
        "thinking",
    ]
    + [
        "temperature",
        "text",
        "reasoning",
        "response_format",
        "output_config",
        "metadata",
        "stream",
        "stream_options",
        "n",
    ]
    + ["functions", "include", "top_logprobs", "logprobs", "seed", "user", "context_management", "max_output_tokens"]
)
BODIES = st.dictionaries(TOP, VALUES, max_size=6)


@given(body=BODIES, over=st.booleans())
def test_any_body_is_read_or_refused_with_a_place(body: dict[str, Any], *, over: bool) -> None:
    sound = {"model": "m", "max_tokens": 5, "messages": USER, "input": "Hi"}
    whole = {**body, **sound} if over else {**sound, **body}
    for server in server_wires():
        try:
            found = server.asked(whole)
        except RequestMistake as error:
            assert error.place
            assert error.message.startswith(error.place)
            json.dumps(server.error(error))
            continue
        assert found.request.messages
        try:
            json.dumps(client_wires()["openai-chat"].body(found.request, "m", Dialect(), stream=found.stream))
        except ModelRequestInvalid:
            # A further parameter of a name that the request itself has.
            assert found.request.extra


@pytest.mark.parametrize("server", server_wires(), ids=["chat", "responses", "anthropic"])
def test_a_body_nested_deeply(server: Any) -> None:
    deep: Any = {}
    for _ in range(5_000):
        deep = {"x": deep}
    calls = [{"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "f", "input": deep}]}]
    with pytest.raises(RequestMistake):
        server.asked({"model": "m", "max_tokens": 5, "messages": calls, "input": calls})


WORDS = st.text('aé \n"\\😀', max_size=8)
SOME = WORDS.filter(bool)
IMAGES = st.sampled_from([Image("data:image/png;base64,AAAA"), Image("https://example.com/a.png")])
CONTENTS = SOME | st.tuples(SOME.map(Text), IMAGES) | st.tuples(IMAGES, SOME.map(Text), SOME.map(Text))
ARGUMENTS = st.dictionaries(WORDS, WORDS | st.integers(-5, 5), max_size=3).map(json.dumps)
CALLS = st.lists(ARGUMENTS, min_size=1, max_size=2).map(
    lambda given: tuple(ToolCall(f"c{i}", "f", arguments) for i, arguments in enumerate(given))
)
TURNS = st.one_of(
    CONTENTS.map(lambda content: (Message("user", content), Message("assistant", "ok"))),
    CALLS.map(
        lambda calls: (
            Message("user", "go"),
            Message("assistant", tool_calls=calls),
            *(Message("tool", "done", tool_call_id=call.id) for call in calls),
            Message("assistant", "well"),
        )
    ),
)
REQUESTS = st.builds(
    lambda system, turns, more: ChatRequest(
        (
            *([Message("system", system)] if system else []),
            *(m for turn in turns for m in turn),
            Message("user", "end"),
        ),
        max_tokens=7,
        **more,
    ),
    WORDS,
    st.lists(TURNS, max_size=3),
    st.fixed_dictionaries(
        {},
        optional={
            "tools": st.just(
                (Tool("f", "does", {"type": "object"}, strict=True), Tool("g", "", {"type": "object"}, strict=False))
            ),
            "tool_choice": st.sampled_from(["auto", "none", "required", "f"]),
            "output": st.builds(OutputSchema, st.just({"type": "object"})),
            "temperature": st.floats(0, 2),
            "top_p": st.floats(0, 1),
            "reasoning_effort": st.sampled_from(["low", "high"]),
            "user": SOME,
        },
    ),
)


@given(request_=REQUESTS, stream=st.booleans())
def test_any_request_comes_out_as_it_went_in(request_: ChatRequest, *, stream: bool) -> None:
    for name, server in zip(client_wires(), server_wires(), strict=True):
        body = client_wires()[name].body(request_, "small", Dialect(), stream=stream)
        found = server.asked(json.loads(json.dumps(body)))
        assert (found.model, found.stream) == ("small", stream)
        assert found.request == (apart(request_) if name == "openai-responses" else request_)


def apart(request: ChatRequest) -> ChatRequest:
    """Each call as a message of its own, as it is an item there."""
    given = ((m, call) for m in request.messages for call in (m.tool_calls or (None,)))
    return replace(request, messages=tuple(replace(m, tool_calls=(call,)) if call else m for m, call in given))
