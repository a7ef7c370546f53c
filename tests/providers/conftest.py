from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.providers import FakeServer, HttpClient

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator


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
