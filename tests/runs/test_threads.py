from __future__ import annotations

import asyncio
import threading

import pytest

from ferrata.runs import Threads


def test_a_hundred_calls_run_at_a_time() -> None:
    together = threading.Barrier(100)

    async def work() -> list[int]:
        threads = Threads()
        try:
            # Each waits for all others: were there fewer threads, none would ever be done.
            return await asyncio.gather(*(threads.run(lambda: together.wait(30)) for _ in range(100)))
        finally:
            threads.close()

    assert sorted(asyncio.run(work())) == list(range(100))


def test_what_is_over_the_limit_waits_its_turn() -> None:
    running, most, lock = 0, 0, threading.Lock()
    go = threading.Event()

    def call() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        go.wait(30)
        with lock:
            running -= 1

    async def work() -> None:
        threads = Threads(limit=2)
        try:
            calls = [asyncio.ensure_future(threads.run(call)) for _ in range(5)]
            await asyncio.sleep(0)
            go.set()
            await asyncio.gather(*calls)
        finally:
            threads.close()

    asyncio.run(work())
    assert most <= 2


@pytest.mark.parametrize("error", [StopIteration(), GeneratorExit()])
def test_what_an_await_would_swallow_comes_as_an_error(error: BaseException) -> None:
    def call() -> None:
        raise error

    async def main() -> None:
        threads = Threads()
        try:
            with pytest.raises(RuntimeError, match=type(error).__name__):
                await threads.run(call)
        finally:
            threads.close()

    asyncio.run(main())
