from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.flows.asking import close_asking
from ferrata.flows.contracts.connections import OpenAIConnection
from ferrata.flows.contracts.flow_errors import (
    InvalidConnectionError,
    InvalidOutputKeyError,
    MissingRequiredInputError,
    UnknownConnectionType,
)
from ferrata.flows.contracts.tool_errors import WrappedOpenAIError
from ferrata.flows.known import using_connections
from ferrata.flows.promptflow.core import (
    AsyncPrompty,
    AzureOpenAIModelConfiguration,
    Flow,
    OpenAIModelConfiguration,
    Prompty,
)
from ferrata.flows.promptflow.exceptions import UserErrorException

if TYPE_CHECKING:
    from pathlib import Path

PROMPT = """---
name: Greeter
model:
  api: chat
  configuration:
    type: openai
    model: small
    api_key: ${env:GREETER_KEY}
    base_url: ${env:GREETER_URL}
  parameters:
    temperature: 0.2
inputs:
  name: {type: string}
  mood: {type: string, default: calm}
outputs:
  word: {type: string}
sample: {name: Ann}
---
system:
Be {{mood}}.
user:
Greet {{name}}.
"""


def reply(content: str):
    def answers(_path: str, body: Any) -> tuple[int, Any]:
        if body.get("stream"):
            texts = [{"choices": [{"index": 0, "delta": {"content": text}}]} for text in content]
            return 200, [*texts, {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]
        message = {"role": "assistant", "content": content}
        return 200, {"id": "r", "model": "m", "choices": [{"message": message, "finish_reason": "stop"}]}

    return answers


@pytest.fixture
def file(tmp_path: Path, service, monkeypatch: pytest.MonkeyPatch) -> Path:
    service.answers = reply("Hello")
    monkeypatch.setenv("GREETER_KEY", "k")
    monkeypatch.setenv("GREETER_URL", f"{service.url}/v1")
    path = tmp_path / "greet.prompty"
    path.write_text(PROMPT)
    return path


def test_a_prompt_is_called_like_a_function(file: Path, service) -> None:
    prompty = Prompty.load(file)
    assert (prompty(name="Bo", mood="glad", unknown=1), prompty()) == ("Hello", "Hello")
    assert service.asked[0][2] == {
        "model": "small",
        "temperature": 0.2,
        "messages": [{"role": "system", "content": "Be glad."}, {"role": "user", "content": "Greet Bo."}],
    }
    assert service.asked[1][2]["messages"][1]["content"] == "Greet Ann."
    assert prompty.render(name="Bo").startswith("[{'role': 'system', 'content': 'Be calm.'}")
    assert isinstance(Flow.load(file), Prompty)


def test_a_prompt_that_is_awaited(file: Path, service) -> None:
    async def ask(**parameters: Any) -> Any:
        try:
            found = await AsyncPrompty.load(file, model={"parameters": parameters})(name="Bo")
            return "".join([text async for text in found]) if hasattr(found, "__aiter__") else found
        finally:
            await close_asking()

    assert asyncio.run(ask()) == "Hello"
    assert asyncio.run(ask(stream=True)) == "Hello"


def test_another_model_and_other_parameters(file: Path, service) -> None:
    azure = AzureOpenAIModelConfiguration("d", azure_endpoint=service.url, api_key="k", api_version="2024-10-21")
    assert Prompty.load(file, model={"configuration": azure, "parameters": {"max_tokens": 5}})(name="Bo") == "Hello"
    path, _, body = service.asked[0]
    assert path == "/openai/deployments/d/chat/completions?api-version=2024-10-21"
    assert (body["max_tokens"], body["temperature"]) == (5, 0.2)
    named = {"configuration": OpenAIModelConfiguration("m", connection="mine")}
    with using_connections({"mine": OpenAIConnection("k", base_url=f"{service.url}/v1")}):
        assert Prompty.load(file, model=named)(name="Bo") == "Hello"
    connection = OpenAIConnection("k2", base_url=f"{service.url}/v1")
    model = OpenAIModelConfiguration.from_connection(connection, "m2")
    assert Prompty.load(file, model={"configuration": model})(name="Bo") == "Hello"
    assert service.asked[-1][1]["authorization"] == "Bearer k2"
    assert "k2" not in repr(model)


def test_streams_json_and_the_whole_answer(file: Path, service) -> None:
    assert [*Prompty.load(file, model={"parameters": {"stream": True}})(name="Bo")] == [*"Hello"]
    form = {"parameters": {"response_format": {"type": "json_object"}}}
    service.answers = reply('{"word": "Hi", "more": 1}')
    assert Prompty.load(file, model=form)(name="Bo") == {"word": "Hi"}
    service.answers = reply('{"more": 1}')
    with pytest.raises(InvalidOutputKeyError, match=r"Cannot find word in response \['more'\]"):
        Prompty.load(file, model=form)(name="Bo")
    service.answers = reply("Hello")
    whole = Prompty.load(file, model={"response": "all"})(name="Bo")
    assert (whole.choices[0].message.content, hasattr(whole, "other")) == ("Hello", False)


def test_mistakes(file: Path, service, tmp_path: Path) -> None:
    prompty = Prompty.load(file)
    with pytest.raises(MissingRequiredInputError, match=r"Missing required inputs: \['name'\]"):
        prompty(mood="x")
    with pytest.raises(UserErrorException, match="keyword arguments"):
        prompty("Bo")
    with pytest.raises(InvalidConnectionError, match="at the same time"):
        Prompty.load(file, model={"configuration": {"connection": "mine"}})
    with pytest.raises(InvalidConnectionError, match="at the same time"):
        OpenAIModelConfiguration("m", api_key="k", connection="mine")
    with pytest.raises(UnknownConnectionType, match="odd"):
        Prompty.load(file, model={"configuration": {"type": "odd"}})(name="Bo")
    with pytest.raises(UserErrorException, match="does not exist"):
        Prompty.load(tmp_path / "none.prompty")
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(UserErrorException, match=r"\.prompty extension"):
        Prompty.load(tmp_path / "a.txt")
    (tmp_path / "bad.prompty").write_text("---\nmodel: [\n---\nx")
    with pytest.raises(UserErrorException, match=r"bad\.prompty"):
        Prompty.load(tmp_path / "bad.prompty")
    service.answers = lambda _path, _body: (401, {"error": {"message": "no"}})
    with pytest.raises(WrappedOpenAIError, match="AuthenticationError"):
        prompty(name="Bo")


def test_an_estimate_of_tokens(file: Path) -> None:
    plain = Prompty.load(file).estimate_token_count(name="Bo")
    assert Prompty.load(file, model={"parameters": {"max_tokens": 100}}).estimate_token_count(name="Bo") == plain + 100
    with pytest.raises(UserErrorException, match="max_tokens"):
        Prompty.load(file, model={"parameters": {"max_tokens": "many"}}).estimate_token_count(name="Bo")


def test_files_that_the_head_refers_to(file: Path, service, tmp_path: Path) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]
    (tmp_path / "tools.json").write_text(json.dumps(tools))
    file.write_text(PROMPT.replace("temperature: 0.2", "tools: ${file:tools.json}"))
    Prompty.load(file)(name="Bo")
    assert (service.asked[0][2]["tools"], service.asked[0][2]["tool_choice"]) == (tools, "auto")
