"""What a served flow answers beside `/score`."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

import ferrata

if TYPE_CHECKING:
    from served_flows import Served

TRACE = "0af7651916cd43dd8448eb211c80319c"


def test_health_and_version(serve, say) -> None:
    served = serve(say, environment={"BUILD_INFO": '{"build_number": "42"}'})
    assert served.client.get("/health").json() == {"status": "Healthy", "version": ferrata.__version__}
    assert served.client.get("/version").json() == {
        "status": "Healthy",
        "build_info": '{"build_number": "42"}',
        "version": "42",
    }


def test_swagger_says_what_the_flow_takes_and_gives(said: Served) -> None:
    found = said.client.get("/swagger.json").json()
    assert found["info"] == {
        "title": "say API",
        "version": "1.0.0",
        "x-flow-name": "say",
        "x-chat-input": "text",
        "x-flow-type": "chat",
        "x-chat-history": "history",
        "x-chat-output": "answer",
    }
    score = found["paths"]["/score"]["post"]
    assert score["requestBody"]["content"]["application/json"]["schema"] == {
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": "What is said"},
            "n": {"type": "integer", "default": 3},
            "history": {"type": "array", "items": {}, "default": []},
        },
        "required": ["text"],
    }
    outputs = score["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
    assert outputs == {"answer": {"type": "string"}, "count": {"type": "integer"}}
    assert "/feedback" in found["paths"]


def test_the_outputs_that_are_sent_can_be_chosen(serve, say) -> None:
    served = serve(say, environment={"PROMPTFLOW_RESPONSE_INCLUDED_FIELDS": '["grade"]'})
    assert served.score(text="a").json() == {"grade": 3}


def test_unknown_paths_and_methods(said: Served) -> None:
    for method, path, status in [("GET", "/score", 405), ("GET", "/nope", 404), ("POST", "/swagger.json", 405)]:
        found = said.client.request(method, path)
        assert (found.status_code, found.json()["error"]["code"]) == (status, "UserError")
    assert said.client.get("/score").headers["allow"] == "POST"


def test_a_bad_id_is_replaced(said: Served) -> None:
    assert said.client.get("/health", headers={"x-ms-client-request-id": "a-1"}).headers["x-request-id"] == "a-1"
    assert len(said.client.get("/health", headers={"x-request-id": "a b"}).headers["x-request-id"]) == 32


def test_feedback_joins_the_trace_that_it_is_about(serve, say, tmp_path) -> None:
    file = tmp_path / "spans.jsonl"
    served = serve(say, "--spans", str(file))
    trace = f"00-{TRACE}-b7ad6b7169203331-01"
    answer = served.score({"traceparent": trace}, text="a")
    assert answer.headers["traceresponse"].startswith(f"00-{TRACE}-")
    about = {"traceparent": answer.headers["traceresponse"], "baggage": "user=an%20n;p=1, site=x"}
    said = served.client.post("/feedback?flatten=true", json={"good": True, "why": ["short"]}, headers=about)
    assert said.json() == {"status": "Feedback received."}
    served.client.post("/feedback", content="not JSON", headers=about)
    assert served.end() == 0
    spans = [json.loads(line) for line in file.read_text().splitlines()]
    assert {span["trace_id"] for span in spans} == {TRACE}
    by_name = {span["name"]: span for span in spans[:4]}
    assert by_name["POST /score"]["parent_id"] == "b7ad6b7169203331"
    assert by_name["say"]["parent_id"] != ""
    flat, whole = (span["attributes"] for span in spans if span["name"] == "promptflow-feedback")
    assert (flat["good"], flat["why"], flat["user"], flat["site"]) == (True, '["short"]', "an n", "x")
    assert whole["feedback"] == "not JSON"


def test_feedback_goes_into_the_log_without_a_file(said: Served) -> None:
    said.client.post("/feedback", json={"good": 1}, headers={"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"})
    (line,) = [line for line in said.log.splitlines() if " feedback {" in line]
    found = json.loads(line.partition(" feedback ")[2])
    assert (found["feedback"], found["trace_id"]) == ('{"good":1}', TRACE)


def test_pages_of_others_may_not_ask(serve, say, said: Served) -> None:
    foreign = {"sec-fetch-site": "cross-site", "origin": "https://other.example"}
    refused = said.score(foreign, text="a")
    assert (refused.status_code, "access-control-allow-origin" in refused.headers) == (403, False)
    assert said.score({"sec-fetch-site": "same-origin"}, text="a").status_code == 200
    open_to_all = serve(say, "--allow-origin", "*")
    found = open_to_all.score(foreign, text="a")
    assert (found.status_code, found.headers["access-control-allow-origin"]) == (200, "*")


def test_the_page_loads_nothing_from_elsewhere(said: Served) -> None:
    found = said.client.get("/")
    assert "default-src 'none'" in found.headers["content-security-policy"]
    assert "unsafe" not in found.headers["content-security-policy"]
    assert "http" not in found.text.replace("http-equiv", "")
    assert "<title>say</title>" in found.text


@pytest.mark.slow
def test_the_page_shows_the_inputs_in_a_browser(said: Served, tmp_path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no browser here")
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile"]
        + ["--virtual-time-budget=5000", "--dump-dom", f"{said.url}/"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.count("<textarea") == 3
    assert "required, What is said" in done.stdout
