"""What user code asks by the package `openai` is seen: spans, tokens, and nothing outside of flows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.flows import open_flow
from ferrata.messages import Usage
from ferrata.providers import FakeModel, FakeServer
from ferrata.telemetry import MemorySink, emit_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.flows.conftest import MakeFlow

DAG = """
inputs: {url: {type: string}}
outputs: {out: {type: string, reference: '${ask.output}'}}
nodes:
- {name: ask, type: python, source: {type: code, path: ask.py}, inputs: {url: '${inputs.url}'}}
"""


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(FakeModel(["pong"])) as found:
        yield found


def spans_of(folder: Any, server: FakeServer) -> tuple[Any, list[Any]]:
    sink = MemorySink()
    loaded = open_flow(folder)
    with emit_to(sink):
        result = asyncio.run(loaded.line({"url": server.url}))
    loaded.close()
    assert result.error is None, result.error
    return result, sink.spans


@pytest.mark.parametrize("word", ["", "async "])
def test_a_call_is_a_span_within_its_node_and_counts(make_flow: MakeFlow, server: FakeServer, word: str) -> None:
    kind, wait = ("AsyncOpenAI", "await ") if word else ("OpenAI", "")
    folder = make_flow(
        DAG,
        ask_py=f"from openai import {kind}\nfrom promptflow.core import tool\n@tool\n{word}def ask(url):\n"
        f"    client = {kind}(base_url=url, api_key='k', max_retries=0)\n"
        f"    answer = {wait}client.chat.completions.create(model='m', messages=[{{'role': 'user', 'content': 'ping'}}], temperature=0)\n"
        f"    {wait}client.close()\n    return answer.choices[0].message.content\n",
    )
    result, spans = spans_of(folder, server)
    assert result.output == {"out": "pong"}
    call, node, flow = spans
    assert (call.name, call.kind, call.parent_id) == ("chat m", "llm", node.span_id)
    assert call.attributes["gen_ai.request.temperature"] == 0
    assert call.attributes["inputs"] == {"messages": [{"role": "user", "content": "ping"}]}
    assert call.attributes["output"] == "pong"
    assert "'k'" not in str(call.as_json())
    assert isinstance(call.usage, Usage)
    assert call.usage.input_tokens > 0
    assert result.usage == flow.usage == node.usage == call.usage


def test_outside_of_a_flow_nothing_is_noted(make_flow: MakeFlow, server: FakeServer) -> None:
    import openai

    folder = make_flow(
        DAG, ask_py="import openai\nfrom promptflow.core import tool\n@tool\ndef ask(url):\n    return url\n"
    )
    spans_of(folder, server)
    sink = MemorySink()
    with emit_to(sink), openai.OpenAI(base_url=server.url, api_key="k") as client:
        found = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "ping"}])
    assert found.choices[0].message.content == "pong"
    assert sink.spans == []
