"""Places, queues and the shedding of load, on an event loop whose time stands still until it is told to go on."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ferrata.gateway import Doorway, Overloaded, Places, QueueFull, QueueTimeout, give_back, take_all, take_now

if TYPE_CHECKING:
    from collections.abc import Iterator


class StillLoop(asyncio.SelectorEventLoop):
    """An event loop with a clock of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def turn(self, times: int = 6) -> None:
        """Run what is ready, and what that makes ready."""
        for _ in range(times):
            self.call_soon(self.stop)
            self.run_forever()

    def forward(self, seconds: float) -> None:
        self.now += seconds
        self.turn()


@pytest.fixture
def loop() -> Iterator[StillLoop]:
    made = StillLoop()
    yield made
    made.close()


def outcome(task: asyncio.Task[None]) -> str:
    if not task.done():
        return "waits"
    if task.cancelled():
        return "cancelled"
    return "in" if task.exception() is None else type(task.exception()).__name__


def test_places_go_to_those_who_wait_in_their_order(loop: StillLoop) -> None:
    places = Places(1, queue=2, seconds=5.0)
    assert places.take_now()
    assert not places.take_now()
    first, second = loop.create_task(places.take()), loop.create_task(places.take())
    loop.turn()
    assert (places.taken, places.waiting) == (1, 2)
    loop.now = 2.5
    third = loop.create_task(places.take())
    loop.turn()
    error = third.exception()
    assert isinstance(error, QueueFull)
    assert (error.code, error.status, error.retry_after) == ("queue_full", 429, 3)
    assert error.message == "1 calls at once run already, and 2 wait"
    places.give()
    assert not places.take_now()  # the place is the first one's, though it has not run yet
    loop.turn()
    assert [outcome(task) for task in (first, second)] == ["in", "waits"]
    places.give()
    loop.turn()
    assert [outcome(task) for task in (first, second)] == ["in", "in"]
    places.give()
    assert (places.taken, places.waiting) == (0, 0)


@pytest.mark.parametrize(("left", "waited"), [(None, 5.0), (9.0, 5.0), (2.0, 2.0), (0.0, 0.0)])
def test_nobody_waits_longer_than_the_queue_and_the_call_allow(
    loop: StillLoop, left: float | None, waited: float
) -> None:
    places = Places(1, queue=2, seconds=5.0)
    assert places.take_now()
    task = loop.create_task(places.take(left))
    loop.turn()
    if waited:
        loop.forward(waited - 0.01)
        assert outcome(task) == "waits"
        loop.forward(0.01)
    error = task.exception()
    assert isinstance(error, QueueTimeout)
    assert (error.code, error.status, error.retry_after) == ("queue_timeout", 429, max(1, waited))
    assert (places.taken, places.waiting) == (1, 0)


def test_a_queue_of_none_refuses_at_once(loop: StillLoop) -> None:
    places = Places(1, queue=0)
    assert places.take_now()
    with pytest.raises(QueueFull) as caught:
        loop.run_until_complete(places.take())
    assert caught.value.retry_after == 1


def test_a_place_handed_to_one_who_leaves_at_that_moment_goes_on(loop: StillLoop) -> None:
    places = Places(1)
    assert places.take_now()
    first, second = loop.create_task(places.take()), loop.create_task(places.take())
    loop.turn()
    places.give()  # the first has it, and has not run yet
    first.cancel()
    loop.turn()
    assert [outcome(task) for task in (first, second)] == ["cancelled", "in"]
    assert (places.taken, places.waiting) == (1, 0)


def test_several_scopes_are_taken_all_or_none(loop: StillLoop) -> None:
    key, endpoint = Places(2), Places(1, seconds=1.0)
    both = (key, endpoint)
    assert take_now(both)
    assert not take_now(both)
    assert (key.taken, endpoint.taken) == (1, 1)
    late, gone = loop.create_task(take_all(both)), loop.create_task(take_all(both, 0.5))
    loop.turn()
    assert (key.taken, endpoint.taken, endpoint.waiting, key.waiting) == (2, 1, 1, 1)
    loop.forward(0.5)
    assert [outcome(task) for task in (late, gone)] == ["waits", "QueueTimeout"]
    loop.forward(0.5)
    assert outcome(late) == "QueueTimeout"
    assert (key.taken, endpoint.taken) == (1, 1)
    left = loop.create_task(take_all(both))
    loop.turn()
    left.cancel()
    loop.turn()
    assert (key.taken, endpoint.taken, endpoint.waiting) == (1, 1, 0)
    comes = loop.create_task(take_all(both))
    loop.turn()
    give_back(both)
    loop.turn()
    assert (outcome(comes), key.taken, endpoint.taken) == ("in", 1, 1)


class Queueing(RuleBasedStateMachine):
    """Whatever comes, leaves, waits too long or is resized: nobody waits beside a free place, and none is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = StillLoop()
        self.limit, self.queue = 2, 3
        self.places = Places(self.limit, self.queue, 10.0)
        self.waiting: list[asyncio.Task[None]] = []
        self.inside = 0

    def settle(self, *, leaving: set[asyncio.Task[None]] | None = None) -> None:
        """Run the loop; then look who got in, and that nobody got in before one who came earlier."""
        self.loop.turn()
        came = [task for task in self.waiting if outcome(task) == "in"]
        still = [task for task in self.waiting if outcome(task) == "waits"]
        if came and still:
            assert max(map(self.waiting.index, came)) < min(map(self.waiting.index, still))
        for task in self.waiting:
            if outcome(task) == "cancelled":
                assert leaving and task in leaving
        self.inside += len(came)
        self.waiting = still

    @rule(at_once=st.integers(1, 3))
    def come(self, at_once: int) -> None:
        room = max(0, self.limit - self.inside) + max(0, self.queue - len(self.waiting))
        tasks = [self.loop.create_task(self.places.take()) for _ in range(at_once)]
        self.loop.turn()
        refused = [task for task in tasks if outcome(task) == "QueueFull"]
        assert len(refused) == max(0, at_once - room)
        self.waiting += [task for task in tasks if task not in refused]
        self.settle()

    @rule()
    def come_quickly(self) -> None:
        free = self.inside < self.limit
        assert self.places.take_now() == free
        self.inside += free

    @precondition(lambda self: self.inside)
    @rule(data=st.data())
    def go(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(1, self.inside))
        for _ in range(number):
            self.places.give()
        self.inside -= number
        self.settle()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        task = data.draw(st.sampled_from(self.waiting))
        task.cancel()
        self.settle(leaving={task})

    @precondition(lambda self: self.waiting and self.inside)
    @rule(data=st.data(), first=st.booleans(), late=st.booleans())
    def go_while_others_leave(self, data: st.DataObject, *, first: bool, late: bool) -> None:
        """At one moment: a place comes free, some who wait for it leave, and time is over for the others."""
        leaving = set(data.draw(st.lists(st.sampled_from(self.waiting), unique=True, min_size=1)))
        if first:
            self.places.give()
        for task in leaving:
            task.cancel()
        if not first:
            self.places.give()
        self.inside -= 1
        if late:
            self.loop.now += 10.0
        self.settle(leaving=leaving)

    @rule(seconds=st.sampled_from([0.0, 3.0, 10.0]))
    def wait(self, seconds: float) -> None:
        self.loop.forward(seconds)
        if seconds == 10.0:
            assert {outcome(task) for task in self.waiting} <= {"QueueTimeout"}
        self.settle()

    @rule(limit=st.integers(1, 4), queue=st.integers(0, 4))
    def resize(self, limit: int, queue: int) -> None:
        self.places.resize(limit, queue, 10.0)
        self.limit, self.queue = limit, queue
        self.settle()

    @invariant()
    def nobody_waits_beside_a_free_place(self) -> None:
        assert self.places.taken == self.inside
        assert self.places.waiting == len(self.waiting)
        assert not self.waiting or self.inside >= self.limit

    def teardown(self) -> None:
        for _ in range(self.inside):
            self.places.give()
        self.inside = 0
        for _ in range(20):
            self.settle()
            for _ in range(self.inside):
                self.places.give()
            self.inside = 0
        assert (self.waiting, self.places.taken, self.places.waiting) == ([], 0, 0)
        assert asyncio.all_tasks(self.loop) == set()
        self.loop.close()


Queueing.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestQueueing = Queueing.TestCase


def test_a_process_lets_so_many_in() -> None:
    door = Doorway(2)
    door.enter()
    door.enter()
    with pytest.raises(Overloaded, match="2 calls run already") as caught:
        door.enter()
    assert (caught.value.code, caught.value.status, caught.value.retry_after) == ("overloaded", 503, 1)
    door.leave()
    door.enter()
    door.resize(3)
    door.enter()
    assert door.inside == 3


def lag_for(loop: StillLoop, late: float, seconds: float) -> None:
    """Turns of the loop that each come so late, for so long."""
    end = loop.now + seconds
    while loop.now < end:
        loop.now += 0.05 + late
        loop.turn(1)


def test_a_loop_that_lags_for_long_lets_nobody_in_until_it_keeps_up_again(loop: StillLoop) -> None:
    door = Doorway(10, most_lag=0.25, hold=1.0, period=0.05, tau=0.5)
    loop.call_soon(door.watch)
    loop.turn(1)
    door.enter()
    lag_for(loop, 0.2, 30)  # busy, but it keeps up
    assert not door.shedding and 0.19 < door.lag < 0.2001
    lag_for(loop, 1.5, 1.5)  # one long turn
    lag_for(loop, 0.0, 1.0)
    assert not door.shedding
    door.enter()
    lag_for(loop, 0.4, 4)
    assert door.shedding
    with pytest.raises(Overloaded, match=r"lags by 0\.\d\d s") as caught:
        door.enter()
    assert caught.value.retry_after == 1
    assert door.inside == 2
    door.leave()
    lag_for(loop, 0.2, 5)  # less, but not yet well
    assert door.shedding
    lag_for(loop, 0.0, 0.6)
    assert not door.shedding
    door.enter()
    lag_for(loop, 0.4, 4)
    door.stop()
    loop.forward(1)
    assert (door.shedding, door.lag) == (False, 0.0)


def test_the_lag_of_a_real_loop_is_seen() -> None:
    async def run() -> float:
        door = Doorway(1, period=0.01, tau=0.02)
        door.watch()
        for _ in range(10):
            time.sleep(0.03)
            await asyncio.sleep(0.001)
        lag = door.lag
        door.stop()
        return lag

    assert asyncio.run(run()) > 0.01
