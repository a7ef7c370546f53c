from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferrata.errors import (
    ModelBadResponse,
    ModelBusy,
    ModelDenied,
    ModelError,
    ModelOverQuota,
    ModelRefused,
    ModelRequestInvalid,
    ModelTimeout,
    ModelUnavailable,
)
from ferrata.providers.failures import error_of, redact, retry_after_of

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def of_openai(message: str, code: str | None = None, kind: str = "x") -> bytes:
    return json.dumps({"error": {"message": message, "type": kind, "code": code}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (401, of_openai("bad key", "invalid_api_key"), ModelDenied, "denied access (status 401): bad key"),
        (403, b"", ModelDenied, "denied access (status 403)"),
        (429, of_openai("slow"), ModelBusy, "is busy (status 429): slow"),
        (429, of_openai("You exceeded your current quota", "insufficient_quota"), ModelOverQuota, "over its quota"),
        (400, b'{"type":"error","error":{"type":"x","message":"Your credit balance is too low"}}', ModelRequestInvalid, "credit"),
        (403, b'{"error":{"message":"credit balance is too low"}}', ModelOverQuota, "quota"),
        (402, b"{}", ModelOverQuota, "quota"),
        (529, b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', ModelBusy, "Overloaded"),
        (400, of_openai("filtered", "content_filter"), ModelRefused, "content filter"),
        (400, of_openai("Unknown parameter: 'temprature'."), ModelRequestInvalid, "'temprature'"),
        (404, b'[{"error": {"code": 404, "message": "no such model", "status": "NOT_FOUND"}}]', ModelRequestInvalid, "no such model"),
        (422, b'{"detail": "bad"}', ModelRequestInvalid, "bad"),
        (408, b"", ModelTimeout, "took too long"),
        (500, b"<html>", ModelUnavailable, "failed (status 500)"),
        (503, b'{"error": "loading"}', ModelUnavailable, "loading"),
        (404, b"<!doctype html>", ModelRequestInvalid, "refused"),
        (302, b"", ModelBadResponse, "(status 302)"),
        (418, b'{"message": "teapot"}', ModelRequestInvalid, "teapot"),
    ],
)  # fmt: skip
def test_failures(status: int, body: bytes, kind: type[ModelError], words: str) -> None:
    error = error_of(status, body, who="acme/small")
    assert type(error) is kind
    assert words in error.message
    assert error.message.startswith("acme/small ")


@given(status=st.integers(300, 599), body=st.binary(max_size=60) | st.builds(lambda v: json.dumps(v).encode(), st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda i: st.lists(i, max_size=2) | st.dictionaries(st.sampled_from(["error", "message", "code", "detail"]), i), max_leaves=6,
)))  # fmt: skip
def test_any_failure_is_one_of_ours(status: int, body: bytes) -> None:
    error = error_of(status, body, who="x")
    assert len(error.message) < 500
    assert "\n" not in error.message


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key provided: sk-abcdefgh12345678",
        "Incorrect API key provided: sk-abc*****678",
        "header Bearer abcdefgh.ijk",
        "key AIzaSyA1234567890",
        "you sent hunter22",
    ],
)
def test_no_key_is_repeated(text: str) -> None:
    found = redact(text, "hunter22")
    assert "***" in found
    assert not any(part in found for part in ("abcdefgh", "678", "AIza", "hunter22"))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "Sun, 01 Mar 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Sun, 01 Mar 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_of(headers.get, NOW) == seconds


# As vendors say it: OpenAI (with a field for the name), Anthropic, Google, Mistral, vLLM.
NAMED = [
    ('{"error": {"message": "Unsupported value: \'temperature\' does not support 0.2 with this model.", '
     '"type": "invalid_request_error", "param": "temperature", "code": "unsupported_value"}}', "temperature"),
    ('{"error": {"message": "Unrecognized request argument supplied: temprature", "type": "invalid_request_error", '
     '"param": null, "code": null}}', "temprature"),
    ('{"type": "error", "error": {"type": "invalid_request_error", "message": "temprature: Extra inputs are not permitted"}}',
     "temprature"),
    ('{"type": "error", "error": {"type": "invalid_request_error", "message": "`temperature` is deprecated for this model."}}',
     "temperature"),
    ('[{"error": {"code": 400, "message": "Invalid JSON payload received. Unknown name \\"temprature\\": Cannot find field.", '
     '"status": "INVALID_ARGUMENT"}}]', "temprature"),
    ('{"object": "error", "message": {"detail": [{"type": "extra_forbidden", "loc": ["body", "temprature"], '
     '"msg": "Extra inputs are not permitted"}]}, "type": "invalid_request_error"}', "temprature"),
    ('{"detail": [{"type": "extra_forbidden", "loc": ["body", "temprature"], "msg": "Extra inputs are not permitted"}]}',
     "temprature"),
    ('{"error": {"message": "no", "type": "x", "param": "tools[0].strict"}}', "tools[0].strict"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "name"), NAMED)
def test_an_unknown_parameter_is_named_with_the_way_out(body: str, name: str) -> None:
    error = error_of(422 if "detail" in body else 400, body.encode(), who="acme/small")
    assert type(error) is ModelRequestInvalid
    assert name in error.message
    assert f"leave {name!r} out of the request" in error.hint
    assert ("did you mean 'temperature'?" in error.hint) == (name == "temprature")
    assert "{" not in error.message


@pytest.mark.parametrize("name", ["<b>", "a b", "x" * 500, "1", ""])
def test_what_is_no_name_is_not_taken_for_one(name: str) -> None:
    error = error_of(400, json.dumps({"error": {"message": "bad", "param": name}}).encode(), who="acme/small")
    assert len(error.hint) < 250
    assert "<b>" not in error.hint
