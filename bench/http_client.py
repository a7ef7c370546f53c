"""Calls a second of the HTTP client, alone and under a whole model, beside other clients that happen to be installed.

The endpoint runs in a process of its own and answers each request after the same time. The ways take turns. Prints for each
the calls a second by the clock and the processor time of this process a call; medians of the turns.
`python bench/http_client.py [--calls 10000] [--turns 5] [--seconds 0 0.05] [--at-once 64 256]`
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import time
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from flows_model import answering

from ferrata.catalog import Capabilities
from ferrata.clock import SystemClock
from ferrata.messages import ChatRequest, Message, Usage
from ferrata.providers import HttpClient, Surroundings, Timeouts, build_chat
from ferrata.settings import ModelSettings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    Call = Callable[[], Awaitable[object]]

SYSTEM = "You answer questions about orders of a small shop, in two sentences at most, from the articles alone. " * 3
BODY: dict[str, Any] = {
    "model": "small",
    "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "Where is order 17?"}],
    "max_tokens": 200,
}
HEADERS = {"authorization": "Bearer k"}


class Flat:
    """A price."""

    version = "bench"

    def cost(self, usage: Usage) -> float:
        return 1e-6 * usage.input_tokens + 4e-6 * usage.output_tokens


async def ferrata_http(url: str, _at_once: int) -> AsyncGenerator[Call]:
    async with HttpClient() as http:

        async def call() -> None:
            json.loads((await http.post(url, BODY, HEADERS, timeouts=Timeouts(), who="bench")).body)

        yield call


async def ferrata_model(url: str, _at_once: int) -> AsyncGenerator[Call]:
    async with HttpClient() as http:
        base = url.removesuffix("/chat/completions")
        declared = {"vendor": "openai-compatible", "model": "small", "url": base, "key": "${env:FERRATA_KEY}"}
        around = Surroundings(
            http=http,
            clock=SystemClock(),
            environment=lambda _name: "k",
            price=lambda _vendor, _model: Flat(),
            profile=lambda _vendor, _model: Capabilities(context=100_000),
            sink=lambda _call: None,
        )
        model = build_chat(ModelSettings.model_validate(declared), around)

        async def call() -> None:
            messages = (Message("system", SYSTEM), Message("user", "Where is order 17?"))
            await model.chat(ChatRequest(messages, max_tokens=200))

        yield call


async def aiohttp_client(url: str, at_once: int) -> AsyncGenerator[Call]:
    aiohttp: Any = import_module("aiohttp")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once)) as session:

        async def call() -> None:
            async with session.post(url, json=BODY, headers=HEADERS) as answer:
                await answer.json()

        yield call


async def httpx_client(url: str, at_once: int) -> AsyncGenerator[Call]:
    httpx: Any = import_module("httpx2")
    limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    async with httpx.AsyncClient(limits=limits, timeout=60, trust_env=False) as client:

        async def call() -> None:
            (await client.post(url, json=BODY, headers=HEADERS)).json()

        yield call


WAYS = {
    "Ferrata, HTTP alone": ("ferrata", ferrata_http),
    "Ferrata, a declared model": ("ferrata", ferrata_model),
    "aiohttp": ("aiohttp", aiohttp_client),
    "httpx2": ("httpx2", httpx_client),
}


async def measure(way: str, url: str, *, calls: int, at_once: int) -> tuple[float, float]:
    """Seconds by the clock and of the processor for so many calls."""
    opened = WAYS[way][1](url, at_once)
    call = await anext(opened)

    async def spend(number: int) -> None:
        todo = iter(range(number))

        async def work() -> None:
            for _ in todo:
                await call()

        await asyncio.gather(*(work() for _ in range(at_once)))

    await spend(2 * at_once)
    start, processor = time.perf_counter(), time.process_time()
    await spend(calls)
    took = time.perf_counter() - start, time.process_time() - processor
    await opened.aclose()
    return took


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--calls", type=int, default=10_000)
    options.add_argument("--turns", type=int, default=5)
    options.add_argument("--seconds", type=float, nargs="+", default=[0.0, 0.05], help="that the endpoint takes")
    options.add_argument("--at-once", type=int, nargs="+", default=[64, 256])
    options.add_argument("--uvloop", action="store_true", help="instead of the loop of asyncio")
    chosen = options.parse_args()
    run: Any = import_module("uvloop").run if chosen.uvloop else asyncio.run
    ways = [way for way, (package, _) in WAYS.items() if find_spec(package)]
    print(f"load {os.getloadavg()[0]:.1f}, loop of {'uvloop' if chosen.uvloop else 'asyncio'}")
    print("| client | an answer takes, s | at once | calls/s | processor, us a call |\n| --- | --- | --- | --- | --- |")
    for seconds in chosen.seconds:
        for at_once in chosen.at_once:
            took: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
            with answering(seconds) as url:
                for _ in range(chosen.turns):
                    for way in ways:
                        one = measure(way, f"{url}/chat/completions", calls=chosen.calls, at_once=at_once)
                        took[way].append(run(one))
            for way, turns in took.items():
                rate = statistics.median(chosen.calls / wall for wall, _ in turns)
                processor = statistics.median(cpu for _, cpu in turns) * 1e6 / chosen.calls
                print(f"| {way} | {seconds:g} | {at_once} | {rate:,.0f} | {processor:.0f} |", flush=True)
    print(f"load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
