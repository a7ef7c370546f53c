"""What vendors say of usage, as their documentation shows it, into tokens counted once, and what they cost."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from asking import ask

from ferrata.catalog import Price, Rate
from ferrata.clock import FrozenClock
from ferrata.messages import Usage
from ferrata.providers import Access, HttpClient, Recording, RemoteModel
from ferrata.providers.wires import client_wires

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.providers import Call, FakeServer

CHAT = {"id": "c", "model": "m", "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop", "index": 0}]}
RESPONSES = {"id": "r", "model": "m", "status": "completed",
             "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}]}  # fmt: skip
MESSAGES = {"id": "a", "model": "m", "type": "message", "stop_reason": "end_turn",
            "content": [{"type": "text", "text": "Hi"}]}  # fmt: skip
CASES: list[tuple[str, dict[str, Any], dict[str, Any], Usage]] = [
    # OpenAI, prompt caching.
    ("openai-chat", CHAT, {
        "prompt_tokens": 2006, "completion_tokens": 300, "total_tokens": 2306,
        "prompt_tokens_details": {"cached_tokens": 1920},
        "completion_tokens_details": {"reasoning_tokens": 0, "accepted_prediction_tokens": 0},
    }, Usage(2006, 300, 1920)),
    # OpenAI, a model that reasons: within the completion.
    ("openai-chat", CHAT, {
        "prompt_tokens": 9, "completion_tokens": 474, "total_tokens": 483,
        "completion_tokens_details": {"reasoning_tokens": 448},
    }, Usage(9, 474, 0, 0, 448)),
    # xAI: beside the completion.
    ("openai-chat", CHAT, {
        "prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135,
        "prompt_tokens_details": {"cached_tokens": 6}, "completion_tokens_details": {"reasoning_tokens": 94},
    }, Usage(32, 103, 6, 0, 94)),
    # Google: in the total only.
    ("openai-chat", CHAT, {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 130}, Usage(10, 120, 0, 0, 100)),
    # DeepSeek's own names for its cache.
    ("openai-chat", CHAT, {
        "prompt_tokens": 50, "completion_tokens": 10, "total_tokens": 60,
        "prompt_cache_hit_tokens": 40, "prompt_cache_miss_tokens": 10,
    }, Usage(50, 10, 40)),
    ("openai-responses", RESPONSES, {
        "input_tokens": 75, "input_tokens_details": {"cached_tokens": 64}, "output_tokens": 1186,
        "output_tokens_details": {"reasoning_tokens": 1024}, "total_tokens": 1261,
    }, Usage(75, 1186, 64, 0, 1024)),
    # Anthropic counts what it wrote to its cache and read from it apart from the input.
    ("anthropic-messages", MESSAGES, {
        "cache_creation_input_tokens": 188086, "cache_read_input_tokens": 0, "input_tokens": 21, "output_tokens": 393,
    }, Usage(188107, 393, 0, 188086)),
    ("anthropic-messages", MESSAGES, {
        "cache_creation_input_tokens": 0, "cache_read_input_tokens": 188086, "input_tokens": 21, "output_tokens": 393,
    }, Usage(188107, 393, 188086)),
]  # fmt: skip
PRICE = Price("acme", "m", "test 1", Rate(1.0), Rate(10.0), cached_input=Rate(0.1), cache_write=Rate(1.25))


@pytest.mark.parametrize(("wire", "answer", "usage", "expected"), CASES)
def test_each_token_is_counted_and_paid_once(
    run: Callable[..., Any],
    server: FakeServer,
    wire: str,
    answer: dict[str, Any],
    usage: dict[str, Any],
    expected: Usage,
) -> None:
    calls: list[Call] = []

    async def work(http: HttpClient) -> None:
        model = RemoteModel("acme/m", "m", wire=client_wires()[wire], access=Access(server.url), http=http)
        clock = FrozenClock(datetime(2026, 3, 1, tzinfo=UTC))
        await Recording(model, calls.append, clock=clock, price=PRICE).chat(ask())

    server.answer(200, json.dumps({**answer, "usage": usage}).encode())
    run(work)
    (call,) = calls
    assert call.response is not None
    assert call.response.usage == expected
    plain = expected.input_tokens - expected.cached_tokens - expected.cache_write_tokens
    dollars = plain + 0.1 * expected.cached_tokens + 1.25 * expected.cache_write_tokens + 10 * expected.output_tokens
    assert call.cost == pytest.approx(dollars / 1e6)
    assert call.price_version == "test 1"


STREAMS = {
    "openai-chat": [
        ("", {"choices": [{"index": 0, "delta": {"content": "Hi"}}], "usage": None}),
        ("", {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
        ("", {"choices": [], "usage": CASES[0][2]}),
    ],
    "openai-responses": [
        ("", {"type": "response.output_text.delta", "delta": "Hi"}),
        ("", {"type": "response.completed", "response": {**RESPONSES, "usage": CASES[5][2]}}),
    ],
    # The counts in message_delta are totals: they replace those of message_start.
    "anthropic-messages": [
        ("message_start", {"type": "message_start", "message": {"id": "a", "model": "m", "usage": {
            "input_tokens": 21, "cache_creation_input_tokens": 188086, "cache_read_input_tokens": 0, "output_tokens": 1}}}),
        ("", {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}}),
        ("", {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 393}}),
        ("", {"type": "message_stop"}),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("wire", "expected"), [(c[0], c[3]) for c in (CASES[0], CASES[5], CASES[6])])
def test_a_stream_counts_the_same(wire: str, expected: Usage) -> None:
    reader = client_wires()[wire].reader()
    chunks = [chunk for event, data in STREAMS[wire] for chunk in reader.read(event, json.dumps(data))]
    assert [chunk.usage for chunk in [*chunks, *reader.end()] if chunk.usage is not None] == [expected]
