"""`POST /score` of a real server, held against what Prompt Flow 1.18.5's served app answered to the same requests."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time

import httpx2
import pytest
from served_flows import Served, wait

EVENTS = {"accept": "text/event-stream"}
EITHER = {"accept": "text/event-stream, application/json"}


def error_of(response: httpx2.Response) -> dict:
    error = response.json()["error"]
    assert error["request_id"] == response.headers["x-request-id"]
    return error


def events_of(text: str) -> list:
    found = []
    for block in text.strip().split("\n\n"):
        kind, _, data = block.rpartition("data: ")
        found.append((kind.strip(), json.loads(data)) if kind else json.loads(data))
    return found


def test_inputs_in_and_outputs_out(said: Served) -> None:
    found = said.score(text="ab", n="2", extra=1)
    assert (found.status_code, found.headers["content-type"]) == (200, "application/json")
    assert found.json() == {"answer": "abab", "count": 2}  # what is for evaluation only is not sent
    assert said.score(text="é").content == '{"answer": "ééé", "count": 3}'.encode()


def test_what_is_wrong_with_a_request(said: Served) -> None:
    cases = [
        (b'{"n": 1}', 400, "MissingRequiredFlowInput", "these inputs are missing: text"),
        (b'{"text": "a", "n": "x"}', 400, "InputTypeError", "the input 'n' is 'x', which is no int"),
        (b'{"text"', 400, "BadRequest", "the body is no JSON"),
        (b"\xff", 400, "BadRequest", "the body is no JSON"),
        (b"[" * 100_000, 400, "BadRequest", "the body is no JSON"),
        (b"", 400, "BadRequest", "the body is no JSON"),
        (b"[1, 2]", 400, "BadRequest", "must be a JSON object"),
        (b'"a"', 400, "BadRequest", "must be a JSON object"),
        (b"3", 400, "BadRequest", "must be a JSON object"),
    ]
    for body, status, name, message in cases:
        found = said.client.post("/score", content=body, headers={"content-type": "application/json"})
        error = error_of(found)
        assert (found.status_code, error["code"], error["inner"]) == (status, "UserError", [name]), body
        assert message in error["message"]


def test_a_row_that_fails(said: Served) -> None:
    found = said.score(text="boom")
    error = error_of(found)
    assert (found.status_code, error["code"]) == (400, "UserError")
    assert error["message"] == "Execution failure in 'say': (ValueError) boom!"
    assert error["inner"] == ["ToolExecutionError"]
    found = said.score({"x-request-id": "mine-1"}, text="system")
    assert (found.status_code, error_of(found)["code"], error_of(found)["request_id"]) == (500, "SystemError", "mine-1")
    assert "Traceback" not in found.text
    assert 'raise ValueError("boom!")' in said.log
    assert "mine-1 say: saying system" in said.log


def test_an_answer_in_pieces(said: Served) -> None:
    found = said.score(EVENTS, text="stream")
    assert found.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert found.text == "".join(
        f"data: {json.dumps(one)}\n\n" for one in [{"count": 3}, {"answer": "0 "}, {"answer": "1 "}, {"answer": "2 "}]
    )
    assert said.score(EITHER, text="stream").text == found.text
    assert said.score(text="stream").json() == {"answer": "0 1 2 ", "count": 3}


def test_pieces_come_as_they_are_made(said: Served) -> None:
    arrived = []
    with said.client.stream("POST", "/score", json={"text": "stream slow"}, headers=EVENTS) as response:
        for _ in response.iter_lines():
            arrived.append(time.monotonic())
    assert arrived[-1] - arrived[0] > 0.35


def test_a_stream_that_breaks_off_says_so(said: Served) -> None:
    first, second, (kind, last) = events_of(said.score(EVENTS, text="stream break").text)
    assert (first, second, kind) == ({"count": 3}, {"answer": "0 "}, "event: error")
    assert (last["error"]["message"], last["error"]["code"]) == ("midway", "SystemError")
    assert len(last["error"]["request_id"]) == 32


@pytest.mark.parametrize(
    ("accept", "text", "status"),
    [
        ("text/event-stream", "a", 406),
        ("text/html", "a", 406),
        ("text/html", "stream", 406),
        ("text/*", "a", 406),
        ("application/json;q=0", "a", 406),
        ("text/event-stream, application/json", "a", 200),
        ("application/*", "stream", 200),
        ("*/*", "a", 200),
        ("application/json; q=0.5", "a", 200),
        ("text/event-stream", "boom", 400),
    ],
)
def test_what_is_accepted(said: Served, accept: str, text: str, status: int) -> None:
    found = said.score({"accept": accept}, text=text)
    assert found.status_code == status
    if status == 406:
        assert error_of(found)["inner"] == ["NotAcceptable"]


def test_only_one_output_may_stream(serve, make_flow) -> None:
    dag = """
        outputs:
          a: {type: string, reference: "${one.output}"}
          b: {type: string, reference: "${two.output}"}
        nodes:
        - {name: one, type: python, source: {type: code, path: p.py}}
        - {name: two, type: python, source: {type: code, path: p.py}}
    """
    code = "from promptflow.core import tool\n@tool\ndef p():\n    return (text for text in ['x', 'y'])\n"
    served = serve(make_flow(dag, name="two", p_py=code))
    found = served.client.post("/score", content=b"not read", headers=EVENTS)
    assert (found.status_code, error_of(found)["inner"]) == (400, ["MultipleStreamOutputFieldsNotSupported"])
    assert served.score().json() == {"a": "xy", "b": "xy"}


def test_a_text_is_the_only_input(serve, make_flow) -> None:
    dag = """
        inputs: {text: {type: string}}
        outputs: {out: {type: string, reference: "${inputs.text}"}}
        nodes: []
    """
    served = serve(make_flow(dag, name="one"), "--max-body", "1")
    assert served.client.post("/score", content="plain words").json() == {"out": "plain words"}
    headers = {"content-type": "application/json"}
    assert served.client.post("/score", content="plain words", headers=headers).status_code == 400


def test_a_body_may_be_too_large(serve, say) -> None:
    served = serve(say, "--max-body", "1")
    whole = served.client.post("/score", content=b"x" * 1_000_001)
    assert (whole.status_code, error_of(whole)["message"]) == (413, "the body is larger than 1,000,000 bytes")
    in_parts = served.client.post("/score", content=(b"x" * 100_000 for _ in range(11)))
    assert in_parts.status_code == 413
    assert served.score(text="a" * 900_000, n=1).status_code == 200


def test_callers_do_not_read_this_machines_files(serve, make_flow) -> None:
    dag = """
        inputs: {picture: {type: image}, more: {type: object, default: {}}}
        outputs: {out: {type: image, reference: "${inputs.picture}"}}
        nodes: []
    """
    folder = make_flow(dag, name="pictures")
    (folder / "secret.png").write_bytes(b"secret")
    served = serve(folder)
    sent = {"data:image/png;base64": "c2VudA=="}
    assert served.score(picture=sent).json() == {"out": sent}
    by_path = {"data:image/png;path": "secret.png"}
    for picture, more in [
        (by_path, {}),
        ("secret.png", {}),
        ({"type": "image_file", "image_file": {"path": "secret.png"}}, {}),
        (sent, {"deep": [by_path]}),
        (sent, json.dumps({"deep": [by_path]})),
    ]:
        found = served.score(picture=picture, more=more)
        assert (found.status_code, error_of(found)["inner"]) == (400, ["InvalidImageInput"]), picture


def test_a_row_takes_too_long(serve, say) -> None:
    served = serve(say, "--timeout", "0.3")
    found = served.score(text="wait", n=30)
    assert (found.status_code, error_of(found)["inner"]) == (504, ["LineExecutionTimeoutError"])
    *_, (kind, last) = events_of(served.score(EVENTS, text="stream slow", n=99).text)
    assert (kind, last["error"]["message"]) == ("event: error", "the row was not done in 0.3 seconds")


def test_more_rows_than_may_run_are_refused(serve, say) -> None:
    served = serve(say, "--concurrency", "1")
    first: list[httpx2.Response] = []
    thread = threading.Thread(target=lambda: first.append(served.score(text="wait", n=1)))
    thread.start()
    served.until("begun")
    refused = served.score(text="a")
    thread.join()
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert (error_of(refused)["code"], error_of(refused)["inner"]) == ("SystemError", ["TooManyRows"])
    assert first[0].json() == {"answer": "waited", "count": 1}
    assert served.score(text="a").status_code == 200


def test_a_client_that_leaves_ends_its_row(serve, say) -> None:
    served = serve(say, "--concurrency", "1")
    with pytest.raises(httpx2.ReadTimeout):
        served.client.post("/score", json={"text": "wait", "n": 60}, timeout=0.5)
    served.until("cancelled")
    wait(lambda: served.score(text="a", n=1).status_code == 200, "its place is not free")
    assert " 499 " in served.log


def test_a_client_that_leaves_ends_its_stream(serve, say) -> None:
    served = serve(say, "--concurrency", "1")
    with served.client.stream("POST", "/score", json={"text": "stream slow", "n": 600}, headers=EVENTS) as response:
        assert next(response.iter_lines()).startswith("data: ")
    served.until("closed")
    wait(lambda: served.score(text="a", n=1).status_code == 200, "its place is not free")


def test_a_client_that_sends_half_a_body_and_leaves(said: Served) -> None:
    host, port = said.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as half:
        half.sendall(b"POST /score HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
        time.sleep(0.1)
    wait(lambda: " 499 " in said.log, said.log)
    assert said.score(text="a").status_code == 200


def test_functions_answer_with_what_they_return(serve, make_flow) -> None:
    code = "def go(text: str, n: int = 2):\n    return text * n if n else {'output': text}\n"
    served = serve(make_flow(name="function", go_py=code, **{"flow.flex_yaml": "entry: go:go\n"}))
    assert served.score(text="ab").json() == "abab"
    assert served.score(text="ab", n=0).json() == {"output": "ab"}
    assert error_of(served.score())["inner"] == ["MissingRequiredFlowInput"]
    assert error_of(served.score(n=1))["inner"] == ["InputNotFound"]


def test_a_model_answers_in_pieces_and_hears_when_nobody_reads(serve, make_flow, tmp_path) -> None:
    from ferrata.providers import FakeModel, FakeServer

    dag = """
        inputs: {question: {type: string}}
        outputs: {answer: {type: string, reference: "${ask.output}", is_chat_output: true}}
        nodes:
        - name: ask
          type: llm
          source: {type: code, path: ask.jinja2}
          inputs: {model: small, question: "${inputs.question}"}
          connection: chat
          api: chat
    """
    folder = make_flow(dag, name="llm", ask_jinja2="user:\n{{question}}\n")
    with FakeServer(FakeModel(["one two three"], delay=0.3)) as fake:
        file = tmp_path / "connections.yaml"
        file.write_text(f"chat: {{type: open_ai, api_key: '${{env:KEY}}', base_url: '{fake.url}'}}")
        served = serve(folder, "--connections", str(file), environment={"KEY": "k"})
        pieces = events_of(served.score(EVENTS, question="?").text)
        assert "".join(piece["answer"] for piece in pieces) == "one two three"
        assert len(pieces) > 1
        with served.client.stream("POST", "/score", json={"question": "?"}, headers=EVENTS) as response:
            next(response.iter_lines())
        wait(lambda: fake.aborted == 1, "the model was not told")


def test_many_at_once(said: Served) -> None:
    async def all_of_them() -> list[httpx2.Response]:
        async with httpx2.AsyncClient(base_url=said.url, timeout=20, trust_env=False) as client:
            return await asyncio.gather(*(client.post("/score", json={"text": f"{i}", "n": 1}) for i in range(50)))

    found = asyncio.run(all_of_them())
    assert [response.json()["answer"] for response in found] == [f"{i}" for i in range(50)]
    assert len({response.headers["x-request-id"] for response in found}) == 50
