"""A flow's API below a path of somebody else's application."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from asgi_requests import Answer, ask
from ferrata.flows import FlowApplication, inside, open_flow
from ferrata.telemetry import MemorySink, join_trace

if TYPE_CHECKING:
    from collections.abc import Iterator

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
BELOW = "/endpoints/say"
JSON = {"content-type": "application/json"}


class Mounted:
    """An application below a path, and the spans that came of it."""

    def __init__(self, application: FlowApplication, sink: MemorySink) -> None:
        self.application = application
        self.sink = sink

    def ask(self, path: str, inputs: Any = None, **options: Any) -> Answer:
        body = b"" if inputs is None else json.dumps(inputs).encode()

        async def asked() -> Answer:
            with join_trace(TRACE, SPAN):
                return await ask(
                    self.application,
                    body,
                    method=options.pop("method", "GET" if inputs is None else "POST"),
                    path=BELOW + path,
                    root_path=BELOW,
                    state={"request_id": "r-1"},
                    **options,
                )

        return asyncio.run(asked())


@pytest.fixture
def mounted(say) -> Iterator[Mounted]:
    loaded, sink = open_flow(say), MemorySink()
    application = FlowApplication(loaded, loaded.flow, sink=sink)
    with inside(loaded):
        yield Mounted(application, sink)
    application.close()
    loaded.close()


def test_rows_run_in_the_trace_of_who_serves_them(mounted: Mounted) -> None:
    found = mounted.ask("/score", {"text": "a"}, headers={**JSON, "x-request-id": "of-the-client"})
    assert (found.status, found.json(), found.state) == (200, {"answer": "aaa", "count": 3}, {"request_id": "r-1"})
    assert found.headers["x-request-id"] == "r-1"
    assert found.headers["traceresponse"] == f"00-{TRACE}-{SPAN}-01"
    by_name = {span.name: span for span in mounted.sink.spans}
    assert set(by_name) == {"say"}
    assert [span.kind for span in mounted.sink.spans] == ["node", "flow"]
    assert {span.trace_id for span in mounted.sink.spans} == {TRACE}
    assert mounted.sink.spans[-1].parent_id == SPAN


def test_what_a_request_failed_with_is_said_to_who_serves_it(mounted: Mounted) -> None:
    def error(inputs: Any, **headers: str) -> Any:
        return mounted.ask("/score", inputs, headers={**JSON, **headers}).state.get("error")

    assert error({}) == "MissingRequiredFlowInput"
    assert error({"text": "boom"}) == "ToolExecutionError"
    assert error({"text": "stream break", "n": 3}, accept="text/event-stream") == "ValueError"
    assert error({"text": "a"}, accept="text/html") == "NotAcceptable"
    assert mounted.ask("/nope").state["error"] == "http_404"
    left = asyncio.Event()
    left.set()
    gone = mounted.ask("/score", {"text": "wait", "n": 20}, headers=JSON, leaves=left)
    assert (gone.status, gone.state["error"]) == (0, "client_left")


def test_its_pages_know_where_they_are(mounted: Mounted) -> None:
    assert mounted.ask("/swagger.json").json()["servers"] == [{"url": BELOW}]
    assert mounted.ask("/").headers["content-type"].startswith("text/html")
    assert mounted.ask("/health").json()["status"] == "Healthy"
    moved = mounted.ask("")
    assert (moved.status, moved.headers["location"]) == (307, f"{BELOW}/")


def test_several_flows_leave_the_working_directory_alone(say, tmp_path, monkeypatch) -> None:
    from pathlib import Path

    monkeypatch.chdir(tmp_path)
    loaded = open_flow(say)
    with inside(loaded, loaded):
        assert Path.cwd() == tmp_path
    with inside(loaded):
        assert Path.cwd() == say
    loaded.close()
