from __future__ import annotations

import asyncio
import threading
from contextvars import ContextVar

import pytest

from ferrata.flows.background import each, stop_background, wait_for

word: ContextVar[str] = ContextVar("word", default="")


@pytest.fixture(autouse=True)
def ended():
    yield
    stop_background()


async def named() -> tuple[str, str]:
    await asyncio.sleep(0)
    return word.get(), threading.current_thread().name


def test_work_has_the_context_of_who_waits_and_runs_elsewhere() -> None:
    word.set("mine")
    assert wait_for(named()) == ("mine", "ferrata-models")
    assert wait_for(named(), on="flows") == ("mine", "ferrata-flows")


def test_an_exception_is_raised_where_it_is_waited_for() -> None:
    async def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        wait_for(fail())


def test_nobody_waits_for_himself() -> None:
    async def outer() -> str:
        return wait_for(named())[1]

    assert wait_for(outer()) == "ferrata-models-within"


def test_each_item_and_the_end() -> None:
    closed: list[bool] = []

    async def letters():
        for letter in "abc":
            yield letter

    async def close() -> None:
        closed.append(True)

    assert [*each(letters(), close)] == ["a", "b", "c"]
    given_up = each(letters(), close)
    assert next(given_up) == "a"
    given_up.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert closed == [True, True]


def test_it_can_be_stopped_and_begins_anew() -> None:
    before = threading.active_count()
    wait_for(named())
    stop_background()
    assert threading.active_count() == before
    assert wait_for(named())[1] == "ferrata-models"
