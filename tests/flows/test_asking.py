from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

from ferrata.flows.asking import close_asking, complete, complete_now, embed_now
from ferrata.flows.contracts.connections import (
    AzureOpenAIConnection,
    OpenAIConnection,
    SerpConnection,
    ServerlessConnection,
)
from ferrata.flows.contracts.tool_errors import (
    FunctionCallNotSupportedInStreamMode,
    InvalidConnectionType,
    WrappedOpenAIError,
)
from ferrata.flows.prices import use_prices
from ferrata.telemetry import MemorySink, emit_to, open_span

MESSAGES = [{"role": "user", "content": "Hi"}]
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
FUNCTION = {"name": "f", "parameters": {"type": "object", "properties": {}}}


def answer(message: dict | None = None, **choice: Any) -> dict:
    made = {"index": 0, "finish_reason": "stop", **choice}
    if "text" not in choice:
        made["message"] = message or {"role": "assistant", "content": "Hello"}
    return {"id": "r1", "model": "small-1", "choices": [made], "usage": USAGE}


def pieces(*texts: str, end: bool = True) -> list[dict]:
    found: list[dict] = [{"id": "r1", "model": "m", "choices": [{"index": 0, "delta": {"content": t}}]} for t in texts]
    if end:
        found.append({"id": "r1", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        found.append({"id": "r1", "model": "m", "choices": [], "usage": USAGE})
    return found


def openai(service) -> OpenAIConnection:
    return OpenAIConnection("sk-hidden", organization="org", base_url=f"{service.url}/v1")


def test_openais_way_in_and_what_is_asked(service) -> None:
    service.answers = lambda _path, _body: (200, answer())
    found = complete_now(
        openai(service), MESSAGES, model="small", parameters={"temperature": "0.2", "max_tokens": "inf"}
    )
    ((path, headers, body),) = service.asked
    assert (found, path) == ("Hello", "/v1/chat/completions")
    assert (headers["authorization"], headers["openai-organization"]) == ("Bearer sk-hidden", "org")
    assert body == {"model": "small", "messages": MESSAGES, "temperature": 0.2, "top_p": 1.0}


def test_azures_way_in(service) -> None:
    service.answers = lambda _path, _body: (200, answer())
    connection = AzureOpenAIConnection(f"{service.url}/", "k", api_version="2024-02-01")
    assert complete_now(connection, MESSAGES, model="my deployment") == "Hello"
    path, headers, _ = service.asked[0]
    assert path == "/openai/deployments/my%20deployment/chat/completions?api-version=2024-02-01"
    assert headers["api-key"] == "k"
    assert "authorization" not in headers


def test_azure_by_a_token(service) -> None:
    service.answers = lambda _path, _body: (200, answer())
    provider = SimpleNamespace(get_token=lambda: "t0ken")
    connection = AzureOpenAIConnection(service.url, auth_mode="meid_token", token_provider=provider)
    complete_now(connection, MESSAGES, model="d")
    assert service.asked[0][1]["authorization"] == "Bearer t0ken"


@pytest.mark.parametrize("ending", ["", "/", "/v1"])
def test_a_serverless_way_in(service, ending: str) -> None:
    service.answers = lambda _path, _body: (200, answer())
    assert complete_now(ServerlessConnection("k", service.url + ending), MESSAGES, model="") == "Hello"
    assert service.asked[0][0] == "/v1/chat/completions"


def test_a_completion(service) -> None:
    service.answers = lambda _path, _body: (200, answer(text=" there"))
    assert complete_now(openai(service), "Hi", model="m", api="completion") == " there"
    path, _, body = service.asked[0]
    assert path == "/v1/completions"
    assert body == {
        "model": "m",
        "prompt": "Hi",
        "temperature": 1.0,
        "top_p": 1.0,
        "max_tokens": 16,
        "n": 1,
        "best_of": 1,
    }


def test_calls_of_tools_and_of_functions_come_as_the_whole_message(service) -> None:
    function = {"name": "f", "arguments": '{"a": 1}'}
    call = {"id": "c1", "type": "function", "function": function}
    service.answers = lambda _path, body: (
        200,
        answer({"content": None, "tool_calls": [call]}, finish_reason="tool_calls")
        if "tools" in body
        else answer({"content": None, "function_call": function}, finish_reason="function_call"),
    )
    rest = {"content": None, "refusal": None, "role": "assistant", "annotations": None, "audio": None}
    tools = [{"type": "function", "function": FUNCTION}]
    found = complete_now(openai(service), MESSAGES, model="m", parameters={"tools": tools})
    assert found == rest | {"function_call": None, "tool_calls": [call]}
    found = complete_now(openai(service), MESSAGES, model="m", parameters={"functions": [FUNCTION]})
    assert found == rest | {"function_call": function, "tool_calls": None}


def test_the_whole_answer(service) -> None:
    service.answers = lambda _path, _body: (200, answer())
    found = complete_now(openai(service), MESSAGES, model="m", parameters={"top_k": 3}, exact=True, whole=True)
    assert service.asked[0][2] == {"model": "m", "messages": MESSAGES, "top_k": 3}
    assert found["choices"][0]["message"]["content"] == "Hello"
    assert found["usage"] == {"prompt_tokens": 7, "completion_tokens": 3}


def test_a_stream_for_code_that_is_not_asynchronous(service) -> None:
    service.answers = lambda _path, _body: (200, pieces("He", "llo"))
    sink = MemorySink()
    with emit_to(sink), open_span("node", "node"):
        found = complete_now(openai(service), MESSAGES, model="m", stream=True)
        assert [*found] == ["He", "llo"]
    assert service.asked[0][2]["stream_options"] == {"include_usage": True}
    call, node = sink.spans
    assert (call.parent_id, call.attributes["output"]) == (node.span_id, "Hello")
    assert (node.usage.input_tokens, node.usage.output_tokens) == (7, 3)


def test_an_older_azure_is_not_asked_to_count_streams(service) -> None:
    service.answers = lambda _path, _body: (200, pieces("x"))
    for version in ("2024-02-01", "2024-10-21"):
        connection = AzureOpenAIConnection(service.url, "k", api_version=version)
        assert [*complete_now(connection, MESSAGES, model="d", stream=True)] == ["x"]
    assert ["stream_options" in body for _, _, body in service.asked] == [False, True]


def test_a_stream_can_be_given_up(service) -> None:
    service.answers = lambda _path, _body: (200, pieces(*["x"] * 1000))
    found = complete_now(openai(service), MESSAGES, model="m", stream=True)
    assert next(found) == "x"
    found.close()
    assert [*found] == []


def test_an_asynchronous_stream_and_its_failures(service) -> None:
    async def read() -> list[str]:
        found = await complete(openai(service), MESSAGES, model="m", stream=True)
        try:
            return [text async for text in found]
        finally:
            await close_asking()

    service.answers = lambda _path, _body: (200, pieces("a", "b"))
    assert asyncio.run(read()) == ["a", "b"]
    # A refusal is raised by the call itself, what breaks off while reading.
    service.answers = lambda _path, _body: (401, {"error": {"message": "wrong key sk-hidden"}})
    with pytest.raises(WrappedOpenAIError, match="AuthenticationError"):
        asyncio.run(read())
    service.answers = lambda _path, _body: (200, pieces("a", end=False))
    with pytest.raises(WrappedOpenAIError, match="the stream ended in the middle"):
        asyncio.run(read())


def test_a_failure_has_openais_name_and_no_key(service) -> None:
    service.answers = lambda _path, _body: (404, {"error": {"message": "no model m for sk-hidden"}})
    with pytest.raises(WrappedOpenAIError) as caught:
        complete_now(openai(service), MESSAGES, model="m")
    assert caught.value.error_codes == ["UserError", "OpenAIError", "NotFoundError"]
    assert "hidden" not in str(caught.value)


def test_a_passing_failure_is_tried_again(service) -> None:
    statuses = [503, 429, 200]
    service.answers = lambda _path, _body: (statuses.pop(0), answer())
    assert complete_now(openai(service), MESSAGES, model="m") == "Hello"
    assert len(service.asked) == 3


def test_a_call_is_a_span_with_tokens_and_cost(service) -> None:
    service.answers = lambda _path, _body: (200, answer())
    use_prices(
        lambda vendor, model: (
            SimpleNamespace(cost=lambda usage: 0.5) if (vendor, model) == ("openai", "small-1") else None
        )
    )
    sink = MemorySink()
    messages = [{"role": "user", "content": "Hi"}]
    try:
        with emit_to(sink):
            complete_now(openai(service), messages, model="small", parameters={"seed": 4})
    finally:
        use_prices(None)
    messages.clear()
    (span,) = sink.spans
    assert (span.name, span.kind, span.cost, span.usage.input_tokens) == ("chat small", "llm", 0.5, 7)
    assert span.attributes["gen_ai.request.seed"] == 4
    assert span.attributes["gen_ai.response.model"] == "small-1"
    assert span.attributes["inputs"] == {"messages": MESSAGES}
    assert span.attributes["output"] == "Hello"
    assert "hidden" not in json.dumps(span.as_json())


def test_embeddings(service) -> None:
    data = [{"index": 0, "embedding": [0.5, 0.25]}]
    service.answers = lambda _path, _body: (200, {"model": "e", "data": data, "usage": {"prompt_tokens": 2}})
    assert embed_now(openai(service), "text", model="e") == [0.5, 0.25]
    assert embed_now(AzureOpenAIConnection(service.url, "k"), "text", model="d") == [0.5, 0.25]
    assert [path for path, _, _ in service.asked] == [
        "/v1/embeddings",
        "/openai/deployments/d/embeddings?api-version=2024-02-01",
    ]


def test_what_cannot_be_asked(service) -> None:
    with pytest.raises(InvalidConnectionType, match="'SerpConnection' for llm"):
        complete_now(SerpConnection("k"), MESSAGES, model="m")
    with pytest.raises(InvalidConnectionType, match="embedding api"):
        embed_now(SerpConnection("k"), "x", model="m")
    with pytest.raises(FunctionCallNotSupportedInStreamMode):
        complete_now(openai(service), MESSAGES, model="m", parameters={"functions": [FUNCTION]}, stream=True)
