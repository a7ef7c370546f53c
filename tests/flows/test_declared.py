from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.app import open_app
from ferrata.cli.flow_given import Connections
from ferrata.errors import InvalidDocument, ModelRequestInvalid, NotFound, UsageError
from ferrata.flows import FlowError, ModelConnection, open_flow
from ferrata.flows.asking import complete_now
from ferrata.flows.contracts.connections import AzureOpenAIConnection
from ferrata.flows.contracts.tool_errors import ToolValidationError, WrappedOpenAIError
from ferrata.messages import ChatRequest, ChatResponse, Message, Usage
from ferrata.settings import load_settings
from ferrata.telemetry import MemorySink, emit_to, open_span

if TYPE_CHECKING:
    from pathlib import Path

MESSAGES = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Hi"}]
FILE = """
models:
  support: {vendor: fake, model: echo, parameters: {temperature: 0, max_tokens: 9}}
prices:
  fake/echo: {input: 1000000, output: 2000000}
connections:
  chat: {type: azure_open_ai, api_base: "https://x.example", api_key: "${env:CHAT_KEY}"}
  other: {type: open_ai, api_key: "${env:NOT_SET_ANYWHERE}"}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHAT_KEY", "s3cret")
    (tmp_path / "ferrata.yaml").write_text(FILE)
    return tmp_path


class Heard:
    """A model that keeps what it is asked."""

    name = "fake/heard"

    def __init__(self) -> None:
        self.asked: list[ChatRequest] = []

    async def chat(self, request: ChatRequest) -> ChatResponse:
        self.asked.append(request)
        return ChatResponse("r1", "heard-1", Message("assistant", "Hello"), usage=Usage(7, 3))

    def stream(self, request: ChatRequest) -> Any:
        raise AssertionError(request)


def test_a_connection_of_the_project_is_made_when_it_is_asked_for(project: Path) -> None:
    known = Connections(None, project)
    found = known["chat"]
    assert isinstance(found, AzureOpenAIConnection)
    assert (found.name, found.api_base, found.api_key) == ("chat", "https://x.example", "s3cret")
    assert list(known) == ["chat", "other", "support"]
    with pytest.raises(InvalidDocument) as refused:
        known["other"]
    assert refused.value.mistakes[0].key == "connections.other.api_key"
    assert refused.value.mistakes[0].line == 8
    assert "'NOT_SET_ANYWHERE' is not set" in refused.value.mistakes[0].problem


def test_names_of_models(project: Path) -> None:
    known = Connections(None, project)
    assert [(known[name].vendor, known[name].model) for name in ("support", "default", "fake/else")] == [
        ("fake", "echo"),
        ("fake", "echo"),
        ("fake", "else"),
    ]
    assert "gpt" not in known
    with pytest.raises(NotFound, match="no vendor 'nobody'"):
        known["nobody/else"]


def test_which_of_several_is_the_default_must_be_said(project: Path) -> None:
    (project / "ferrata.yaml").write_text("models: {a: fake/a, b: fake/b}\n")
    with pytest.raises(UsageError, match="none is called 'default'"):
        Connections(None, project)["default"]


def test_the_file_of_connections_goes_first(project: Path) -> None:
    (project / "connections.yaml").write_text("support: {type: serp, api_key: k}\n")
    known = Connections(None, project)
    assert type(known["support"]).__name__ == "SerpConnection"
    assert "_app" not in vars(known)  # so that ferrata.yaml need not be read


@pytest.mark.parametrize(
    ("about", "problem"),
    [
        ("{type: open_ai, api_key: sk-hidden}", "a key does not belong in a file"),
        ("{type: custom, secrets: {token: sk-hidden}}", "a key does not belong in a file"),
        ("{api_base: x}", "must have a `type`"),
    ],
)
def test_a_secret_in_ferrata_yaml_is_refused_unseen(project: Path, about: str, problem: str) -> None:
    (project / "ferrata.yaml").write_text(f"connections:\n  chat: {about}\n")
    with pytest.raises(InvalidDocument, match=problem) as refused:
        load_settings(project)
    assert "sk-hidden" not in str(refused.value)


def test_a_model_is_asked_in_its_own_words() -> None:
    heard = Heard()
    connection = ModelConnection("support", "fake", "heard", heard)
    parameters = {"max_tokens": "20", "stop": ["."], "seed": 7, "top_k": 3}
    found = complete_now(connection, MESSAGES, model="gpt-4o", parameters=parameters)
    assert found == "Hello"
    (asked,) = heard.asked
    assert [(message.role, message.content) for message in asked.messages] == [("system", "Be short."), ("user", "Hi")]
    assert (asked.max_tokens, asked.stop, asked.seed, asked.extra) == (20, (".",), 7, {"top_k": 3})
    # The project's own stand, where Prompt Flow would say 1.
    assert (asked.temperature, asked.top_p) == (None, None)


def test_what_no_model_takes() -> None:
    connection = ModelConnection("support", "fake", "heard", Heard())
    with pytest.raises(WrappedOpenAIError) as refused:
        complete_now(connection, [{"role": "nobody", "content": "Hi"}], model="")
    assert isinstance(refused.value.__cause__, ModelRequestInvalid)


def test_tokens_and_cost_are_in_the_span(project: Path) -> None:
    sink = MemorySink()
    with emit_to(sink), open_span("node", "node") as node:
        assert complete_now(Connections(None, project)["support"], MESSAGES, model="") == "Hi"
    (asked,) = [span for span in sink.spans if span.kind == "llm"]
    assert asked.name == "chat echo"
    assert asked.attributes["gen_ai.provider.name"] == "fake"
    assert asked.attributes["inputs"] == {"messages": MESSAGES}
    assert asked.usage is not None
    assert node.cost == asked.usage.input_tokens + 2 * asked.usage.output_tokens


NODE = """
inputs: {question: {type: string}}
outputs: {answer: {type: string, reference: "${ask.output}"}}
nodes:
- name: ask
  type: llm
  source: {type: code, path: ask.jinja2}
  connection: support
  api: %s
  inputs: {deployment_name: gpt-4o, question: "${inputs.question}"}
"""


def test_a_node_asks_it(project: Path) -> None:
    (project / "flow.dag.yaml").write_text(NODE % "chat")
    (project / "ask.jinja2").write_text("user:\nSo {{question}}?")
    with open_app(project) as app:
        flow = app.flow(".")
        result = asyncio.run(flow.line({"question": "what"}))
        flow.close()
    assert result.output == {"answer": "So what?"}


def test_a_completion_node_asks_it_as_a_user_does(project: Path) -> None:
    (project / "flow.dag.yaml").write_text(NODE % "completion")
    (project / "ask.jinja2").write_text("So {{question}}?")
    flow = open_flow(project, connections=Connections(None, project))
    result = asyncio.run(flow.line({"question": "what"}))
    flow.close()
    assert result.output == {"answer": "So what?"}
    heard = Heard()
    found = complete_now(ModelConnection("s", "fake", "heard", heard), "Hi", model="", api="completion")
    assert found == "Hello"
    (asked,) = heard.asked
    assert [(message.role, message.content) for message in asked.messages] == [("user", "Hi")]
    assert (asked.max_tokens, asked.temperature, asked.extra) == (None, None, {})


@pytest.mark.parametrize(("name", "value"), [("suffix", "."), ("logprobs", 1), ("echo", True), ("best_of", 2)])
def test_what_only_a_completion_has_is_refused(name: str, value: Any) -> None:
    connection = ModelConnection("support", "fake", "heard", Heard())
    with pytest.raises(ToolValidationError, match=repr(name)):
        complete_now(connection, "Hi", model="", api="completion", parameters={"best_of": 1, name: value})


REACHED = """
models:
  gpt: {vendor: openai, model: gpt-5}
  mine: {vendor: openai-compatible, model: m, url: "http://127.0.0.1:9/v1", key: "${env:FERRATA_MINE}"}
  older: {vendor: azure-openai-deployments, model: d, url: "https://x.openai.azure.com", api_version: "2025-01-01"}
  newer: {vendor: azure-openai, model: d, url: "https://x.openai.azure.com"}
  claude: {vendor: anthropic, model: c}
  here: {vendor: local, model: smollm2}
"""
TOOL = """
from promptflow.core import tool
from promptflow.connections import AzureOpenAIConnection, OpenAIConnection
@tool
def n(c: KIND):
    return dict(c.configs) | dict(c.secrets) | {"type": c.type, "name": c.name}
"""
ASKS = """
outputs: {o: {type: string, reference: "${n.output}"}}
nodes:
- {name: n, type: python, source: {type: code, path: n.py}, inputs: {c: NAME}}
"""


def reached(project: Path, name: str, kind: str) -> dict[str, Any]:
    (project / "ferrata.yaml").write_text(REACHED)
    (project / "flow.dag.yaml").write_text(ASKS.replace("NAME", name))
    (project / "n.py").write_text(TOOL.replace("KIND", kind))
    flow = open_flow(project, connections=Connections(None, project))
    try:
        return asyncio.run(flow.line({})).output["o"]
    finally:
        flow.close()


AZURE = {"api_base": "https://x.openai.azure.com", "api_key": "ka", "type": "AzureOpenAI"}


@pytest.mark.parametrize(
    ("name", "kind", "held"),
    [
        ("gpt", "OpenAIConnection", {"type": "OpenAI", "base_url": "https://api.openai.com/v1", "api_key": "ko"}),
        ("mine", "OpenAIConnection", {"type": "OpenAI", "base_url": "http://127.0.0.1:9/v1", "api_key": "km"}),
        ("older", "AzureOpenAIConnection", {**AZURE, "api_version": "2025-01-01"}),
        ("older", "OpenAIConnection | AzureOpenAIConnection", AZURE),
        ("newer", "AzureOpenAIConnection", AZURE),
        ("newer", "OpenAIConnection", {"base_url": "https://x.openai.azure.com/openai/v1", "api_key": "ka"}),
    ],
)
def test_code_gets_a_connection_to_a_declared_model(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str, held: dict[str, Any]
) -> None:
    for variable, key in (("OPENAI_API_KEY", "ko"), ("FERRATA_MINE", "km"), ("AZURE_OPENAI_API_KEY", "ka")):
        monkeypatch.setenv(variable, key)
    found = reached(project, name, kind)
    assert found["name"] == name
    assert {key: found[key] for key in held} == held


@pytest.mark.parametrize(
    ("name", "kind", "code", "message"),
    [
        ("gpt", "AzureOpenAIConnection", "NodeInputValidationError", "is of OpenAI; there is no AzureOpenAIConnection"),
        ("claude", "OpenAIConnection", "NodeInputValidationError", "is of Anthropic; there is no OpenAIConnection"),
        ("here", "OpenAIConnection", "NodeInputValidationError", "'local', which answers inside this process"),
        ("mine", "OpenAIConnection", "GetConnectionError", "the environment variable 'FERRATA_MINE' is not set"),
    ],
)
def test_code_is_told_where_there_is_no_such_connection(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str, code: str, message: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "ko")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "kc")
    monkeypatch.delenv("FERRATA_MINE", raising=False)
    with pytest.raises(FlowError, match=message) as refused:
        reached(project, name, kind)
    assert refused.value.codes[:2] == ("ResolveToolError", code)


def test_a_class_gets_a_connection_to_a_declared_model(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "ko")
    (project / "ferrata.yaml").write_text(REACHED)
    (project / "flow.flex.yaml").write_text("entry: f:F\n")
    (project / "f.py").write_text(
        "from promptflow.connections import OpenAIConnection\nclass F:\n"
        "    def __init__(self, c: OpenAIConnection):\n        self.c = c\n"
        "    def __call__(self):\n        return self.c.base_url\n"
    )
    flow = open_flow(project, connections=Connections(None, project), init={"c": "gpt"})
    assert asyncio.run(flow.line({})).output == {"output": "https://api.openai.com/v1"}
    flow.close()


def test_a_prompt_asks_it(project: Path) -> None:
    head = (
        "name: p\nmodel: {api: chat, configuration: {type: openai, connection: support}}\ninputs: {q: {type: string}}\n"
    )
    (project / "p.prompty").write_text(f"---\n{head}---\nuser:\nSo {{{{q}}}}?\n")
    flow = open_flow(project / "p.prompty", connections=Connections(None, project))
    result = asyncio.run(flow.line({"q": "what"}))
    flow.close()
    assert result.error is None, result.error
    assert result.output == {"output": "So what?"}
