from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.providers import AnswerFile, FakeServer, HttpClient

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as running:
        yield running


@pytest.fixture(autouse=True)
def no_answers_stay_open(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Files of remembered answers that a test opens are closed at its end: newer Pythons warn of databases left open."""
    opened: list[AnswerFile] = []
    begin = AnswerFile.__init__

    def noted(file: AnswerFile, path: Path) -> None:
        begin(file, path)
        opened.append(file)

    monkeypatch.setattr(AnswerFile, "__init__", noted)
    yield
    for file in opened:
        file.close()


@pytest.fixture
def run() -> Callable[..., Any]:
    """Runs what is asynchronous, with an HTTP client that is closed at the end."""

    def runner(work: Callable[[HttpClient], Coroutine[Any, Any, Any]]) -> Any:
        async def main() -> Any:
            async with HttpClient() as http:
                return await work(http)

        return asyncio.run(main())

    return runner
