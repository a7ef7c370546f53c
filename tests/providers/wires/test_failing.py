"""Errors reach clients in the words of the vendor that they think they talk to, in the middle of a stream as well."""

from __future__ import annotations

from typing import Any

import anthropic
import openai
import pytest

from ferrata.errors import (
    FerrataError,
    ModelBusy,
    ModelDenied,
    ModelOverQuota,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
    NotFound,
)
from ferrata.messages import ChatChunk, ChatRequest, Message
from ferrata.providers import FakeServer
from ferrata.providers.failures import stream_error
from ferrata.providers.wires import server_wires
from ferrata.providers.wires.serving import Asked, invalid

CHAT, RESPONSES, ANTHROPIC = server_wires()
ASKED = Asked(ChatRequest((Message("user", "Hi"),)), "m", stream=True)


class TooLarge(FerrataError):
    code, status = "too_large", 413


class Forbidden(FerrataError):
    code, status = "forbidden", 403


class Blocked(FerrataError):
    code, status = "content_blocked", 400


class Odd(FerrataError):
    code, status = "odd", 418


WORDS = [
    (invalid("messages[0]", "is odd"), "invalid_request_error", "model_request_invalid", "invalid_request_error"),
    (Blocked("no"), "invalid_request_error", "content_filter", "invalid_request_error"),
    (ModelDenied("no"), "authentication_error", "model_denied", "authentication_error"),
    (ModelOverQuota("no"), "insufficient_quota", "insufficient_quota", "billing_error"),
    (Forbidden("no"), "permission_error", "forbidden", "permission_error"),
    (NotFound("no"), "not_found_error", "not_found", "not_found_error"),
    (TooLarge("no"), "invalid_request_error", "too_large", "request_too_large"),
    (Odd("no"), "invalid_request_error", "odd", "invalid_request_error"),
    (ModelRefused("no"), "invalid_request_error", "content_filter", "invalid_request_error"),
    (ModelBusy("no"), "rate_limit_error", "rate_limit_exceeded", "rate_limit_error"),
    (FerrataError("no"), "server_error", "error", "api_error"),
    (ModelUnavailable("no"), "service_unavailable_error", "model_unavailable", "overloaded_error"),
    (ModelTimeout("no"), "timeout_error", "model_timeout", "timeout_error"),
]


@pytest.mark.parametrize(("error", "kind", "code", "of_anthropic"), WORDS, ids=lambda w: getattr(w, "code", w))
def test_words_for_each_status(error: FerrataError, kind: str, code: str, of_anthropic: str) -> None:
    for wire in (CHAT, RESPONSES):
        found = wire.error(error)["error"]
        assert (found["type"], found["code"], found["message"]) == (kind, code, error.message)
    assert ANTHROPIC.error(error)["error"] == {"type": of_anthropic, "message": error.message}


def test_the_hint_the_place_and_the_request_are_told() -> None:
    error = invalid("messages[0].role", "is missing", "say who speaks")
    assert CHAT.error(error, "req_1") == {
        "error": {
            "message": "messages[0].role: is missing (say who speaks)",
            "type": "invalid_request_error",
            "param": "messages[0].role",
            "code": "model_request_invalid",
            "request_id": "req_1",
        }
    }
    assert ANTHROPIC.error(error, "req_1") == {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": "messages[0].role: is missing (say who speaks)"},
        "request_id": "req_1",
    }


def read(wire: Any, chunks: int) -> list[Any]:
    """What the vendor's own package gives of a stream that breaks after so many pieces, before it raises."""
    writer = wire.writer(ASKED)
    body = b"".join(writer.write(ChatChunk(f"word{i} ", id="r1", model="m")) for i in range(chunks))
    body += writer.fail(ModelUnavailable("the vendor went away", hint="try again"))
    found = list[Any]()
    with FakeServer() as server:
        server.answer(200, body, {"content-type": "text/event-stream"})
        if wire is ANTHROPIC:
            asked: Any = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}
            with (
                anthropic.Anthropic(api_key="k", base_url=server.url.removesuffix("/v1"), max_retries=0) as client,
                pytest.raises(anthropic.APIError, match="the vendor went away"),
            ):
                found.extend(client.messages.create(**asked, stream=True))
            return found
        with (
            openai.OpenAI(api_key="k", base_url=server.url, max_retries=0) as other,
            pytest.raises(openai.APIError, match="the vendor went away"),
        ):
            if wire is CHAT:
                asked = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
                found.extend(other.chat.completions.create(**asked, stream=True))
            else:
                found.extend(other.responses.create(model="m", input="Hi", stream=True))
    return found


@pytest.mark.parametrize("wire", server_wires(), ids=["chat", "responses", "anthropic"])
def test_a_stream_that_breaks_raises_in_the_vendors_clients(wire: Any) -> None:
    assert read(wire, 0) == []
    found = read(wire, 2)
    assert "word1 " in str([one.to_dict() for one in found])


@pytest.mark.parametrize("wire", server_wires(), ids=["chat", "responses", "anthropic"])
@pytest.mark.parametrize("error", [ModelBusy("slow down"), ModelOverQuota("no money")], ids=lambda e: e.code)
def test_our_own_client_reads_it_too(wire: Any, error: FerrataError) -> None:
    assert type(stream_error(wire.error(error))) is type(error)
