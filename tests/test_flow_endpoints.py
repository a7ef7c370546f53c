"""A flow as a chat model and as a tool."""

from __future__ import annotations

import asyncio
import logging
import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from asgi_requests import ask
from ferrata.errors import (
    FerrataError,
    ModelBadResponse,
    ModelBusy,
    ModelDenied,
    ModelRequestInvalid,
    ModelTimeout,
    ModelUnavailable,
    UsageError,
)
from ferrata.flow_endpoints import FlowModel, FlowTool, WithoutTexts, flow_application
from ferrata.flows import ModelConnection, inside, open_flow, read_flow
from ferrata.gateway import McpServer
from ferrata.messages import ChatChunk, ChatRequest, Message, Usage
from ferrata.providers import FakeModel
from ferrata.telemetry import MemorySink, join_trace, open_span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ferrata.flows import LoadedFlow

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CODE = """
    inputs:
      text: {type: string, is_chat_input: true}
      history: {type: list, default: [], is_chat_history: true}
      n: {type: int, default: 3}
    outputs:
      answer: {type: string, reference: "${say.output}", is_chat_output: true}
      count: {type: int, reference: "${inputs.n}"}
      grade: {type: double, reference: "${inputs.n}", evaluation_only: true}
    nodes:
    - name: say
      type: python
      source: {type: code, path: say.py}
      inputs: {text: "${inputs.text}", n: "${inputs.n}", history: "${inputs.history}"}
"""
SAY = """
    import asyncio
    import time

    from promptflow.core import tool

    ended = []


    @tool
    async def say(text: str, n: int, history: list):
        if text == "boom":
            raise ValueError("the secret of line 12")
        if text == "history":
            return str(history)
        if text == "ended":
            return str(ended)
        if text == "wait":
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                ended.append("row")
                raise
        if text == "stream":
            return pieces(n)
        if text == "stream break":
            return broken()
        if text == "stream slow":
            return slow()
        if text == "stream sync":
            return iter(["a", "", "b"])
        return text * n


    async def pieces(n):
        try:
            for i in range(n):
                yield f"{i} "
                await asyncio.sleep(0)
        finally:
            ended.append("pieces")


    async def broken():
        yield "a"
        raise ValueError("the secret of line 50")


    async def slow():
        yield "a"
        await asyncio.sleep(30)
"""
ASKS = """
    inputs:
      question: {type: string}
    outputs:
      answer: {type: string, reference: "${ask.output}"}
    nodes:
    - name: ask
      type: llm
      source: {type: code, path: ask.jinja2}
      connection: m
      api: chat
      inputs: {model: echo, question: "${inputs.question}"}
"""

PROMPT = """
    ---
    name: talk
    model:
      api: chat
      configuration: {type: azure_openai, connection: m, azure_deployment: echo}
    inputs:
      question: {type: string}
      chat_history: {type: list, is_chat_history: true, default: []}
    ---
    system:
    Be kind.

    {% for item in chat_history %}
    {{item.role}}:
    {{item.content}}
    {% endfor %}

    user:
    {{question}}
"""


class Cent(NamedTuple):
    """A price of a cent a token."""

    version: str = "1"

    def cost(self, usage: Usage) -> float:
        return (usage.input_tokens + usage.output_tokens) / 100


def write(folder: Path, dag: str, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in {"flow_dag_yaml": dag, **files}.items():
        (folder / name.replace("_", ".")).write_text(textwrap.dedent(text), encoding="utf-8")
    return folder


@pytest.fixture
def opened() -> Iterator[Callable[..., LoadedFlow]]:
    begun: list[LoadedFlow] = []

    def open_it(folder: Path, connections: Mapping[str, Any] | None = None) -> LoadedFlow:
        begun.append(open_flow(folder, connections=connections))
        return begun[-1]

    yield open_it
    for one in begun:
        one.close()


@pytest.fixture
def code(opened: Callable[..., LoadedFlow], tmp_path: Path) -> LoadedFlow:
    return opened(write(tmp_path / "say", CODE, say_py=SAY))


def asking(opened: Callable[..., LoadedFlow], folder: Path, model: FakeModel) -> FlowModel:
    """A flow that asks a model."""
    connection = ModelConnection("m", "fake", "echo", model, Cent())
    loaded = opened(write(folder / "ask", ASKS, ask_jinja2="# user:\n{{question}}\n"), {"m": connection})
    return FlowModel(loaded, loaded.flow)


def request(text: str, *before: Message, **options: Any) -> ChatRequest:
    return ChatRequest([*before, Message("user", text)], **options)


def texts_of(model: FlowModel, text: str) -> tuple[list[str], ChatChunk]:
    """The pieces of an answer, and the last of them whole."""

    async def read() -> list[ChatChunk]:
        return [chunk async for chunk in model.stream(request(text))]

    found = asyncio.run(read())
    return [chunk.text for chunk in found[:-1]], found[-1]


def test_the_answer_is_the_chats_output(code: LoadedFlow) -> None:
    model = FlowModel(code, code.flow)
    found = asyncio.run(model.chat(request("a", extra={"inputs": {"n": 2}})))
    assert (found.text, found.model, found.finish, found.usage) == ("aa", "flow/say", "stop", None)
    before = (Message("user", "q"), Message("assistant", "r"))
    talked = asyncio.run(model.chat(request("history", *before)))
    assert talked.text == "[{'inputs': {'text': 'q'}, 'outputs': {'answer': 'r'}}]"
    assert texts_of(model, "a") == (["aaa"], ChatChunk(finish="stop", model="flow/say"))


def test_generators_stream(code: LoadedFlow) -> None:
    model = FlowModel(code, code.flow)
    assert texts_of(model, "stream")[0] == ["0 ", "1 ", "2 "]
    assert texts_of(model, "stream sync")[0] == ["a", "b"]
    assert asyncio.run(model.chat(request("stream"))).text == "0 1 2 "


def test_tokens_and_cost_are_those_of_the_flows_models(opened, tmp_path: Path) -> None:
    fake = FakeModel(["one two three"])
    model = asking(opened, tmp_path, fake)

    async def both() -> None:
        with join_trace(TRACE, SPAN) as span:
            found = await model.chat(request("Hi there"))
        assert (found.text, found.usage) == ("one two three", span.usage)
        assert span.usage == Usage(2, 3)
        assert span.cost == pytest.approx(0.05)
        with join_trace(TRACE, SPAN) as span:
            chunks = [chunk async for chunk in model.stream(request("Hi there"))]
        assert "".join(chunk.text for chunk in chunks) == "one two three"
        assert len(chunks) > 2
        assert (chunks[-1].usage, span.usage) == (Usage(2, 3), Usage(2, 3))
        assert span.cost == pytest.approx(0.05)

    asyncio.run(both())


def test_spans_of_nodes_stand_in_the_callers_trace(code: LoadedFlow) -> None:
    sink = MemorySink()
    model = FlowModel(code, code.flow, sink=WithoutTexts(sink))

    async def called(text: str) -> None:
        with join_trace(TRACE, SPAN):
            await model.chat(request(text))

    asyncio.run(called("a"))
    node, flow = sink.spans
    assert (node.name, node.kind, node.parent_id, flow.parent_id) == ("say", "node", flow.span_id, SPAN)
    assert {node.trace_id, flow.trace_id} == {TRACE}
    assert node.attributes == {"ferrata.node": "say"}
    with pytest.raises(ModelBadResponse):
        asyncio.run(called("boom"))
    assert [span.error for span in sink.spans[2:]] == ["ValueError", "NodeError"]


def test_spans_of_a_stream_do_so_too(code: LoadedFlow) -> None:
    sink = MemorySink()
    model = FlowModel(code, code.flow, sink=sink)

    async def called() -> None:
        with join_trace(TRACE, SPAN), open_span("around", "function"):
            assert [chunk.text async for chunk in model.stream(request("stream"))][-1] == ""

    asyncio.run(called())
    assert {span.trace_id for span in sink.spans} == {TRACE}
    # Without whoever is around, a trace of its own.
    assert texts_of(model, "a")[0] == ["aaa"]
    assert sink.spans[-1].parent_id == ""
    assert sink.spans[-1].trace_id not in ("", TRACE)


def test_a_failed_row_says_nothing_of_the_flows_inside(code: LoadedFlow, caplog: pytest.LogCaptureFixture) -> None:
    model = FlowModel(code, code.flow)
    with caplog.at_level(logging.WARNING), pytest.raises(ModelBadResponse) as caught:
        asyncio.run(model.chat(request("boom")))
    assert caught.value.message == "the flow 'say' failed"
    assert "secret" not in f"{caught.value} {caught.value.hint}"
    assert 'raise ValueError("the secret of line 12")' in caplog.text
    with caplog.at_level(logging.WARNING), pytest.raises(ModelBadResponse) as caught:
        texts_of(model, "stream break")
    assert "secret" not in caught.value.message
    assert "the secret of line 50" in caplog.text


@pytest.mark.parametrize("text", ["wait", "stream slow"])
def test_a_row_has_its_time(code: LoadedFlow, text: str) -> None:
    model = FlowModel(code, code.flow, timeout=0.05)
    with pytest.raises(ModelTimeout, match=r"did not answer in 0\.05 seconds"):
        texts_of(model, text)
    if text == "wait":
        with pytest.raises(ModelTimeout):
            asyncio.run(model.chat(request(text)))


def test_what_the_request_lacks_is_said(code: LoadedFlow, opened, tmp_path: Path) -> None:
    with pytest.raises(ModelRequestInvalid, match="n' is 'x', which is no int"):
        asyncio.run(FlowModel(code, code.flow).chat(request("a", extra={"inputs": {"n": "x"}})))
    needs = opened(write(tmp_path / "needs", CODE.replace("type: int, default: 3", "type: int"), say_py=SAY))
    with pytest.raises(ModelRequestInvalid, match="these inputs are missing: n") as caught:
        asyncio.run(FlowModel(needs, needs.flow).chat(request("a")))
    assert "`inputs`" in caught.value.hint
    with pytest.raises(ModelRequestInvalid):
        texts_of(FlowModel(needs, needs.flow), "a")


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (ModelBusy("slow down"), ModelBusy),
        (ModelDenied("key k-123"), ModelDenied),
        (ModelUnavailable("gone"), ModelUnavailable),
        (ModelTimeout("late"), ModelTimeout),
        (ModelRequestInvalid("too long"), ModelBadResponse),
    ],
)
def test_why_a_flows_model_did_not_answer(opened, tmp_path: Path, raised: FerrataError, kind: type[Exception]) -> None:
    model = asking(opened, tmp_path, FakeModel([raised]))
    for call in (lambda: asyncio.run(model.chat(request("a"))), lambda: texts_of(model, "a")):
        with pytest.raises(kind) as caught:
            call()
        assert type(caught.value) is kind
        assert raised.message not in str(caught.value)


def test_a_caller_that_leaves_ends_the_row(code: LoadedFlow) -> None:
    model = FlowModel(code, code.flow)

    async def leave() -> str:
        whole = asyncio.create_task(model.chat(request("wait")))
        await asyncio.sleep(0.02)
        whole.cancel()
        await asyncio.wait({whole})
        assert whole.cancelled()
        read = model.stream(request("stream", extra={"inputs": {"n": 1_000_000}}))
        assert (await anext(read)).text == "0 "
        await read.aclose()
        first = asyncio.create_task(anext(model.stream(request("wait"))))
        await asyncio.sleep(0.02)
        first.cancel()
        await asyncio.wait({first})
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return (await model.chat(request("ended"))).text

    assert asyncio.run(leave()) == str(["row", "pieces", "row"])


def test_a_prompt_answers_with_its_model(opened, tmp_path: Path) -> None:
    fake = FakeModel(["Hello"])
    file = tmp_path / "talk.prompty"
    file.write_text(textwrap.dedent(PROMPT).lstrip())
    loaded = opened(file, {"m": ModelConnection("m", "fake", "echo", fake, Cent())})
    model = FlowModel(loaded, read_flow(file))
    before = (Message("user", "q"), Message("assistant", "r"))
    found = asyncio.run(model.chat(request("Hi", *before)))
    assert (found.text, found.usage is not None) == ("Hello", True)
    said = [(message.role, message.text) for message in fake.requests[0].messages]
    assert said == [("system", "Be kind."), ("user", "q"), ("assistant", "r"), ("user", "Hi")]


def test_a_flow_without_a_conversation_is_no_model(opened, tmp_path: Path) -> None:
    two = opened(
        write(
            tmp_path / "two", CODE.replace("text: {type: string, is_chat_input: true}", "text: {type: int}"), say_py=SAY
        )
    )
    with pytest.raises(UsageError, match="no input is marked"):
        FlowModel(two, two.flow)
    dag = CODE.replace(", is_chat_output: true", "").replace("answer:", "said:")
    with pytest.raises(UsageError, match="no output is marked"):
        unmarked = opened(write(tmp_path / "unmarked", dag, say_py=SAY))
        FlowModel(unmarked, unmarked.flow)


def test_a_flow_is_a_tool(code: LoadedFlow) -> None:
    tool = FlowTool(code, code.flow, name="say it!", description="Says")
    assert (tool.name, tool.description) == ("say_it_", "Says")
    assert FlowTool(code, code.flow).description == "Runs the flow say"
    assert tool.schema["required"] == ["text"]
    found = asyncio.run(tool.call({"text": "a", "n": 1}))
    assert (found.text, found.structured, found.is_error) == (
        '{"answer": "a", "count": 1}',
        {"answer": "a", "count": 1},
        False,
    )
    wrong = asyncio.run(tool.call({}))
    assert (wrong.text, wrong.is_error) == ("these inputs are missing: text", True)
    boom = asyncio.run(tool.call({"text": "boom"}))
    assert (boom.text, boom.is_error) == ("the flow 'say' failed", True)


def test_a_tools_call_is_in_the_servers_trace(code: LoadedFlow) -> None:
    sink = MemorySink()
    served = McpServer([FlowTool(code, code.flow, sink=sink)], name="flows", version="1")
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"say","arguments":{"text":"b"}}}'

    async def called() -> Any:
        with join_trace(TRACE, SPAN):
            return await ask(served, body, headers={"content-type": "application/json"})

    found = asyncio.run(called())
    assert found.json()["result"]["structuredContent"] == {"answer": "bbb", "count": 3}
    assert sink.spans[-1].parent_id == SPAN


def test_a_flows_own_api(code: LoadedFlow) -> None:
    application = flow_application(code, code.flow, timeout=5)
    with inside(code):
        found = asyncio.run(
            ask(application, b'{"text": "c"}', path="/score", headers={"content-type": "application/json"})
        )
    assert found.json() == {"answer": "ccc", "count": 3}
    application.close()
