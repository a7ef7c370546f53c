"""The fake server is what the vendors' own packages take for a vendor, so that it may stand for one in our tests."""

from __future__ import annotations

import json

import anthropic
import openai
import pytest

from ferrata.errors import ModelBusy, ModelOverQuota, ModelRequestInvalid
from ferrata.messages import ChatResponse, Message, ToolCall, Usage
from ferrata.providers import FakeModel, FakeServer

MESSAGES = [{"role": "user", "content": "How long is the warranty?"}]
CITY = {"type": "object", "properties": {"city": {"type": "string"}}}
USED = ChatResponse("r1", "small-1", Message("assistant", "Two years"), usage=Usage(125, 7, 100, 20, 3))
CALL = ChatResponse(
    "r1", "small-1", Message("assistant", tool_calls=(ToolCall("c1", "weather", '{"city": "Bonn"}'),)), "tool_calls"
)


def openai_at(server: FakeServer) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.url, api_key="k", max_retries=0)


def anthropic_at(server: FakeServer) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=server.url.removesuffix("/v1"), api_key="k", max_retries=0)


def test_openai_chat() -> None:
    with FakeServer(FakeModel([USED])) as server, openai_at(server) as client:
        found = client.chat.completions.create(model="m", messages=MESSAGES)
        assert found.choices[0].message.content == "Two years"
        assert found.usage is not None
        assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (125, 7)
        assert found.usage.prompt_tokens_details.cached_tokens == 100
        options = {"include_usage": True}
        chunks = list(client.chat.completions.create(model="m", messages=MESSAGES, stream=True, stream_options=options))
        assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Two years"
        assert chunks[-1].usage.total_tokens == 132


def test_openai_chat_logprobs_and_schema(server: FakeServer) -> None:
    with openai_at(server) as client:
        found = client.chat.completions.create(model="m", messages=MESSAGES, logprobs=True, top_logprobs=2)
        assert [t.token for t in found.choices[0].logprobs.content] == ["How", " long", " is", " the", " warranty?"]
        assert len(found.choices[0].logprobs.content[0].top_logprobs) == 2
        shape = {"type": "json_schema", "json_schema": {"name": "c", "schema": CITY}}
        found = client.chat.completions.create(model="m", messages=MESSAGES, response_format=shape)
        assert json.loads(found.choices[0].message.content) == {"city": "text"}


def test_openai_chat_tools() -> None:
    tools = [{"type": "function", "function": {"name": "weather", "parameters": CITY}}]
    with FakeServer(FakeModel([CALL])) as server, openai_at(server) as client:
        with client.chat.completions.stream(model="m", messages=MESSAGES, tools=tools) as stream:
            stream.until_done()
            found = stream.get_final_completion()
        call = found.choices[0].message.tool_calls[0]
        assert (call.id, call.function.name, call.function.arguments) == ("c1", "weather", '{"city": "Bonn"}')
        assert found.choices[0].finish_reason == "tool_calls"


def test_openai_responses() -> None:
    with FakeServer(FakeModel([USED, USED, CALL])) as server, openai_at(server) as client:
        found = client.responses.create(model="m", input="How long?", instructions="Be brief.")
        assert (found.output_text, found.status) == ("Two years", "completed")
        assert (found.usage.input_tokens, found.usage.input_tokens_details.cached_tokens) == (125, 100)
        with client.responses.stream(model="m", input="How long?") as stream:
            stream.until_done()
            assert stream.get_final_response().output_text == "Two years"
        with client.responses.stream(model="m", input="How long?") as stream:
            stream.until_done()
            call = stream.get_final_response().output[0]
        assert (call.type, call.call_id, call.name, call.arguments) == (
            "function_call", "c1", "weather", '{"city": "Bonn"}'
        )  # fmt: skip
        request = server.model.requests[0]
        assert [(m.role, m.text) for m in request.messages] == [("system", "Be brief."), ("user", "How long?")]


def test_anthropic_messages() -> None:
    with FakeServer(FakeModel([USED, USED, CALL])) as server, anthropic_at(server) as client:
        asked = {"model": "m", "max_tokens": 50, "messages": MESSAGES}
        found = client.messages.create(**asked, system="Be brief.")
        assert (found.content[0].text, found.stop_reason) == ("Two years", "end_turn")
        assert (found.usage.input_tokens, found.usage.cache_read_input_tokens) == (5, 100)
        with client.messages.stream(**asked) as stream:
            assert "".join(stream.text_stream) == "Two years"
            assert stream.get_final_message().usage.output_tokens == 7
        with client.messages.stream(**asked, tools=[{"name": "weather", "input_schema": CITY}]) as stream:
            message = stream.get_final_message()
        block = message.content[0]
        assert (block.type, block.id, block.name, block.input) == ("tool_use", "c1", "weather", {"city": "Bonn"})
        assert message.stop_reason == "tool_use"


def test_embeddings_and_models(server: FakeServer) -> None:
    with openai_at(server) as client:
        found = client.embeddings.create(model="e", input=["a", "b"], encoding_format="float")
        assert [len(one.embedding) for one in found.data] == [8, 8]
        assert [model.id for model in client.models.list()] == ["echo"]


ERRORS = [
    (ModelBusy("slow down", retry_after=3), openai.RateLimitError, anthropic.RateLimitError),
    (ModelOverQuota("no money"), openai.RateLimitError, anthropic.RateLimitError),
    (ModelRequestInvalid("unknown"), openai.BadRequestError, anthropic.BadRequestError),
]


@pytest.mark.parametrize(("error", "of_openai", "of_anthropic"), ERRORS, ids=lambda e: getattr(e, "code", ""))
def test_failures_are_the_vendors_own(server: FakeServer, error, of_openai, of_anthropic) -> None:
    server.fail(error, error)
    with openai_at(server) as client, pytest.raises(of_openai) as caught:
        client.chat.completions.create(model="m", messages=MESSAGES)
    assert error.message in str(caught.value)
    assert caught.value.request_id == "req_1"
    with anthropic_at(server) as client, pytest.raises(of_anthropic, match=error.message):
        client.messages.create(model="m", max_tokens=5, messages=MESSAGES)


def test_only_its_key_is_let_in() -> None:
    with FakeServer(key="right") as server:
        with openai_at(server) as client, pytest.raises(openai.AuthenticationError):
            client.chat.completions.create(model="m", messages=MESSAGES)
        with anthropic.Anthropic(base_url=server.url[:-3], api_key="right", max_retries=0) as client:
            client.messages.create(model="m", max_tokens=5, messages=MESSAGES)
