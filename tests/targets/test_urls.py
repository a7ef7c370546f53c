"""What a URL answers, as a target takes it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.errors import ModelBadResponse, ModelBusy, ModelError, UsageError
from ferrata.providers import FakeServer, HttpClient
from ferrata.targets import UrlTarget

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON, HTML, TEXT = ({"content-type": kind} for kind in ("application/json", "text/html; charset=utf-8", "text/plain"))


@pytest.fixture(scope="module")
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


def asked(server: FakeServer, status: int, body: bytes, headers: dict[str, str]) -> Any:
    server.answer(status, body, headers)

    async def main() -> Any:
        async with HttpClient() as http:
            return await UrlTarget(f"{server.url}/score?code=hidden", http)({"question": "q"})

    return dict(asyncio.run(main()).values)


@pytest.mark.parametrize(
    ("status", "body", "headers", "values"),
    [
        (200, b'{"answer": "yes", "n": 1}', JSON, {"answer": "yes", "n": 1, "response": "yes"}),
        (201, b'"made"', JSON, {"response": "made"}),
        (200, b"plain words", TEXT, {"response": "plain words"}),
        (200, b'{"response": "labelled as text"}', TEXT, {"response": "labelled as text"}),
    ],
)
def test_what_is_an_answer(
    server: FakeServer, status: int, body: bytes, headers: dict[str, str], values: dict[str, Any]
) -> None:
    assert asked(server, status, body, headers) == values


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "told"),
    [
        (200, b"<html>Sign in</html>", HTML, ModelBadResponse, "web page: <html>Sign in"),
        (200, b'{"response": "hal', JSON, ModelBadResponse, r"broken JSON \(.*\): {\"response\": \"hal"),
        (200, b"", JSON, ModelBadResponse, "broken JSON .*: nothing"),
        (200, b"[" * 100_000, JSON, ModelBadResponse, "broken JSON"),
        (302, b"", {"location": "/login"}, ModelError, "answered 302: it is at '/login'"),
        (500, b"oops", TEXT, ModelError, "answered 500: oops"),
        (503, b"down", TEXT, ModelError, "answered 503: down"),
    ],
)
def test_what_is_none(
    server: FakeServer, status: int, body: bytes, headers: dict[str, str], kind: type[ModelError], told: str
) -> None:
    with pytest.raises(kind, match=told) as error:
        asked(server, status, body, headers)
    assert "hidden" not in error.value.message


@pytest.mark.parametrize(
    ("status", "wait", "least", "most"),
    [(429, "0.5", 0.5, 0.5), (503, "7", 7.0, 7.0), (429, "Wed, 21 Oct 2099 07:28:00 GMT", 1e9, 1e10)],
)
def test_how_long_it_wants_to_be_left_alone(
    server: FakeServer, status: int, wait: str, least: float, most: float
) -> None:
    with pytest.raises(ModelBusy) as error:
        asked(server, status, b"", {"retry-after": wait})
    assert error.value.retry_after is not None
    assert least <= error.value.retry_after <= most


@pytest.mark.parametrize("url", ["http://", "https://host:99999/x", "http://a b/"])
def test_what_is_no_url_is_said_before_a_row_is_run(url: str) -> None:
    with pytest.raises(UsageError, match="not a URL"):
        UrlTarget(url, HttpClient())
