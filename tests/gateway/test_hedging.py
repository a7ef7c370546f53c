from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from acting import Stage
from hypothesis import given, settings
from hypothesis import strategies as st
from virtual_time import run

from ferrata.errors import ModelBusy, ModelError, ModelRequestInvalid, ModelTimeout, ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

DOWN = ModelUnavailable("down")


def test_the_second_route_is_asked_after_a_while_and_the_first_answer_wins() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(9.0, "slow")], "b": [(2.0, "quick")]}, hedge=1.0)
        found = await stage.call()
        assert (found.answer, found.route.name, found.attempts, clock()) == ("quick", "b", 2, 3.0)
        assert stage.asked == [("a", 0.0), ("b", 1.0)]
        assert stage.log == [("a", "hedged", 3.0, "")]
        for _ in range(3):
            await asyncio.sleep(0)
        assert stage.ended == {"answered": 1, "cancelled": 1}
        assert stage.by_name["a"].breaker.state == "closed"
        assert stage.at_rest()

    run(main)


def test_a_quick_first_answer_asks_nobody_else() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(0.9, "first")], "b": [(0.0, "second")]}, hedge=1.0)
        assert (await stage.call()).answer == "first"
        assert len(stage.asked) == 1

    run(main)


def test_the_first_may_still_win() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(2.0, "first")], "b": [(2.0, "second")]}, hedge=1.0)
        assert (await stage.call()).answer == "first"
        assert stage.log == [("b", "hedged", 1.0, "")]

    run(main)


def test_an_answer_that_comes_too_late_is_disposed_of() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(9.0, "slow")], "b": [(2.0, "quick")]}, hedge=1.0)
        stage.stubborn = True
        assert (await stage.call()).answer == "quick"
        for _ in range(5):
            await asyncio.sleep(0)
        assert stage.disposed == ["slow"]

    run(main)


def test_of_two_answers_at_once_one_is_disposed_of() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(2.0, "first")], "b": [(1.0, "second")]}, hedge=1.0)
        assert (await stage.call()).answer == "first"
        for _ in range(5):
            await asyncio.sleep(0)
        assert stage.disposed == ["second"]
        assert stage.at_rest()

    run(main)


@pytest.mark.parametrize("error", [DOWN, ModelRequestInvalid("unknown parameter"), ValueError("a bug")])
def test_an_error_of_one_leaves_the_other_running(error: Exception) -> None:
    async def main(clock: Callable[[], float]) -> None:
        for first, second in (((1.5, error), (3.0, "good")), ((3.0, "good"), (0.5, error))):
            stage = Stage(clock, {"a": [first], "b": [second]}, hedge=1.0)
            found = await stage.call()
            assert (found.answer, found.attempts) == ("good", 2)
            assert [tried.code for tried in stage.log] == [getattr(error, "code", "ValueError")]

    run(main)


def test_a_clients_fault_goes_before_other_errors() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(
            clock, {"a": [(2.0, ModelRequestInvalid("no"))], "b": [(2.0, DOWN)], "c": [(0.0, "x")]}, hedge=1.0
        )
        with pytest.raises(ModelRequestInvalid):
            await stage.call()
        assert len(stage.asked) == 2

    run(main)


def test_where_both_fail_it_goes_on_to_the_next() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(2.0, DOWN)], "b": [(2.0, DOWN)], "c": [(0.0, "x")]}, hedge=1.0, retries=0)
        found = await stage.call()
        assert (found.answer, found.attempts, clock()) == ("x", 3, 3.0)

    run(main)


def test_a_failure_before_the_second_is_asked_is_retried() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(0.5, DOWN), (0.1, "x")], "b": [(0.0, "y")]}, hedge=1.0)
        assert (await stage.call()).answer == "x"
        assert [name for name, _ in stage.asked] == ["a", "a"]

    run(main)


def test_a_single_route_is_hedged_by_nothing_and_uses_no_budget() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(5.0, "x")]}, hedge=1.0)
        assert (await stage.call()).answer == "x"
        assert stage.policy.budget.taken == 0

    run(main)


def test_slow_vendors_do_not_double_the_load() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(5.0, "x")], "b": [(5.0, "y")]}, hedge=1.0)
        await asyncio.gather(*(stage.call() for _ in range(400)))
        # 20 % of the calls and 10; what time adds is 0.1 a second.
        assert 400 + 10 <= len(stage.asked) <= 400 + 80 + 10 + 1
        assert stage.at_rest()

    run(main)


def test_the_deadline_ends_both() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(50.0, "x")], "b": [(50.0, "y")]}, hedge=1.0)
        with pytest.raises(ModelTimeout):
            await stage.call(within=10.0)
        assert clock() == pytest.approx(10.0, abs=0.06)
        assert stage.ended == {"cancelled": 2}
        assert [tried.code for tried in stage.log] == ["model_timeout"] * 2
        assert stage.at_rest()

    run(main)


def test_an_attempt_that_cancels_itself_has_failed() -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {"a": [(0.0, asyncio.CancelledError())], "b": [(0.0, "y")]}, hedge=1.0, retries=0)
        assert (await stage.call()).answer == "y"

    run(main)


OUTCOMES = st.tuples(
    st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, 4.0]),
    st.sampled_from(["x", DOWN, ModelBusy("b", retry_after=1.0), ModelRequestInvalid("r"), ModelTimeout("t")]),
)


@settings(max_examples=150)
@given(
    st.lists(st.lists(OUTCOMES, min_size=1, max_size=3), min_size=1, max_size=3),
    st.sampled_from([None, 0.5, 1.0]),
    st.sampled_from([None, 0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5]),
    st.booleans(),
    st.sampled_from([2.0, 3.0, 300.0]),
)
def test_nothing_is_left_over_whenever_the_client_leaves(
    scripts: list[list[tuple[float, object]]], hedge: float | None, leave: float | None, stubborn: bool, within: float
) -> None:
    async def main(clock: Callable[[], float]) -> None:
        stage = Stage(clock, {f"r{n}": script for n, script in enumerate(scripts)}, hedge=hedge)
        stage.stubborn = stubborn
        call = asyncio.create_task(stage.call(within=within))
        if leave is not None:
            await asyncio.sleep(leave)
            call.cancel()
        got = (await asyncio.gather(call, return_exceptions=True))[0]
        assert clock() <= max(within, leave or 0.0) + 0.06
        for _ in range(10):
            await asyncio.sleep(0)
        assert stage.at_rest()
        # Every opened answer is the client's or was disposed of. Without a race a stubborn attempt answers whom it was taken from.
        kept = [] if isinstance(got, BaseException) else [got.answer]
        assert len(stage.disposed) + len(kept) == stage.ended["answered"]
        if isinstance(got, BaseException):
            assert isinstance(got, (ModelError, asyncio.CancelledError))

    run(main)
