"""A flow behind the gateway: as a model, by its own API, as a tool; and a whole gateway that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any

import openai
import pytest
from serving_here import Served, make_key

from ferrata.app import open_app
from ferrata.monitor import TraceFilter, list_calls
from ferrata.providers import FakeServer

if TYPE_CHECKING:
    from pathlib import Path

FLOW = """
inputs:
  question: {type: string, is_chat_input: true}
outputs:
  answer: {type: string, reference: "${say.output}", is_chat_output: true}
nodes:
- name: say
  type: python
  source: {type: code, path: say.py}
  inputs: {question: "${inputs.question}"}
"""
CODE = """
from promptflow.core import tool


@tool
def say(question: str) -> str:
    return f"You asked: {question}"
"""


def post(port: int, path: str, secret: str, body: Any) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    about = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    if secret:
        about["authorization"] = f"Bearer {secret}"
    try:
        connection.request("POST", path, json.dumps(body), about)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_a_flow_answers_as_a_model_by_its_own_paths_and_as_a_tool(tmp_path: Path) -> None:
    folder = tmp_path / "flow"
    folder.mkdir()
    (folder / "flow.dag.yaml").write_text(FLOW)
    (folder / "say.py").write_text(CODE)
    (tmp_path / "ferrata.yaml").write_text(
        "endpoints: {bot: {flow: flow, mcp: true, budgets: [{requests: 5, per: day}]}}"
    )
    with Served(tmp_path) as at:
        with openai.OpenAI(base_url=f"{at.url}/v1", api_key=at.secret, max_retries=0) as client:
            asked: list[Any] = [{"role": "user", "content": "Where?"}]
            whole = client.chat.completions.create(model="bot", messages=asked)
            assert whole.choices[0].message.content == "You asked: Where?"
            stream = client.chat.completions.create(model="bot", messages=asked, stream=True)
            assert "".join(p.choices[0].delta.content or "" for p in stream if p.choices) == "You asked: Where?"
        assert post(at.port, "/endpoints/bot/score", at.secret, {"question": "Q"}) == (200, {"answer": "You asked: Q"})
        assert post(at.port, "/score", "", {"question": "Q"})[0] == 401
        call = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "flow", "arguments": {"question": "T"}},
        }
        status, told = post(at.port, "/mcp/bot", at.secret, call)
        assert status == 200
        assert told["result"]["structuredContent"] == {"answer": "You asked: T"}
        assert post(at.port, "/score", at.secret, {"question": "Q"})[0] == 200
        assert post(at.port, "/score", at.secret, {"question": "Q"})[0] == 429
        calls = [span for span in at.spans if "ferrata.status" in span["attributes"]]
        nodes = [span for span in at.spans if span["name"] == "say"]
    assert [span["attributes"]["ferrata.status"] for span in calls] == [200, 200, 200, 200, 200, 429]
    assert all("input_tokens" not in span for span in calls)
    assert [span["trace_id"] for span in nodes] == [span["trace_id"] for span in calls[:5]]
    assert "Where" not in json.dumps(nodes)  # what was asked is kept only where `capture` says so


@pytest.mark.slow
def test_a_gateway_that_is_killed_has_written_down_every_answer_that_it_gave(tmp_path: Path) -> None:
    with FakeServer() as upstream:
        (tmp_path / "ferrata.yaml").write_text(
            f"models: {{m: {{vendor: openai-compatible, model: m, url: '{upstream.url}'}}}}\n"
            "endpoints: {chat: {model: m, retries: 0, budgets: [{requests: 100000, per: day}]}}\n"
        )
        _, secret = make_key(tmp_path)
        command = [
            sys.executable,
            "-m",
            "ferrata",
            "gateway",
            "--project",
            str(tmp_path),
            "--port",
            "0",
            "--workers",
            "2",
        ]
        answered: list[str] = []
        for kill in ("worker", "supervisor"):
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            assert process.stdout is not None
            port = int(process.stdout.readline().split(",")[0].rpartition(":")[2])
            children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()
            until = time.monotonic() + 3

            def ask(_: int, port: int = port, until: float = until) -> None:
                while time.monotonic() < until:
                    connection = HTTPConnection("127.0.0.1", port, timeout=5)
                    try:
                        body = {"model": "chat", "messages": [{"role": "user", "content": "x"}]}
                        connection.request(
                            "POST", "/v1/chat/completions", json.dumps(body), {"authorization": f"Bearer {secret}"}
                        )
                        answer = connection.getresponse()
                        if answer.status == 200 and answer.read():
                            answered.append(answer.headers["x-request-id"])
                    except (OSError, HTTPException):
                        time.sleep(0.01)
                    finally:
                        connection.close()

            with ThreadPoolExecutor(4) as pool:
                running = [pool.submit(ask, number) for number in range(4)]
                time.sleep(1.0)
                os.kill(int(children[0]) if kill == "worker" else process.pid, signal.SIGKILL)
                for one in running:
                    one.result()
            process.send_signal(signal.SIGTERM)
            process.wait(20)
            process.stdout.close()
        found = written(tmp_path, set(answered))
    assert len(answered) > 100
    assert set(answered) <= set(found)
    assert len(found) == len(set(found))


def written(root: Path, wanted: set[str]) -> list[str]:
    """The ids of the calls in the store, once all that are wanted are there, or 20 s later."""
    deadline = time.monotonic() + 20
    with open_app(root) as app:
        while True:
            while app.drain.step().more:
                pass
            found, after = list[str](), ""
            while True:
                page = list_calls(app.store, app.settings.project, TraceFilter(), limit=1000, after=after)
                found += [span.attributes["ferrata.request"] for span in page.spans]
                if not (after := page.after):
                    break
            if wanted <= set(found) or time.monotonic() > deadline:
                return found
            time.sleep(0.2)
