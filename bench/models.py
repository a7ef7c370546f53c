"""What a call through all wrappers costs beside the bare HTTP call and beside the openai package, on one fake endpoint.

The endpoint answers from memory in a process of its own. The four ways take turns, call by call, so that whatever else the
machine does falls on all of them. `python bench/models.py [--calls 2000] [--json]`
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import statistics
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import openai

from ferrata.catalog import Capabilities
from ferrata.clock import SystemClock
from ferrata.messages import ChatRequest, Message, Usage
from ferrata.providers import Access, AnswerFile, HttpClient, RemoteModel, Surroundings, Timeouts, build_chat
from ferrata.settings import ModelSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from multiprocessing.connection import Connection

ANSWER = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": "small-2026",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "The warranty lasts two years from the day of delivery. " * 5,
                },
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 60, "completion_tokens": 55, "total_tokens": 115},
    }
).encode()
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(ANSWER)
SYSTEM = "You answer questions about orders of a small shop, in two sentences at most, from the articles alone. " * 3


class Endpoint(asyncio.Protocol):
    """Answers every request with the same bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._data = b""

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, found, body = self._data.partition(b"\r\n\r\n")
        if found:
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            if len(body) >= int(lengths[0].split(b":")[1]):
                self._data = b""
                self._transport.write(HEAD + ANSWER)  # pyright: ignore[reportAttributeAccessIssue]


def serve(port: Connection) -> None:
    """Run the endpoint and say on which port."""

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Endpoint, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


class Flat:
    """A price."""

    version = "bench"

    def cost(self, usage: Usage) -> float:
        return 1e-6 * usage.input_tokens + 4e-6 * usage.output_tokens


async def measure(url: str, calls: int, folder: Path) -> dict[str, list[float]]:
    """Seconds of each call, by way."""
    answers = AnswerFile(folder / "answers.db")
    recorded: list[object] = []
    number = 0

    def request() -> ChatRequest:
        # Another text each time, so that the answer cache looks, finds nothing, and keeps the answer.
        nonlocal number
        number += 1
        return ChatRequest((Message("system", SYSTEM), Message("user", f"Question {number}?")), max_tokens=200)

    async with HttpClient() as http, openai.AsyncOpenAI(base_url=url, api_key="k", max_retries=2) as client:
        declared = ModelSettings.model_validate(
            {
                "vendor": "openai-compatible",
                "model": "small",
                "url": url,
                "key": "${env:FERRATA_KEY}",
                "parameters": {"temperature": 0},
                "limits": {"requests_per_minute": 10**9, "tokens_per_minute": 10**12},
                "cache": "deterministic",
                "budget": 1e9,
            }
        )
        around = Surroundings(
            http=http,
            clock=SystemClock(),
            environment=lambda _name: "k",
            price=lambda _vendor, _model: Flat(),
            profile=lambda _vendor, _model: Capabilities(context=100_000),
            sink=recorded.append,
            answers=lambda: answers,
        )
        wrapped = build_chat(declared, around)
        model = bare_model(url, http)
        headers = {"authorization": "Bearer k"}

        async def bare() -> None:
            asked = request()
            body = {"model": "small", "messages": [{"role": m.role, "content": m.content} for m in asked.messages]}
            answer = await http.post(f"{url}/chat/completions", body, headers, timeouts=Timeouts(), who="bench")
            json.loads(answer.body)

        async def package() -> None:
            asked = request()
            messages = [{"role": m.role, "content": m.content} for m in asked.messages]
            await client.chat.completions.create(model="small", messages=messages, max_tokens=200, temperature=0)  # pyright: ignore[reportArgumentType]

        ways: dict[str, Callable[[], Awaitable[object]]] = {
            "bare HTTP call": bare,
            "ferrata, no wrapper": lambda: model.chat(request()),
            "ferrata, all wrappers": lambda: wrapped.chat(request()),
            "openai package": package,
        }
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        order = list(ways.items())
        chance = random.Random(1)
        for turn in range(calls + 50):
            # A call right after the heaviest one finds the processor's caches cold: each way comes after each other.
            chance.shuffle(order)
            for way, call in order:
                start = perf_counter()
                await call()
                if turn >= 50:
                    seconds[way].append(perf_counter() - start)
        assert len(recorded) == calls + 50
        answers.close()
        return seconds


def bare_model(url: str, http: HttpClient) -> RemoteModel:
    """The model without anything around it."""
    from ferrata.providers.wires import client_wires

    return RemoteModel(
        "bench/small", "small", wire=client_wires()["openai-chat"], access=Access(url, key=lambda: "k"), http=http
    )


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser()
    options.add_argument("--calls", type=int, default=2000)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    process.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            seconds = asyncio.run(measure(f"http://127.0.0.1:{here.recv()}/v1", chosen.calls, Path(folder)))
    finally:
        process.terminate()
        process.join()
    medians = {way: statistics.median(values) * 1e6 for way, values in seconds.items()}
    base = medians["bare HTTP call"]
    if chosen.json:
        found = {"at": datetime.now(UTC).isoformat(), "calls": chosen.calls, "median_microseconds": medians}
        print(json.dumps(found))
        return
    print(f"median of {chosen.calls:,} calls, microseconds; over the bare call in brackets")
    for way, median in medians.items():
        print(f"  {way:<24}{median:8.0f}  ({median - base:+.0f})")


if __name__ == "__main__":
    main()
