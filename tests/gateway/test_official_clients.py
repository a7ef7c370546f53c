"""The vendors' own client packages against the gateway, in every direction: client's format, model's format, whole and streamed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest
from serving_here import Served

from ferrata.messages import ChatResponse, Message, ToolCall, Usage
from ferrata.providers import FakeModel, FakeServer

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

VENDORS = {
    "chat": "{vendor: openai, wire: openai-chat, model: gpt-5.1, key: '${env:FERRATA_TEST_KEY}', url: 'URL'}",
    "responses": "{vendor: openai, wire: openai-responses, model: gpt-5.1, key: '${env:FERRATA_TEST_KEY}', url: 'URL'}",
    "messages": "{vendor: anthropic, model: claude-sonnet-5, key: '${env:FERRATA_TEST_KEY}', url: 'URL'}",
}
TOOL = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Generator[FakeServer]:
    monkeypatch.setenv("FERRATA_TEST_KEY", "sk-upstream")
    with FakeServer(key="sk-upstream") as server:
        yield server


@pytest.fixture
def served(tmp_path: Path, upstream: FakeServer) -> Generator[Served]:
    models = "".join(f"  {name}: {about.replace('URL', upstream.url)}\n" for name, about in VENDORS.items())
    endpoints = "".join(f"  to-{name}: {{model: {name}, retries: 0}}\n" for name in VENDORS)
    (tmp_path / "ferrata.yaml").write_text(f"models:\n{models}endpoints:\n{endpoints}")
    with Served(tmp_path) as found:
        yield found


@pytest.fixture
def of_openai(served: Served) -> Generator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{served.url}/v1", api_key=served.secret, max_retries=0) as client:
        yield client


@pytest.fixture
def of_anthropic(served: Served) -> Generator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=served.url, api_key=served.secret, max_retries=0) as client:
        yield client


def usage_of(span: dict[str, Any]) -> tuple[int, int]:
    return span["input_tokens"], span["output_tokens"]


@pytest.mark.parametrize("model", VENDORS)
def test_chat_completions(model: str, served: Served, of_openai: openai.OpenAI) -> None:
    asked: list[Any] = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "one two three"}]
    whole = of_openai.chat.completions.create(model=f"to-{model}", messages=asked)
    assert whole.choices[0].message.content == "one two three"
    assert whole.choices[0].finish_reason == "stop"
    assert whole.usage is not None
    stream = of_openai.chat.completions.create(model=f"to-{model}", messages=asked, stream=True)
    pieces = list(stream)
    assert "".join(p.choices[0].delta.content or "" for p in pieces if p.choices) == "one two three"
    assert all(p.usage is None for p in pieces)
    counted = of_openai.chat.completions.create(
        model=f"to-{model}", messages=asked, stream=True, stream_options={"include_usage": True}
    )
    assert [p.usage.completion_tokens for p in counted if p.usage is not None] == [whole.usage.completion_tokens]
    first, second, third = served.spans
    assert usage_of(first) == usage_of(second) == usage_of(third) == (whole.usage.prompt_tokens, 3)
    assert second["attributes"]["gen_ai.response.time_to_first_chunk"] > 0
    assert first["attributes"]["ferrata.endpoint"] == f"to-{model}"
    assert first["attributes"]["ferrata.team"] == "red"
    assert "sk-" not in str(served.spans)
    assert first["attributes"]["ferrata.key"] == served.key.id


@pytest.mark.parametrize("model", VENDORS)
def test_responses(model: str, served: Served, of_openai: openai.OpenAI) -> None:
    whole = of_openai.responses.create(model=f"to-{model}", instructions="Be brief.", input="one two three")
    assert whole.output_text == "one two three"
    assert whole.usage is not None
    with of_openai.responses.stream(model=f"to-{model}", input="one two three") as stream:
        said = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        assert said == stream.get_final_response().output_text == "one two three"
    assert [span["output_tokens"] for span in served.spans] == [3, 3]


@pytest.mark.parametrize("model", VENDORS)
def test_anthropic_messages(model: str, served: Served, of_anthropic: anthropic.Anthropic) -> None:
    asked: list[Any] = [{"role": "user", "content": "one two three"}]
    whole = of_anthropic.messages.create(model=f"to-{model}", max_tokens=50, system="Be brief.", messages=asked)
    assert [block.text for block in whole.content if block.type == "text"] == ["one two three"]
    assert whole.stop_reason == "end_turn"
    with of_anthropic.messages.stream(model=f"to-{model}", max_tokens=50, messages=asked) as stream:
        assert "".join(stream.text_stream) == "one two three"
        assert stream.get_final_message().usage.output_tokens == 3
    assert [span["output_tokens"] for span in served.spans] == [3, 3]


@pytest.mark.parametrize("model", VENDORS)
def test_tools_go_through_in_any_direction(
    model: str, upstream: FakeServer, of_openai: openai.OpenAI, of_anthropic: anthropic.Anthropic
) -> None:
    call = ToolCall("call_1", "weather", '{"city": "Rome"}')
    upstream.model = FakeModel(
        [ChatResponse("x", "m", Message("assistant", tool_calls=(call,)), "tool_calls", Usage(5, 7))]
    )
    tools: list[Any] = [{"type": "function", "function": {"name": "weather", "parameters": TOOL}}]
    asked: list[Any] = [{"role": "user", "content": "Weather in Rome?"}]
    chat = of_openai.chat.completions.create(model=f"to-{model}", messages=asked, tools=tools)
    made = (chat.choices[0].message.tool_calls or [])[0]
    assert (made.id, made.type) == ("call_1", "function")
    assert made.function.arguments.replace(" ", "") == '{"city":"Rome"}'
    assert chat.choices[0].finish_reason == "tool_calls"
    messages = of_anthropic.messages.create(
        model=f"to-{model}", max_tokens=50, messages=asked, tools=[{"name": "weather", "input_schema": TOOL}]
    )
    (block,) = [block for block in messages.content if block.type == "tool_use"]
    assert (block.id, block.name, block.input) == ("call_1", "weather", {"city": "Rome"})
    with of_anthropic.messages.stream(
        model=f"to-{model}", max_tokens=50, messages=asked, tools=[{"name": "weather", "input_schema": TOOL}]
    ) as stream:
        final = stream.get_final_message()
    assert [block.input for block in final.content if block.type == "tool_use"] == [{"city": "Rome"}]


def test_what_only_a_vendor_knows_goes_through_to_it(upstream: FakeServer, of_openai: openai.OpenAI) -> None:
    of_openai.chat.completions.create(
        model="to-chat", messages=[{"role": "user", "content": "x"}], extra_body={"new_parameter": {"a": 1}}, n=1
    )
    body = upstream.received[-1].body
    assert body["new_parameter"] == {"a": 1}
    assert body["model"] == "gpt-5.1"
    assert upstream.received[-1].headers["authorization"] == "Bearer sk-upstream"


def test_models_are_the_endpoints(of_openai: openai.OpenAI) -> None:
    assert [model.id for model in of_openai.models.list()] == ["to-chat", "to-responses", "to-messages"]
    assert of_openai.models.retrieve("to-chat").id == "to-chat"
    with pytest.raises(openai.NotFoundError):
        of_openai.models.retrieve("to-nothing")


def test_embeddings(served: Served, of_openai: openai.OpenAI) -> None:
    found = of_openai.embeddings.create(model="to-chat", input=["one", "two words"])
    assert len(found.data) == 2
    assert len(found.data[0].embedding) > 1
    assert served.spans[0]["kind"] == "embedding"
    assert served.spans[0]["input_tokens"] > 0
    with pytest.raises(openai.BadRequestError, match="no embeddings"):
        of_openai.embeddings.create(model="to-messages", input="x")


def test_errors_are_in_the_clients_own_dialect(
    served: Served, upstream: FakeServer, of_openai: openai.OpenAI, of_anthropic: anthropic.Anthropic
) -> None:
    with pytest.raises(openai.NotFoundError, match="no endpoint 'nothing'") as missing:
        of_openai.chat.completions.create(model="nothing", messages=[{"role": "user", "content": "x"}])
    assert missing.value.code == "model_not_found"
    assert missing.value.request_id
    with pytest.raises(anthropic.NotFoundError, match="no endpoint 'nothing'"):
        of_anthropic.messages.create(model="nothing", max_tokens=5, messages=[{"role": "user", "content": "x"}])
    with openai.OpenAI(base_url=f"{served.url}/v1", api_key="sk-fe-" + "b" * 43, max_retries=0) as stranger:
        with pytest.raises(openai.AuthenticationError, match="not known"):
            stranger.chat.completions.create(model="to-chat", messages=[{"role": "user", "content": "x"}])
        with pytest.raises(openai.AuthenticationError):
            stranger.models.list()
    upstream.answer(401, b'{"error": {"message": "Incorrect API key provided: sk-upstream", "type": "auth"}}')
    with pytest.raises(openai.InternalServerError) as denied:
        of_openai.chat.completions.create(model="to-chat", messages=[{"role": "user", "content": "x"}])
    assert "sk-" not in str(denied.value.body)
    assert "gpt" not in str(denied.value.body)


def test_a_stream_that_breaks_says_so(
    served: Served, upstream: FakeServer, of_openai: openai.OpenAI, of_anthropic: anthropic.Anthropic
) -> None:
    asked: list[Any] = [{"role": "user", "content": "one two three"}]
    upstream.fail("half")
    with pytest.raises(openai.APIError):
        list(of_openai.chat.completions.create(model="to-chat", messages=asked, stream=True))
    upstream.fail("half")
    with (
        pytest.raises(anthropic.APIError),
        of_anthropic.messages.stream(model="to-messages", max_tokens=50, messages=asked) as stream,
    ):
        list(stream.text_stream)
    assert [span["error"] for span in served.spans] == ["model_bad_response", "model_bad_response"]
    assert [span["attributes"]["ferrata.status"] for span in served.spans] == [200, 200]
