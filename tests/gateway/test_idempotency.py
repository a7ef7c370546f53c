"""Requests that name themselves: once, in one process and in several, with the store there, slow and away."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrata.access import Claim, RememberedAnswers
from ferrata.clock import FrozenClock, SystemClock
from ferrata.errors import StoreUnavailable
from ferrata.gateway import (
    Idempotency,
    IdempotencyKeyInvalid,
    IdempotencyMismatch,
    IdempotencyRunning,
    Stored,
    Ticket,
    check_idempotency_key,
    request_digest,
    stored_bytes,
    stored_from,
)
from ferrata.messages import Usage
from ferrata.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ANSWER = Stored(200, ((b"content-type", b"application/json"),), b'{"ok":\n1}', usage=Usage(3, 4), model="m")


class Memory:
    """What remembers, in memory: away, slow, or there."""

    def __init__(self) -> None:
        self.claims: dict[tuple[str, str], tuple[str, str, bytes | None]] = {}
        self.away = False
        self.slow: threading.Event | None = None
        self.asked = 0
        self.number = 0

    def _answer(self) -> None:
        self.asked += 1
        if self.slow is not None:
            assert self.slow.wait(10)
        if self.away:
            raise StoreUnavailable("away")

    def claim(self, who: str, name: str, digest: str, *, seconds: float) -> Claim:
        self._answer()
        found = self.claims.get((who, name))
        if found is None:
            self.number += 1
            self.claims[who, name] = (digest, str(self.number), None)
            return Claim("mine", str(self.number))
        if found[0] != digest:
            return Claim("mismatch")
        return Claim("running", seconds=seconds) if found[2] is None else Claim("answered", answer=found[2])

    def keep(self, who: str, name: str, token: str, answer: bytes, *, seconds: float) -> bool:
        self._answer()
        assert seconds == 86_400
        found = self.claims.get((who, name))
        if found is None or found[1] != token:
            return False
        self.claims[who, name] = (found[0], token, answer)
        return True

    def release(self, who: str, name: str, token: str) -> None:
        self._answer()
        if self.claims.get((who, name), ("", "", b""))[1:] == (token, None):
            del self.claims[who, name]


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def made() -> Iterator[Callable[..., Idempotency]]:
    all_made: list[Idempotency] = []

    def make(remembered: object, **options: float) -> Idempotency:
        all_made.append(Idempotency(remembered, **options))  # pyright: ignore[reportArgumentType]
        return all_made[-1]

    yield make
    for one in all_made:
        one.close()


async def ticket(of: Idempotency, name: str = "n", digest: str = "d", seconds: float = 5.0) -> Ticket:
    got = await of.begin("k", name, digest, seconds=seconds)
    assert isinstance(got, Ticket)
    return got


async def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not what():
        assert time.monotonic() < end
        await asyncio.sleep(0.002)


def test_the_first_request_runs_and_the_others_get_its_answer(memory: Memory, made: Callable[..., Idempotency]) -> None:
    async def run() -> None:
        here, there = made(memory), made(memory)
        mine = await ticket(here)
        assert mine.kept
        waiting = [asyncio.create_task(here.begin("k", "n", "d", seconds=5)) for _ in range(3)]
        with pytest.raises(IdempotencyRunning, match="runs in another process") as caught:
            await there.begin("k", "n", "d", seconds=5)
        assert (caught.value.code, caught.value.status, caught.value.retry_after) == ("idempotency_running", 409, 2)
        for of in (here, there):
            with pytest.raises(IdempotencyMismatch) as wrong:
                await of.begin("k", "n", "other", seconds=5)
            assert (wrong.value.code, wrong.value.status) == ("idempotency_mismatch", 422)
        other = await of.begin("k2", "n", "other", seconds=5)
        assert isinstance(other, Ticket)
        other.abandon()
        assert not any(task.done() for task in waiting)
        assert await mine.finish(ANSWER)
        assert await asyncio.gather(*waiting) == [ANSWER] * 3
        assert await here.begin("k", "n", "d", seconds=5) == ANSWER
        assert await there.begin("k", "n", "d", seconds=5) == ANSWER
        with pytest.raises(IdempotencyMismatch):
            await there.begin("k", "n", "other", seconds=5)

    asyncio.run(run())


@pytest.mark.parametrize("status", [200, 201, 400, 404, 422])
def test_answers_below_500_are_kept(memory: Memory, made: Callable[..., Idempotency], status: int) -> None:
    async def run() -> None:
        here, there = made(memory), made(memory)
        answer = Stored(status, (), (b"data: 1\n\n", b"", b"data: 2\n\n"))
        assert await (await ticket(here)).finish(answer)
        assert await there.begin("k", "n", "d", seconds=5) == answer

    asyncio.run(run())


@pytest.mark.parametrize("status", [None, 408, 409, 425, 429, 500, 502, 503])
def test_after_a_call_without_an_answer_the_next_one_runs(
    memory: Memory, made: Callable[..., Idempotency], status: int | None
) -> None:
    async def run() -> None:
        here, there = made(memory), made(memory)
        mine = await ticket(here)
        waiting = [asyncio.create_task(here.begin("k", "n", "d", seconds=5)) for _ in range(2)]
        await asyncio.sleep(0)
        if status is None:
            mine.abandon()
        else:
            assert not await mine.finish(Stored(status, (), b"no"))
        assert not mine.kept
        assert not await mine.finish(ANSWER)  # too late
        await until(lambda: memory.number == 2)
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        (second,) = done
        got = second.result()
        assert isinstance(got, Ticket)
        assert await got.finish(ANSWER)
        assert [one for one in await asyncio.gather(*waiting) if one is not got] == [ANSWER]
        assert await there.begin("k", "n", "d", seconds=5) == ANSWER

    asyncio.run(run())


def test_who_waits_is_told_to_come_again_at_its_deadline_and_may_leave(
    memory: Memory, made: Callable[..., Idempotency]
) -> None:
    async def run() -> None:
        here = made(memory)
        mine = await ticket(here)
        leaves = asyncio.create_task(here.begin("k", "n", "d", seconds=5))
        stays = asyncio.create_task(here.begin("k", "n", "d", seconds=5))
        with pytest.raises(IdempotencyRunning, match="still runs"):
            await here.begin("k", "n", "d", seconds=0.01)
        leaves.cancel()
        await asyncio.sleep(0)
        assert await mine.finish(ANSWER)
        assert await stays == ANSWER
        assert leaves.cancelled() or leaves.cancelling()

    asyncio.run(run())


def test_without_the_store_requests_run_and_say_that_they_may_run_twice(
    memory: Memory, made: Callable[..., Idempotency]
) -> None:
    async def run() -> None:
        memory.away = True
        here, there = made(memory, pause=0.05), made(memory)
        mine = await ticket(here)
        assert not mine.kept
        waits = asyncio.create_task(here.begin("k", "n", "d", seconds=5))  # here it is still shared
        await asyncio.sleep(0)
        also = await ticket(there)
        assert not await mine.finish(ANSWER)
        assert await waits == ANSWER
        also.abandon()
        asked = memory.asked
        (await ticket(here)).abandon()
        assert memory.asked == asked  # it is left alone for a while
        memory.away = False
        await asyncio.sleep(0.06)
        back = await ticket(here)
        assert back.kept
        memory.away = True
        assert not await back.finish(ANSWER)
        assert not back.kept
        alone = made(None)
        assert not await (await ticket(alone)).finish(ANSWER)

    asyncio.run(run())


def test_a_store_that_does_not_answer_holds_nobody_up_and_a_late_claim_is_given_back(
    memory: Memory, made: Callable[..., Idempotency]
) -> None:
    async def run() -> None:
        memory.slow = threading.Event()
        here = made(memory, patience=0.03, pause=0.05)
        began = time.monotonic()
        mine = await ticket(here)
        assert not mine.kept
        assert 0.02 < time.monotonic() - began < 1
        mine.abandon()
        leaves = asyncio.create_task(made(memory).begin("k", "m", "d", seconds=5))
        await until(lambda: memory.asked == 2)
        leaves.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaves
        memory.slow.set()
        await until(lambda: memory.number == 2 and not memory.claims)

    asyncio.run(run())


def test_an_answer_that_is_too_long_is_not_kept(memory: Memory, made: Callable[..., Idempotency]) -> None:
    async def run() -> None:
        here = made(memory, most_bytes=10)
        mine = await ticket(here)
        assert mine.kept
        assert not await mine.finish(Stored(200, (), b"x" * 11))
        await until(lambda: not memory.claims)

    asyncio.run(run())


def test_a_client_that_leaves_while_its_answer_is_kept_loses_nothing(
    memory: Memory, made: Callable[..., Idempotency]
) -> None:
    async def run() -> None:
        here = made(memory)
        mine = await ticket(here)
        waits = asyncio.create_task(here.begin("k", "n", "d", seconds=5))
        memory.slow = threading.Event()
        ends = asyncio.create_task(mine.finish(ANSWER))
        await until(lambda: memory.asked == 2)
        ends.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ends
        assert await waits == ANSWER
        memory.slow.set()
        await until(lambda: memory.claims["k", "n"][2] is not None)
        assert await here.begin("k", "n", "d", seconds=5) == ANSWER

    asyncio.run(run())


def test_of_two_processes_one_runs(database_url: str, made: Callable[..., Idempotency]) -> None:
    """Each with a store of its own. All requests of a name get one and the same answer, however they are spread."""

    async def run(processes: list[Idempotency]) -> None:
        ran: list[str] = []

        async def client(number: int, name: str) -> Stored:
            while True:
                try:
                    got = await processes[number % 2].begin("k", name, "d", seconds=5)
                except IdempotencyRunning:
                    await asyncio.sleep(0.005)
                    continue
                if isinstance(got, Stored):
                    return got
                ran.append(name)
                await asyncio.sleep(0.005)
                answer = Stored(200, (), f"{name} {number}".encode())
                assert await got.finish(answer)
                return answer

        names = ["a", "b", "c"]
        for name in names:
            got = await asyncio.gather(*(client(number, name) for number in range(8)))
            assert len(set(got)) == 1
        assert ran == names

    with Store.open(database_url) as one, Store.open(database_url) as two:
        stores = [RememberedAnswers(s, SystemClock(), project="p", holder=h) for s, h in ((one, "1"), (two, "2"))]
        asyncio.run(run([made(remembered, patience=10) for remembered in stores]))


_DIES = """
import asyncio, os, signal, sys
from ferrata.access import RememberedAnswers
from ferrata.clock import FrozenClock, SystemClock
from ferrata.gateway import Idempotency, Ticket
from ferrata.store import Store
async def run():
    remembered = RememberedAnswers(Store.open(sys.argv[1]), SystemClock(), project="p", holder="dead")
    ticket = await Idempotency(remembered).begin("k", "n", "d", seconds=float(sys.argv[2]))
    assert isinstance(ticket, Ticket) and ticket.kept
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(run())
"""


def test_a_request_whose_process_was_killed_runs_again_when_its_claim_lapses(
    database_url: str, made: Callable[..., Idempotency]
) -> None:
    # Its deadline is now, and a claim lapses 15 s after it.
    ended = subprocess.run([sys.executable, "-c", _DIES, database_url, "0"], check=False, capture_output=True)
    assert ended.returncode == -9, ended.stderr

    async def run(store: Store) -> None:
        clock = FrozenClock(datetime.now(UTC))
        here = made(RememberedAnswers(store, clock, project="p", holder="alive"))
        with pytest.raises(IdempotencyRunning):
            await here.begin("k", "n", "d", seconds=5)
        clock.advance(timedelta(seconds=15))
        again = await here.begin("k", "n", "d", seconds=5)
        assert isinstance(again, Ticket) and again.kept
        assert await again.finish(ANSWER)

    with Store.open(database_url) as store:
        asyncio.run(run(store))


TEXT = st.binary(max_size=20)


@settings(max_examples=30)
@given(
    st.integers(100, 599),
    st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
    TEXT | st.lists(TEXT, max_size=4).map(tuple),
    st.none() | st.builds(Usage, st.integers(0, 9), st.integers(0, 9)),
    st.text(max_size=5).filter(lambda text: text.isprintable()),
    st.booleans(),
)
def test_answers_go_through_bytes_unchanged(
    status: int,
    headers: tuple[tuple[bytes, bytes], ...],
    body: bytes | tuple[bytes, ...],
    usage: Usage | None,
    model: str,
    called: bool,
) -> None:
    stored = Stored(status, headers, body, usage, model, called, not called)
    assert stored_from(stored_bytes(stored)) == stored


@pytest.mark.parametrize("header", ["a", "x" * 255, "8e03978e-40d5-43dd-bc93-6894a57f9324", '"quoted name"', "~ !"])
def test_what_is_a_name(header: str) -> None:
    assert check_idempotency_key(header) == header


@pytest.mark.parametrize("header", ["", "x" * 256, "a\n", "a\x00b", "é", "a\tb"])
def test_what_is_none(header: str) -> None:
    with pytest.raises(IdempotencyKeyInvalid) as caught:
        check_idempotency_key(header)
    assert (caught.value.code, caught.value.status) == ("idempotency_key_invalid", 400)


def test_a_digest_is_of_what_is_asked() -> None:
    body: dict[str, object] = {"model": "m", "messages": [{"role": "user", "content": "x"}], "n": 1}
    turned = orjson.loads(orjson.dumps(dict(reversed(body.items()))))
    assert request_digest("/a", body) == request_digest("/a", turned)
    others = [
        request_digest("/b", body),
        request_digest("/a", body | {"n": 1.0}),
        request_digest("/a", body | {"n": True}),
        request_digest("/a", body | {"user": "bob"}),
        request_digest("/a", body | {"stream": True}),
        request_digest("/a", body | {"n": 2**70}),
        request_digest("/a", body | {"n": "\ud83d"}),
    ]
    assert len({request_digest("/a", body), *others}) == len(others) + 1
