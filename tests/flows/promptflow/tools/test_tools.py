from __future__ import annotations

from typing import Any
from urllib.error import HTTPError

import pytest

from ferrata.flows.contracts.connections import (
    AzureContentSafetyConnection,
    AzureOpenAIConnection,
    OpenAIConnection,
    SerpConnection,
)
from ferrata.flows.contracts.custom_connections import CustomConnection
from ferrata.flows.contracts.multimedia import Image
from ferrata.flows.contracts.tool_errors import (
    AzureContentSafetyInputValueError,
    AzureContentSafetySystemError,
    InvalidConnectionType,
    OpenModelLLMKeyValidationError,
    OpenModelLLMOnlineEndpointError,
    OpenModelLLMUserError,
    SerpAPIUserError,
)
from ferrata.flows.known import using_connections
from ferrata.flows.promptflow.tools import aoai, aoai_gpt4v, openai, openai_gpt4v, serpapi
from ferrata.flows.promptflow.tools.azure_content_safety import TextCategorySensitivity, analyze_text
from ferrata.flows.promptflow.tools.embedding import EmbeddingModel, embedding
from ferrata.flows.promptflow.tools.llm import llm
from ferrata.flows.promptflow.tools.open_model_llm import OpenModelLLM

TEMPLATE = "# system:\nYou are {{name}}.\n# user:\n{{question}}\n"
INPUTS = {"name": "Ann", "question": "Why?"}
SAID = [{"role": "system", "content": "You are Ann."}, {"role": "user", "content": "Why?"}]


def reply(path: str, body: Any) -> tuple[int, Any]:
    choice = (
        {"finish_reason": "stop", "message": {"content": "So."}}
        if "chat" in path
        else {"finish_reason": "stop", "text": "so"}
    )
    return 200, {"id": "r", "model": "m", "choices": [{"index": 0, **choice}]}


@pytest.fixture
def connections(service) -> tuple[OpenAIConnection, AzureOpenAIConnection]:
    service.answers = reply
    return OpenAIConnection("k", base_url=f"{service.url}/v1"), AzureOpenAIConnection(service.url, "k")


def test_chat_by_either_connection(service, connections) -> None:
    plain, azure = connections
    assert openai.chat(connection=plain, prompt=TEMPLATE, model="m", seed=3, **INPUTS) == "So."
    assert aoai.chat(connection=azure, prompt=TEMPLATE, deployment_name="d", **INPUTS) == "So."
    assert openai.OpenAI(plain).chat(TEMPLATE, "m", **INPUTS) == "So."
    assert llm(plain, TEMPLATE, model="m", **INPUTS) == llm(azure, TEMPLATE, deployment_name="d", **INPUTS) == "So."
    bodies = [body for _, _, body in service.asked]
    assert [body["messages"] for body in bodies] == [SAID] * 5
    assert [body.get("n") for body in bodies] == [None, 1, None, None, 1]
    assert (bodies[0]["seed"], bodies[0]["model"], bodies[1]["model"]) == (3, "m", "d")


def test_a_completion_by_either_connection(service, connections) -> None:
    plain, azure = connections
    assert openai.completion(connection=plain, prompt="Say {{x}}", x="hi", echo="true", max_tokens="7") == "so"
    assert aoai.completion(connection=azure, prompt="Say {{x}}", deployment_name="d", x="hi") == "so"
    assert llm(plain, "Say {{x}}", api="completion", model="m", x="hi") == "so"
    body = service.asked[0][2]
    assert (body["prompt"], body["model"], body["echo"], body["max_tokens"]) == ("Say hi", "text-davinci-003", True, 7)


def test_images_are_shown_to_models_that_see(service, connections) -> None:
    plain, azure = connections
    prompt = "# user:\nWhat is ![image]({{picture}})?\n"
    image = Image(b"\x89PNG\r\n\x1a\nabc")
    openai_gpt4v.OpenAI(plain).chat(prompt, "m", picture=image, detail="low")
    aoai_gpt4v.AzureOpenAI(azure).chat(prompt, "d", picture=image)
    details = [body["messages"][0]["content"][1]["image_url"]["detail"] for _, _, body in service.asked]
    assert details == ["low", "auto"]
    with pytest.raises(InvalidConnectionType, match="'SerpConnection' for llm"):
        openai_gpt4v.OpenAI(SerpConnection("k")).chat(prompt, "m")  # pyright: ignore[reportArgumentType]


def test_a_vector(service, connections) -> None:
    service.answers = lambda _path, _body: (200, {"data": [{"index": 0, "embedding": [1.0]}]})
    assert embedding(connections[0], "x", model=EmbeddingModel.TEXT_EMBEDDING_ADA_002) == [1.0]
    assert embedding(connections[1], "x", deployment_name="d") == [1.0]
    assert [body["model"] for _, _, body in service.asked] == ["text-embedding-ada-002", "d"]


def test_content_safety(service) -> None:
    severities = {"Hate": 2, "SelfHarm": 0, "Sexual": 4, "Violence": 6}
    listed = [{"category": name, "severity": severity} for name, severity in severities.items()]
    service.answers = lambda _path, _body: (200, {"categoriesAnalysis": listed})
    connection = AzureContentSafetyConnection("key", f"{service.url}/")
    found = analyze_text(
        connection, "x", violence_category=TextCategorySensitivity.DISABLE, hate_category="high_sensitivity"
    )
    assert found == {
        "suggested_action": "Reject",
        "action_by_category": {"Hate": "Reject", "SelfHarm": "Accept", "Sexual": "Reject", "Violence": "Accept"},
    }
    path, headers, body = service.asked[0]
    assert path == "/contentsafety/text:analyze?api-version=2023-10-01"
    assert (headers["ocp-apim-subscription-key"], body) == ("key", {"text": "x", "blocklistNames": []})
    older = {"hateResult": 0, "selfHarmResult": 0, "sexualResult": 0, "violenceResult": 0}
    service.answers = lambda _path, _body: (200, {name: {"severity": 0} for name in older})
    assert analyze_text(connection, "x")["suggested_action"] == "Accept"
    service.answers = lambda _path, _body: (200, {"categoriesAnalysis": []})
    with pytest.raises(AzureContentSafetySystemError, match="Can not find detection result for Hate"):
        analyze_text(connection, "x")
    service.answers = lambda _path, _body: (401, {"error": {"message": "wrong"}})
    with pytest.raises(AzureContentSafetySystemError, match="Error in detecting content: status 401"):
        analyze_text(connection, "x")
    with pytest.raises(AzureContentSafetyInputValueError, match="'odd'"):
        analyze_text(connection, "x", hate_category="odd")


def test_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(serpapi, "_get", lambda given: asked.append(given) or {"organic_results": []})
    connection = SerpConnection("key")
    assert serpapi.search(connection, "q", safe="active", num="5") == {"organic_results": []}
    serpapi.SerpAPI(connection).search("q", location="Bonn", engine=serpapi.Engine.BING, num=0)
    common = {"q": "q", "source": "python", "output": "json", "api_key": "key"}
    assert asked == [
        common | {"engine": "google", "safe": "Active", "num": 5},
        common | {"engine": "bing", "location": "Bonn"},
    ]


def test_a_search_that_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(request, timeout):
        raise HTTPError(request.full_url, 401, "no", None, __import__("io").BytesIO(b'{"error": "Invalid API key."}'))  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(serpapi, "urlopen", refuse)
    with pytest.raises(SerpAPIUserError, match="^Invalid API key.$"):
        serpapi.search(SerpConnection("hidden"), "q")


def test_an_open_model(service) -> None:
    values = {"endpoint_url": f"{service.url}/score", "model_family": "LLaMa"}
    connection = CustomConnection({"endpoint_api_key": "k"}, values)
    service.answers = lambda _path, _body: (200, {"output": "hi"})
    with using_connections({"llama": connection}):
        found = OpenModelLLM().call(
            "# user:\n{{q}}", "chat", "localConnection/llama", "blue", q="Why?", model_kwargs={"seed": 1}
        )
    _, headers, body = service.asked[0]
    assert (found, headers["authorization"], headers["azureml-model-deployment"]) == ("hi", "Bearer k", "blue")
    assert body["input_data"]["input_string"] == [{"role": "user", "content": "Why?"}]
    assert body["input_data"]["parameters"]["seed"] == 1
    direct = {**values, "endpoint_api_key": "k", "model_family": "gpt-2"}
    service.answers = lambda _path, _body: (200, ({"0": "text"},))
    assert OpenModelLLM().call("a {{q}}", "completion", "", q="b", **direct) == "text"
    assert service.asked[-1][2]["input_data"]["input_string"] == ["a b"]
    service.answers = lambda _path, _body: (200, {"odd": 1})
    with pytest.raises(OpenModelLLMOnlineEndpointError, match="Unexpected response format"):
        OpenModelLLM().call("a", "completion", "", **direct)
    with pytest.raises(OpenModelLLMKeyValidationError, match="`endpoint_api_key` not found"):
        OpenModelLLM().call("a", "completion", "", **values)
    with pytest.raises(OpenModelLLMUserError, match="'onlineEndpoint/x' is one of Azure's"):
        OpenModelLLM().call("a", "completion", "onlineEndpoint/x")
