from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from asking import ask, read

from ferrata.clock import FrozenClock
from ferrata.errors import (
    ModelBusy,
    ModelDenied,
    ModelError,
    ModelOverQuota,
    ModelTimeout,
    ModelUnavailable,
    UsageError,
)
from ferrata.messages import ChatRequest, ChatResponse, Message, TokenLogprob, ToolCall, Usage
from ferrata.providers import (
    AnswerFile,
    Budget,
    Cache,
    Call,
    Deadline,
    FakeModel,
    Limit,
    Recording,
    Retry,
    assemble,
)
from ferrata.providers.wrappers.limit import Minute
from ferrata.telemetry import hear_waits


@dataclass
class Flat:
    """A price: so many dollars a token, in or out."""

    each: float | None = 0.01
    version: str = "test 1"

    def cost(self, usage: Usage) -> float | None:
        return None if self.each is None else self.each * (usage.input_tokens + usage.output_tokens)


class Sleeper:
    """Sleeps by moving its own clock."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.now = 100.0

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class Dying(FakeModel):
    """Breaks off a stream after so many pieces."""

    def __init__(self, pieces: int) -> None:
        super().__init__(["one two three"])
        self._pieces = pieces

    async def stream(self, request):
        number = 0
        async for chunk in super().stream(request):
            if number == self._pieces:
                raise ModelUnavailable("gone")
            number += 1
            yield chunk


async def both(model, request) -> list[ChatResponse | ModelError]:
    """What comes whole, and what comes in pieces."""
    found: list[ChatResponse | ModelError] = []
    for work in (model.chat(request), read(model, request)):
        try:
            got = await work
            found.append(assemble(got) if isinstance(got, list) else got)
        except ModelError as error:
            found.append(error)
    return found


WRAPPERS = {
    "deadline": lambda model, _: Deadline(model, 5),
    "retry": lambda model, _: Retry(model),
    "limit": lambda model, _: Limit(model, requests=1000, tokens=100_000),
    "cache": lambda model, path: Cache(model, AnswerFile(path / "a.db"), always=True),
    "budget": lambda model, _: Budget(model, Flat(), 1000),
    "recording": lambda model, _: Recording(model, lambda _: None, clock=FrozenClock(datetime.now(UTC))),
}


@pytest.mark.parametrize("make", WRAPPERS.values(), ids=WRAPPERS)
def test_a_wrapper_changes_neither_answers_nor_errors(make, tmp_path) -> None:
    plain = asyncio.run(FakeModel().chat(ask()))
    wrapped = make(FakeModel(), tmp_path)
    assert wrapped.name == "fake/echo"
    found = asyncio.run(both(wrapped, ask()))
    assert [replace(r, latency=0, first_token=None, cached=False) for r in found] == [plain, plain]
    failing = make(FakeModel([ModelDenied("no")]), tmp_path / "other")
    assert [type(error) for error in asyncio.run(both(failing, ask("another")))] == [ModelDenied] * 2


@pytest.mark.parametrize("make", WRAPPERS.values(), ids=WRAPPERS)
def test_giving_up_a_stream_closes_what_is_inside(make, tmp_path) -> None:
    closed: list[bool] = []

    class Watched(FakeModel):
        async def stream(self, request):
            try:
                async for chunk in super().stream(request):
                    yield chunk
            finally:
                closed.append(True)

    async def work() -> None:
        chunks = make(Watched(), tmp_path).stream(ask())
        await anext(chunks)
        await chunks.aclose()
        assert closed == [True]

    asyncio.run(work())


def test_deadline() -> None:
    slow = Deadline(FakeModel(["one two three"], delay=0.2), 0.1)
    start = time.monotonic()
    found = asyncio.run(both(slow, ask()))
    assert [type(error) for error in found] == [ModelTimeout] * 2
    assert "no whole answer within 0.1 s" in str(found[0])
    assert time.monotonic() - start < 2


def test_retry_waits_longer_each_time_and_by_chance() -> None:
    sleeper, bounds = Sleeper(), []

    def uniform(low: float, high: float) -> float:
        bounds.append((low, high))
        return high / 2

    model = FakeModel([ModelBusy("1"), ModelUnavailable("2"), ModelTimeout("3"), "done"])
    response = asyncio.run(Retry(model, 3, base=1, cap=3, sleep=sleeper, uniform=uniform).chat(ask()))
    assert response.text == "done"
    assert (bounds, sleeper.slept) == ([(0, 1), (0, 2), (0, 3)], [0.5, 1, 1.5])


def test_retry_waits_at_least_what_the_vendor_asks_for() -> None:
    sleeper = Sleeper()
    retry = Retry(FakeModel([ModelBusy("1", retry_after=7.5), "done"]), sleep=sleeper, uniform=lambda *_: 0.25)
    assert asyncio.run(retry.chat(ask())).text == "done"
    assert sleeper.slept == [7.75]


@pytest.mark.parametrize(
    ("errors", "tries"),
    [
        ([ModelDenied("no")], 1),
        ([ModelOverQuota("no")], 1),
        ([ModelBusy("no", retry_after=61)], 1),
        ([ModelBusy("no")], 3),
        ([ModelUnavailable("no"), ModelDenied("no")], 2),
    ],
)
def test_retry_gives_up(errors: list[ModelError], tries: int) -> None:
    model = FakeModel(errors)
    with pytest.raises(type(errors[-1])):
        asyncio.run(Retry(model, 2, sleep=Sleeper()).chat(ask()))
    assert len(model.requests) == tries


@pytest.mark.parametrize(("pieces", "tries"), [(0, 3), (1, 1)])
def test_a_stream_is_tried_again_before_its_first_piece_only(pieces: int, tries: int) -> None:
    model = Dying(pieces)
    with pytest.raises(ModelUnavailable):
        asyncio.run(read(Retry(model, 2, sleep=Sleeper()), ask()))
    assert len(model.requests) == tries


@pytest.mark.parametrize("most", [60, 7, 1])
def test_any_minute_holds_what_the_limit_says_with_256_at_a_time(most: int) -> None:
    now, turns = 0.0, list[float]()
    minute = Minute(most, lambda: now)
    for number in range(256):
        turns.append(now + minute.take(1)[0])
        now += 0.37 * (number % 5)
    assert max(sum(begin <= at < begin + 59.999 for at in turns) for begin in turns) == most
    assert turns[-1] <= (256 // most + 1) * 60 + now


def test_tokens_of_any_minute_hold_too_and_one_that_is_too_large_has_its_turn() -> None:
    now = 0.0
    minute = Minute(100, lambda: now)
    assert [minute.take(60)[0], minute.take(40)[0], minute.take(1)[0], minute.take(500)[0]] == [0, 0, 60, 120]
    now = 100.0
    assert minute.take(1)[0] == 80


def test_requests_that_wait_for_tokens_count_when_they_are_made() -> None:
    sleeper = Sleeper()
    sent: list[float] = []

    class Noting(FakeModel):
        async def chat(self, request: ChatRequest) -> ChatResponse:
            sent.append(sleeper.now)
            return await super().chat(request)

    limit = Limit(Noting(), requests=3, tokens=600, sleep=sleeper, now=lambda: sleeper.now)

    async def work() -> None:
        for tokens in (300, 500, 10, 10, 500, 10, 10, 10):
            await limit.chat(ask("", max_tokens=tokens - 4))

    asyncio.run(work())
    assert max(sum(begin <= at < begin + 60 for at in sent) for begin in sent) == 3


def test_the_wait_for_a_turn_is_no_part_of_the_answers_time() -> None:
    async def later(_: float) -> None:
        await asyncio.sleep(0.2)

    model = Deadline(Limit(FakeModel(), requests=1, sleep=later), 0.1)
    waits: list[float] = []

    async def work() -> None:
        with hear_waits(waits.append):
            assert (await model.chat(ask())).text
            assert (await model.chat(ask())).text
            assert len(await read(model, ask())) > 0

    asyncio.run(work())
    assert waits == [pytest.approx(60, abs=1), pytest.approx(120, abs=1)]


def test_tokens_are_reserved_and_corrected() -> None:
    sleeper = Sleeper()
    used = ChatResponse("", "m", Message("assistant", "x"), usage=Usage(10, 10))
    limit = Limit(FakeModel([used]), tokens=600, sleep=sleeper, now=lambda: sleeper.now)

    async def work() -> None:
        for _ in range(15):
            assert await limit.chat(ask("x" * 400, max_tokens=186)) == used  # reserves 290

    asyncio.run(work())
    assert sum(sleeper.slept) == 0
    assert len(asyncio.run(read(limit, ask("x" * 400, max_tokens=486)))) == 2
    # 300 were used and 590 are asked for: more than a minute's 600.
    assert sleeper.slept == [60]


ANSWER = ChatResponse(
    "id", "m-1", Message("assistant", "Yes", tool_calls=(ToolCall("c", "f", "{}"),)), "tool_calls", Usage(5, 4, 3, 2, 1)
)
ANSWER = replace(ANSWER, logprobs=(TokenLogprob("Yes", -0.1, (("Yes", -0.1), ("No", -3.0))),))


def test_the_cache_answers_what_would_be_the_same_again(tmp_path) -> None:
    model = FakeModel([ANSWER])
    cache = Cache(model, AnswerFile(tmp_path / "a.db"))
    same = ask(temperature=0)
    first, again = asyncio.run(cache.chat(same)), asyncio.run(cache.chat(same))
    assert (first, replace(again, latency=0)) == (ANSWER, replace(ANSWER, cached=True))
    assert assemble(asyncio.run(read(cache, same))) == replace(ANSWER, cached=True)
    assert len(model.requests) == 1
    for other in (ask(temperature=0, seed=1), ask("x", temperature=0), ask(temperature=0, max_tokens=5), ask(), ask()):
        assert not asyncio.run(cache.chat(other)).cached
    assert len(model.requests) == 6


def test_the_cache_keeps_a_stream_once_it_is_whole(tmp_path) -> None:
    file = AnswerFile(tmp_path / "a.db")
    with pytest.raises(ModelUnavailable):
        asyncio.run(read(Cache(Dying(2), file, always=True), ask()))
    model = FakeModel(["two words"])
    cache = Cache(model, file, always=True)
    first = asyncio.run(read(cache, ask()))
    again = asyncio.run(read(cache, ask()))
    assert assemble(again) == replace(assemble(first), cached=True)
    assert len(model.requests) == 1


@pytest.mark.parametrize("change", [{"name": "fake/other"}, {"salt": "http://other"}])
def test_the_cache_tells_models_and_places_apart(tmp_path, change: dict[str, str]) -> None:
    file = AnswerFile(tmp_path / "a.db")
    asyncio.run(Cache(FakeModel(), file, always=True).chat(ask()))
    other = Cache(FakeModel(name=change.get("name", "fake/echo")), file, always=True, salt=change.get("salt", ""))
    assert not asyncio.run(other.chat(ask())).cached


def test_what_a_filter_stopped_is_not_kept(tmp_path) -> None:
    stopped = replace(ANSWER, finish="content_filter")
    cache = Cache(FakeModel([stopped]), AnswerFile(tmp_path / "a.db"), always=True)
    assert not any(asyncio.run(cache.chat(ask())).cached for _ in range(2))


@pytest.mark.parametrize("broken", ["folder", "text", "row"])
def test_a_cache_that_cannot_be_used_is_no_cache(tmp_path, broken: str) -> None:
    path = tmp_path / "a.db"
    if broken == "folder":
        path.mkdir()
    elif broken == "text":
        path.write_text("no database " * 100)
    else:
        file = AnswerFile(path)
        asyncio.run(Cache(FakeModel(), file, always=True).chat(ask()))
        file.close()
        with sqlite3.connect(path) as db:
            db.execute("UPDATE answer SET response = '[1'")
        db.close()
    file = AnswerFile(path)
    assert asyncio.run(Cache(FakeModel(["fresh"]), file, always=True).chat(ask())).text == "fresh"
    file.close()


def test_two_processes_may_use_the_cache(tmp_path) -> None:
    one, two = (Cache(FakeModel(), AnswerFile(tmp_path / "a.db"), always=True) for _ in range(2))
    asyncio.run(one.chat(ask()))
    assert asyncio.run(two.chat(ask())).cached


def test_the_budget_refuses_before_the_money_is_spent() -> None:
    used = ChatResponse("", "m", Message("assistant", "x"), usage=Usage(10, 40))
    model = FakeModel([used])
    budget = Budget(model, Flat(0.01), 1.2)
    request = ask("x" * 40, max_tokens=36)  # 14 + 36 tokens, 0.50 USD
    asyncio.run(budget.chat(request))
    asyncio.run(read(budget, request))
    assert budget.spent == pytest.approx(1.0)
    with pytest.raises(
        ModelOverQuota, match=r"budget of 1.2 USD .* 1 USD are spent, and this request may cost 0.5 USD"
    ):
        asyncio.run(budget.chat(request))
    assert len(model.requests) == 2


def test_requests_at_the_same_time_do_not_overrun_the_budget() -> None:
    budget = Budget(FakeModel(["x"], delay=0.01), Flat(0.01), 1.2)

    async def work() -> list[object]:
        request = ask("x" * 40, max_tokens=36)
        return await asyncio.gather(*(budget.chat(request) for _ in range(5)), return_exceptions=True)

    found = asyncio.run(work())
    assert [type(one) for one in found] == [ChatResponse] * 2 + [ModelOverQuota] * 3


def test_failures_cost_nothing_and_streams_given_up_cost_what_was_expected() -> None:
    budget = Budget(FakeModel([ModelBusy("no"), "one two"]), Flat(0.01), 10)
    with pytest.raises(ModelBusy):
        asyncio.run(budget.chat(ask()))
    assert budget.spent == 0

    async def work() -> None:
        chunks = budget.stream(ask("x" * 40, max_tokens=36))
        await anext(chunks)
        await chunks.aclose()

    asyncio.run(work())
    assert budget.spent == pytest.approx(0.5)


@pytest.mark.parametrize("price", [None, Flat(None)])
def test_a_budget_needs_a_price(price) -> None:
    with pytest.raises(UsageError, match="'fake/echo' has a budget and no known price"):
        Budget(FakeModel(), price, 1)


def recorded(model, work) -> list[Call]:
    calls: list[Call] = []
    clock = FrozenClock(datetime(2026, 3, 1, tzinfo=UTC))
    recording = Recording(model, calls.append, clock=clock, price=Flat(0.01))
    try:
        asyncio.run(work(recording))
    except (ModelError, asyncio.CancelledError):
        pass
    return calls


def test_calls_are_recorded_with_their_cost() -> None:
    (call,) = recorded(FakeModel(), lambda model: model.chat(ask("one two")))
    assert (call.model, call.at.year, call.streamed, call.error) == ("fake/echo", 2026, False, None)
    assert (call.response.text, call.cost, call.price_version) == ("one two", 0.04, "test 1")
    (call,) = recorded(FakeModel(), lambda model: read(model, ask("one two")))
    assert (call.response.text, call.cost, call.streamed) == ("one two", 0.04, True)
    assert 0 <= call.response.first_token <= call.response.latency <= call.seconds


def test_what_the_cache_answers_costs_nothing(tmp_path) -> None:
    cache = Cache(FakeModel(), AnswerFile(tmp_path / "a.db"), always=True)
    asyncio.run(cache.chat(ask()))
    assert [recorded(cache, lambda m: m.chat(ask()))[0].cost, recorded(cache, lambda m: read(m, ask()))[0].cost] == [
        0,
        0,
    ]


def test_failures_are_recorded_whatever_they_are() -> None:
    async def give_up(model) -> None:
        chunks = model.stream(ask())
        await anext(chunks)
        await chunks.aclose()

    async def cancel(model) -> None:
        task = asyncio.ensure_future(model.chat(ask()))
        await asyncio.sleep(0.01)
        task.cancel()
        await task

    slow = FakeModel(delay=5)
    found = [
        recorded(FakeModel([ModelBusy("no")]), lambda model: model.chat(ask())),
        recorded(Dying(1), lambda model: read(model, ask())),
        recorded(FakeModel(), give_up),
        recorded(slow, cancel),
    ]
    assert [[type(call.error).__name__ for call in calls] for calls in found] == [
        ["ModelBusy"], ["ModelUnavailable"], ["GeneratorExit"], ["CancelledError"]
    ]  # fmt: skip
    assert all(call.response is None and call.cost is None for calls in found for call in calls)


def test_a_sink_that_fails_costs_its_record_only(caplog: pytest.LogCaptureFixture) -> None:
    def sink(_call: Call) -> None:
        raise OSError("disk full")

    model = Recording(FakeModel(), sink, clock=FrozenClock(datetime.now(UTC)))
    with caplog.at_level(logging.WARNING, "ferrata"):
        assert asyncio.run(model.chat(ask("hi"))).text == "hi"
    assert "a call of fake/echo was not recorded" in caplog.text
