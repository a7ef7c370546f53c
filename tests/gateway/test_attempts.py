from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from acting import Stage
from virtual_time import run

from ferrata.errors import (
    FerrataError,
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
from ferrata.gateway import Limits, run_attempts
from ferrata.gateway.refusals import UpstreamFailed

if TYPE_CHECKING:
    from collections.abc import Callable

DOWN = ModelUnavailable("vendor/model: connection refused by 10.0.0.7")


def names(stage: Stage) -> list[str]:
    return [name for name, _ in stage.asked]


def test_a_first_good_answer_takes_one_attempt_and_no_task() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(2.0, "hello")]})
        found = await stage.call()
        assert found == ("hello", stage.by_name["a"], 1, 2.0, [])
        assert stage.limits == [Limits(seconds=300.0, first_token=60.0, connect=5.0)]
        assert (stage.by_name["a"].latency, stage.by_name["a"].calls) == (2.0, 1)
        assert stage.at_rest()

        made = list[Any]()
        loop = asyncio.get_running_loop()
        loop.set_task_factory(lambda loop, coro: made.append(coro) or asyncio.Task(coro, loop=loop))  # type: ignore[func-returns-value]
        await stage.call()
        assert made == []

    run(main)


def test_the_same_route_is_asked_again_after_a_pause_and_then_the_next() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(1.0, DOWN)], "b": [(1.0, "hello")]}, retries=2)
        found = await stage.call()
        # Pauses are half of 0.2 and of 0.4 s here.
        assert stage.asked == [
            ("a", 0.0),
            ("a", pytest.approx(1.1)),
            ("a", pytest.approx(2.3)),
            ("b", pytest.approx(3.3)),
        ]
        assert (found.answer, found.route.name, found.attempts, found.seconds) == ("hello", "b", 4, pytest.approx(1.0))
        assert found.log is stage.log
        assert [(tried.route, tried.code, tried.seconds) for tried in stage.log] == [
            ("a", "model_unavailable", pytest.approx(1.0))
        ] * 3
        assert stage.log[0].detail == str(DOWN)
        assert stage.at_rest()

    run(main)


def test_what_the_vendor_asks_for_is_waited_for_where_it_fits() -> None:
    async def main(clock: Callable[[], float]) -> None:
        busy = ModelBusy("busy", retry_after=1.5)
        stage = Stage(clock, {"a": [(0.0, busy), (0.0, "hello")], "b": [(0.0, "other")]})
        assert (await stage.call()).answer == "hello"
        assert stage.asked[1] == ("a", pytest.approx(1.6))

        stage = Stage(clock, {"a": [(0.0, busy), (0.0, "hello")], "b": [(0.0, "other")]})
        start = clock()
        assert (await stage.call(within=1.55)).answer == "other"
        assert stage.asked == [("a", start), ("b", start)]

    run(main)


def test_a_long_wait_is_only_for_who_has_no_other_route() -> None:
    async def main(clock: Callable[[], float]) -> None:
        busy = ModelBusy("busy", retry_after=20.0)
        stage = Stage(clock, {"a": [(0.0, busy), (0.0, "hello")], "b": [(0.0, "other")]})
        assert (await stage.call()).answer == "other"
        assert clock() == 0.0
        stage = Stage(clock, {"a": [(0.0, busy), (0.0, "hello")]})
        assert (await stage.call()).answer == "hello"
        assert clock() == pytest.approx(20.1)

    run(main)


@pytest.mark.parametrize("kind", [ModelRequestInvalid, ModelRefused])
def test_the_clients_fault_ends_it_at_once(kind: type[ModelError]) -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(0.0, kind("no"))], "b": [(0.0, "hello")]}, breaker={"failures": 1})
        for _ in range(5):
            with pytest.raises(kind):
                await stage.call()
        assert names(stage) == ["a"] * 5
        assert stage.by_name["a"].breaker.state == "closed"
        assert stage.by_name["a"].failures == 0

    run(main)


@pytest.mark.parametrize("kind", [ModelDenied, ModelOverQuota, ModelError])
def test_what_does_not_pass_goes_to_the_next_route_at_once(kind: type[ModelError]) -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(0.0, kind("key sk-1"))], "f": [(0.0, "hello")]}, fallbacks=1, retries=3)
        assert (await stage.call()).route.name == "f"
        assert names(stage) == ["a", "f"]
        assert clock() == 0.0
        assert stage.by_name["a"].failures == (kind is not ModelError)

    run(main)


@pytest.mark.parametrize(
    "error",
    [
        kind(
            "vendor/model at 10.0.0.7 said: secret words",
            hint="look at https://vendor.example",
            request_id="r-1",
            said="",
        )
        for kind in (
            ModelError,
            ModelBusy,
            ModelTimeout,
            ModelUnavailable,
            ModelBadResponse,
            ModelDenied,
            ModelOverQuota,
            ModelRequestInvalid,
            ModelRefused,
        )
    ],
    ids=lambda error: error.code,
)
def test_clients_are_told_the_kind_and_nothing_of_what_lies_behind(error: ModelError) -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(0.0, error)], "f": [(0.0, error)]}, fallbacks=1)
        with pytest.raises(ModelError) as caught:
            await stage.call()
        told = caught.value
        ours = UpstreamFailed if type(error) in (ModelError, ModelDenied, ModelOverQuota) else type(error)
        assert type(told) is ours
        assert told.__cause__ is error
        assert "the endpoint 'chat'" in told.message
        assert told.hint
        for word in ("vendor/", "10.0", "secret", "example", "r-1"):
            assert word not in f"{told.message} {told.hint} {told.request_id}"
        assert {tried.detail for tried in stage.log} == {error.message}

    run(main)


def test_the_last_error_is_told_with_the_vendors_wait() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(0.0, DOWN)], "b": [(0.0, ModelBusy("x", retry_after=400.0))]}, retries=0)
        with pytest.raises(ModelBusy) as caught:
            await stage.call()
        assert caught.value.retry_after == 400.0

    run(main)


@pytest.mark.parametrize("error", [ValueError("a bug"), FerrataError("a flow failed")])
def test_other_errors_end_it_as_they_are(error: Exception) -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(0.0, error)], "b": [(0.0, "hello")]}, breaker={"failures": 1})
        with pytest.raises(type(error)) as caught:
            await stage.call()
        assert caught.value is error
        assert names(stage) == ["a"]
        assert stage.by_name["a"].breaker.state == "closed"
        assert stage.at_rest()
        assert stage.log == [("a", type(error).__name__, 0.0, str(error))]

    run(main)


def test_the_deadline_ends_an_attempt_that_does_not_keep_to_it() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(1000.0, "late")], "b": [(0.0, "hello")]}, breaker={"failures": 1})
        with pytest.raises(ModelTimeout) as caught:
            await stage.call()
        assert clock() == pytest.approx(300.0, abs=0.06)
        assert "'chat'" in caught.value.message
        assert stage.ended == {"cancelled": 1}
        assert stage.log == [("a", "model_timeout", pytest.approx(300.0, abs=0.06), "")]
        assert stage.by_name["a"].breaker.state == "open"
        assert stage.at_rest()
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        await asyncio.sleep(1)

    run(main)


def test_who_had_little_time_left_is_not_blamed_for_using_it_up() -> None:
    async def main(clock: Callable[[], float]) -> None:
        late = ModelTimeout("late")
        stage = Stage(
            clock,
            {"a": [(9.0, late)], "b": [(1.0, late)]},
            retries=0,
            breaker={"failures": 1},
            timeouts={"first_token": 9, "total": 10},
        )
        with pytest.raises(ModelTimeout):
            await stage.call()
        assert stage.limits == [Limits(10.0, 9.0, 5.0), Limits(1.0, 1.0, 1.0)]
        assert stage.by_name["a"].breaker.state == "open"
        assert stage.by_name["b"].breaker.state == "closed"

    run(main)


def test_no_attempt_begins_after_the_deadline() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(0.0, "hello")]})
        with pytest.raises(ModelTimeout):
            await stage.call(within=0.0)
        assert stage.asked == []
        stage = Stage(clock, {"a": [(2.0, DOWN)], "b": [(0.0, "hello")]})
        with pytest.raises(ModelTimeout):
            await stage.call(within=1.0)
        assert names(stage) == ["a"]

    run(main)


def test_leaving_cancels_the_attempt() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(10.0, "hello")]}, breaker={"failures": 1})
        for seconds in (0.0, 1.0):
            call = asyncio.create_task(stage.call())
            await asyncio.sleep(seconds)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        assert stage.ended["cancelled"] == len(stage.asked)
        assert stage.by_name["a"].breaker.state == "closed"
        assert {tried.code for tried in stage.log} == {"cancelled"}
        assert stage.at_rest()

    run(main)


def test_leaving_during_a_pause_ends_it() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(0.0, ModelBusy("x", retry_after=10.0))]})
        call = asyncio.create_task(stage.call())
        await asyncio.sleep(5)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert names(stage) == ["a"]
        assert stage.at_rest()

    run(main)


def test_leaving_and_the_deadline_at_once_is_leaving() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(10.0, "hello")]})
        call = asyncio.create_task(stage.call(within=1.01))
        await asyncio.sleep(0.54)
        # The watch cancels, then the client leaves, before the task has had a turn.
        stage.policy.watch._look()  # pyright: ignore[reportPrivateUsage]
        assert call.cancelling() == 0
        await asyncio.sleep(0.48)
        stage.policy.watch._look()  # pyright: ignore[reportPrivateUsage]
        assert call.cancelling() == 1
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert stage.at_rest()

    run(main)


def test_an_open_breaker_is_passed_over_until_one_call_tries() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(
            clock, {"a": [(0.0, DOWN)] * 2 + [(1.0, "back")], "b": [(0.0, "hello")]}, retries=0, breaker={"failures": 2}
        )
        for _ in range(4):
            assert (await stage.call()).answer == "hello"
        assert names(stage) == ["a", "b", "a", "b", "b", "b"]
        await asyncio.sleep(10)
        several = await asyncio.gather(*(stage.call() for _ in range(5)))
        assert sorted(found.answer for found in several) == ["back"] + ["hello"] * 4
        assert (await stage.call()).answer == "back"

    run(main)


def test_when_all_are_open_the_call_fails_at_once_and_says_when_to_come_back() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(0.0, DOWN)], "f": [(3.0, DOWN)]}, fallbacks=1, retries=0, breaker={"failures": 1})
        with pytest.raises(ModelUnavailable):
            await stage.call()
        assert clock() == 3.0
        with pytest.raises(ModelUnavailable) as caught:
            await stage.call()
        # The first opened at 0 s for 10 s.
        assert caught.value.retry_after == pytest.approx(7.0)
        assert caught.value.hint == "try again in 7.0 s"
        assert "chat" in caught.value.message
        assert len(stage.asked) == 2
        assert stage.routes.wait(clock()) == pytest.approx(7.0)

    run(main)


def test_a_trial_that_the_client_leaves_lets_the_next_call_try() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(0.0, DOWN), (5.0, "back"), (0.0, "back")]}, retries=0, breaker={"failures": 1})
        with pytest.raises(ModelUnavailable):
            await stage.call()
        await asyncio.sleep(10)
        trial = asyncio.create_task(stage.call())
        await asyncio.sleep(1)
        trial.cancel()
        with pytest.raises(asyncio.CancelledError):
            await trial
        assert (await stage.call()).answer == "back"

    run(main)


def test_an_endpoint_without_routes_says_so() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(0.0, "hello")]})
        with pytest.raises(ModelUnavailable, match="no route"):
            await run_attempts(stage.policy, iter(()), stage.attempt, deadline=1.0, log=[])

    run(main)
