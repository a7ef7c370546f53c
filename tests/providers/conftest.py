from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.messages import ChatRequest, Message
from ferrata.providers import FakeServer, HttpClient

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from ferrata.messages import ChatChunk
    from ferrata.providers import ChatModel


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


@pytest.fixture
def run() -> Callable[..., Any]:
    """Runs what is asynchronous, with an HTTP client that is closed at the end."""

    def runner(work: Callable[[HttpClient], Coroutine[Any, Any, Any]]) -> Any:
        async def main() -> Any:
            async with HttpClient() as http:
                return await work(http)

        return asyncio.run(main())

    return runner


def ask(text: str = "How long is the warranty?", **more: Any) -> ChatRequest:
    return ChatRequest(messages=(Message("user", text),), **more)


async def read(model: ChatModel, request: ChatRequest) -> list[ChatChunk]:
    async with aclosing(model.stream(request)) as chunks:  # pyright: ignore[reportArgumentType]
        return [chunk async for chunk in chunks]
