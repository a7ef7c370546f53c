"""Calls through a whole gateway: keys, limits, budgets, routes, caches, guards, clients that leave."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest
from serving_here import Served, make_key

from ferrata.access import Allowance
from ferrata.errors import ModelBusy, ModelUnavailable
from ferrata.providers import FakeModel, FakeServer

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

MODELS = """
models:
  one: {vendor: openai-compatible, model: m-1, url: 'URL1'}
  two: {vendor: openai-compatible, model: m-2, url: 'URL2'}
prices:
  openai-compatible/m-1: {input: 1000, output: 1000}
"""


@pytest.fixture
def one() -> Generator[FakeServer]:
    with FakeServer() as server:
        yield server


@pytest.fixture
def two() -> Generator[FakeServer]:
    with FakeServer(FakeModel(["from two"])) as server:
        yield server


@contextmanager
def served(root: Path, one: FakeServer, two: FakeServer, more: str) -> Generator[Served]:
    models = MODELS.replace("URL1", one.url).replace("URL2", two.url)
    (root / "ferrata.yaml").write_text(f"project: p\n{models}{more}")
    with Served(root) as found:
        yield found


def ask(
    at: Served,
    said: str = "one two three",
    *,
    secret: str = "",
    headers: Any = None,
    path: str = "/v1/chat/completions",
    **body: Any,
) -> tuple[int, Any, dict[str, str]]:
    """Status, body (of a stream: its text) and headers of one call."""
    connection = HTTPConnection("127.0.0.1", at.port, timeout=20)
    given = {"model": "chat", "messages": [{"role": "user", "content": said}], **body}
    about = {"authorization": f"Bearer {secret or at.secret}", **(headers or {})}
    try:
        connection.request("POST", path, json.dumps(given), about)
        answer = connection.getresponse()
        text = answer.read()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, text.decode() if body.get("stream") and answer.status == 200 else json.loads(text), found
    finally:
        connection.close()


def test_limits_by_the_minute_hold_and_say_when_to_come_again(tmp_path: Path, one: FakeServer, two: FakeServer) -> None:
    with served(tmp_path, one, two, "endpoints: {chat: {model: one, limits: {requests_per_minute: 3}}}") as at:
        if time.time() % 60 > 55:
            time.sleep(5.5)
        found = [ask(at) for _ in range(5)]
    assert [status for status, _, _ in found] == [200, 200, 200, 429, 429]
    _, body, headers = found[-1]
    assert body["error"]["code"] == "rate_limit_exceeded"
    assert "endpoint" in body["error"]["message"]
    assert 1 <= int(headers["retry-after"]) <= 60
    assert headers["x-ratelimit-limit-requests"] == "3"
    assert headers["x-ratelimit-remaining-requests"] == "0"
    assert len(one.received) == 3
    assert [span["attributes"]["ferrata.status"] for span in at.spans] == [200, 200, 200, 429, 429]
    assert at.spans[0]["spent"][0][:3] == ["endpoint:chat", "requests", "minute"]


def test_a_budget_of_a_key_of_a_team_and_of_an_endpoint(tmp_path: Path, one: FakeServer, two: FakeServer) -> None:
    more = "endpoints: {chat: {model: one}}\ngateway: {teams: {red: {budgets: [{requests: 4, per: day}]}}}"
    with served(tmp_path, one, two, more) as at:
        # 1000 dollars a million tokens: three words in and three out cost 0.6 cents.
        _, secret = make_key(tmp_path, "poor", team="blue", budgets=(Allowance("usd", "day", 0.05),))
        time.sleep(1.3)
        found = [ask(at, secret=secret, max_tokens=3) for _ in range(6)]
        statuses = [status for status, _, _ in found]
        assert statuses[:2] == [200, 200]
        assert statuses[-1] == 429
        refused = next(body for status, body, _ in found if status == 429)
        assert refused["error"]["code"] == "budget_exceeded"
        assert secret not in json.dumps(refused)
        assert found[-1][2]["x-should-retry"] == "false"
        paid = sum(span.get("cost_usd", 0.0) for span in at.spans)
        assert 0.01 < paid <= 0.05
        assert [ask(at)[0] for _ in range(5)] == [200, 200, 200, 200, 429]


def test_other_routes_answer_where_one_does_not(tmp_path: Path, one: FakeServer, two: FakeServer) -> None:
    with served(tmp_path, one, two, "endpoints: {chat: {model: one, fallbacks: [two], retries: 1}}") as at:
        one.fail(ModelUnavailable("down"), ModelBusy("busy"))
        status, body, headers = ask(at)
        assert (status, body["choices"][0]["message"]["content"]) == (200, "from two")
        assert headers["x-ferrata-route"] == "two"
        one.fail(ModelUnavailable("down"), ModelUnavailable("down"))
        status, text, headers = ask(at, stream=True)
        assert "from" in text
        assert headers["x-ferrata-route"] == "two"
        first, second = at.spans
        assert first["attributes"]["ferrata.attempts"] == second["attributes"]["ferrata.attempts"] == 3
        assert ask(at, headers={"x-ferrata-route": "two"})[1]["choices"][0]["message"]["content"] == "from two"


def test_the_same_request_is_answered_from_memory_for_its_team_alone(
    tmp_path: Path, one: FakeServer, two: FakeServer
) -> None:
    with served(tmp_path, one, two, "endpoints: {chat: {model: one, cache: {seconds: 60}}}") as at:
        _, mate = make_key(tmp_path, "mate")
        _, other = make_key(tmp_path, "other", team="blue")
        time.sleep(1.3)
        first, again = ask(at), ask(at, secret=mate)
        assert first[1] == again[1]
        assert again[2]["x-ferrata-cached"] == "exact"
        assert len(one.received) == 1
        ask(at, secret=other)
        ask(at, headers={"cache-control": "no-cache"})
        assert len(one.received) == 3
        stream, replayed = ask(at, stream=True), ask(at, stream=True)
        assert stream[1] == replayed[1]
        assert "[DONE]" in stream[1]
        assert len(one.received) == 4
        cached = [span for span in at.spans if span["attributes"].get("ferrata.cached")]
        assert len(cached) == 2
        assert all(span["cost_usd"] == 0.0 for span in cached)


def test_the_same_requests_at_once_ask_once(tmp_path: Path, one: FakeServer, two: FakeServer) -> None:
    one.model = FakeModel(["slow"], delay=0.3)
    with served(tmp_path, one, two, "endpoints: {chat: {model: one, coalesce: true}}") as at:
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: ask(at)[0], range(8)))
        assert found == [200] * 8
        assert len(one.received) == 1
        assert sum(span["attributes"].get("ferrata.cached") == "coalesced" for span in at.spans) == 7


def test_a_request_that_names_itself_is_answered_once(tmp_path: Path, one: FakeServer, two: FakeServer) -> None:
    with served(tmp_path, one, two, "endpoints: {chat: {model: one}}") as at:
        named = {"idempotency-key": "abc"}
        first, again = ask(at, headers=named), ask(at, headers=named)
        assert first[1] == again[1]
        assert again[2]["idempotency-replayed"] == "true"
        assert len(one.received) == 1
        status, body, _ = ask(at, "other", headers=named)
        assert (status, body["error"]["code"]) == (422, "idempotency_mismatch")


def test_guards_stop_requests_and_answers(tmp_path: Path, one: FakeServer, two: FakeServer) -> None:
    with served(tmp_path, one, two, "endpoints: {chat: {model: one, guard: {blocklist: [forbidden word]}}}") as at:
        status, body, _ = ask(at, "say the Forbidden  word".replace("  ", " "))
        assert status == 400
        assert "blocklist" in body["error"]["message"]
        assert not one.received
        one.model = FakeModel(["this has a forbidden word in it", "this has a forbidden word in it", "a fine answer"])
        status, body, _ = ask(at)
        assert (status, body["choices"][0]["finish_reason"]) == (200, "content_filter")
        assert "forbidden" not in json.dumps(body)
        status, text, _ = ask(at, stream=True)
        assert "this has a" in "".join(
            (json.loads(line[6:])["choices"] or [{}])[0].get("delta", {}).get("content") or ""
            for line in text.splitlines()
            if line.startswith("data: {")
        )
        assert "forbidden" not in text
        assert "content_filter" in text
        assert ask(at)[1]["choices"][0]["message"]["content"] == "a fine answer"
        assert [span["attributes"].get("ferrata.blocked") for span in at.spans] == ["blocklist"] * 3 + [None]


def test_a_client_that_leaves_ends_the_call_at_the_vendors(tmp_path: Path, one: FakeServer, two: FakeServer) -> None:
    one.model = FakeModel(["one two three four five six seven eight nine ten"], delay=0.2)
    with served(tmp_path, one, two, "endpoints: {chat: {model: one, retries: 0}}") as at:

        async def leave(body: dict[str, Any]) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
            text = json.dumps({"model": "chat", "messages": [{"role": "user", "content": "x"}], **body}).encode()
            head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {at.secret}\r\ncontent-length: {len(text)}\r\n\r\n"
            writer.write(head.encode() + text)
            if body.get("stream"):
                await reader.readuntil(b"two")
            else:
                await asyncio.sleep(0.1)
            writer.close()

        asyncio.run(leave({"stream": True}))
        deadline = time.monotonic() + 3
        while one.aborted < 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert one.aborted == 1
        one.model = FakeModel(["late"], delay=1.5)
        asyncio.run(leave({}))
        while one.aborted < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert one.aborted == 2
        time.sleep(0.1)
        streamed, whole = at.spans
        assert [span["error"] for span in (streamed, whole)] == ["client_left", "client_left"]
        assert 1 <= streamed["output_tokens"] < 10
        assert streamed["attributes"]["ferrata.usage.estimated"]


def test_bodies_that_are_none(tmp_path: Path, one: FakeServer, two: FakeServer) -> None:
    more = "endpoints: {chat: {model: one}}\ngateway: {most_bytes: 2000}"
    with served(tmp_path, one, two, more) as at:
        connection = HTTPConnection("127.0.0.1", at.port, timeout=10)
        about = {"authorization": f"Bearer {at.secret}"}
        for body, status, code in [
            (b"", 400, "invalid_json"),
            (b"[1]", 400, "invalid_json"),
            (b'{"model": ', 400, "invalid_json"),
            (b"\xff\xfe", 400, "invalid_json"),
            (b'{"model": 7}', 400, "invalid_json"),
            (b"x" * 3000, 413, "request_too_large"),
        ]:
            connection = HTTPConnection("127.0.0.1", at.port, timeout=10)
            connection.request("POST", "/v1/chat/completions", body, about)
            answer = connection.getresponse()
            found = json.loads(answer.read())
            connection.close()
            assert (answer.status, found["error"]["code"]) == (status, code), body
        assert ask(at, path="/v1/nothing")[0] == 404
        assert not one.received


def test_only_the_endpoints_of_a_key(tmp_path: Path, one: FakeServer, two: FakeServer) -> None:
    with served(tmp_path, one, two, "endpoints: {chat: one, other: two}") as at:
        _, secret = make_key(tmp_path, "narrow", endpoints=("other",))
        time.sleep(1.3)
        assert ask(at, secret=secret)[0] == 404
        assert ask(at, secret=secret, model="other")[0] == 200


def test_users_keep_to_a_route(tmp_path: Path, one: FakeServer, two: FakeServer) -> None:
    more = "endpoints: {chat: {routes: [one, two], sticky: user}}"
    with served(tmp_path, one, two, more) as at:
        first = {f"u{n}": ask(at, user=f"u{n}")[2]["x-ferrata-route"] for n in range(20)}
        again = {f"u{n}": ask(at, user=f"u{n}")[2]["x-ferrata-route"] for n in range(20)}
    assert first == again
    assert set(first.values()) == {"one", "two"}
