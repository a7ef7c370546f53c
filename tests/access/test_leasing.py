"""A process's meters, supplied from the store beside its calls, on good days and bad ones."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferrata.access import (
    Allowance,
    Atoms,
    BudgetExceeded,
    BudgetUnknown,
    Leases,
    Leasing,
    Meters,
    NeedsLease,
    OverLimit,
    RateLimited,
    atoms_of,
    window_at,
)
from ferrata.errors import StoreUnavailable
from ferrata.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ferrata.access import Grant, Want

NOON = 1_772_366_400.0
LIMITS = {"minute": 60, "day": 400}


class Lessor:
    """The store's side, where the store may be `away`, or do what it is asked and lose the answer (`lost`)."""

    def __init__(self, leases: Leases) -> None:
        self.leases = leases
        self.state = "well"
        self.asked: list[list[Want]] = []
        self.tidied = 0
        self.goes_on = threading.Event()
        self.goes_on.set()

    def take(self, wants: Sequence[Want], *, now: float) -> list[Grant]:
        self.asked.append(list(wants))
        assert self.goes_on.wait(20)
        if self.state == "away":
            raise StoreUnavailable("gone")
        grants = self.leases.take(wants, now=now)
        if self.state == "lost":
            raise StoreUnavailable("gone before it answered")
        return grants

    def tidy(self, *, now: float) -> None:
        self.tidied += 1
        self.leases.tidy(now=now)


class Holder:
    """A process with two meters of one scope: requests by the minute and by the day."""

    def __init__(self, store: Store, name: str, *, project: str = "bot", limits: dict[str, int] = LIMITS, **given: Any):
        self.name = name
        self.at = NOON
        self.meters = Meters()
        self.lessor = Lessor(Leases(store, project=project, holder=name))
        given = {"pauses": 0, "patience": 20.0, **given}
        self.leasing = Leasing(self.meters, self.lessor, now=lambda: self.at, **given)
        allowances = tuple(Allowance("requests", window, amount) for window, amount in limits.items())  # pyright: ignore[reportArgumentType]
        self.found = self.meters.of("call", lambda: [("project", allowances)])
        self.lines: list[Any] = []

    async def call(self, need: Atoms) -> tuple[Any, float]:
        outcome = self.meters.admit(self.found, need, self.at)
        if isinstance(outcome, NeedsLease):
            return await self.leasing.admit(self.found, need)
        return outcome, self.at

    async def calls(self, amount: int) -> list[Any]:
        """What refused each of so many calls; None for one that was let in, and is over."""
        refused: list[Any] = []
        for _ in range(amount):
            outcome, at = await self.call(atoms_of())
            refused.append(outcome)
            if outcome is None:
                self.lines += self.meters.settle(self.found, atoms_of(), atoms_of(), at)
        return refused


@pytest.fixture
def file_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path_factory.mktemp('leasing')}/x.db") as store:
        yield store


def let_in(refused: list[Any]) -> int:
    return sum(one is None for one in refused)


def test_one_process_uses_all_of_a_limit_and_no_more(store: Store) -> None:
    holder = Holder(store, "one")

    async def work() -> None:
        refused = await holder.calls(70)
        assert let_in(refused) == 60
        assert all(isinstance(one, RateLimited) for one in refused[60:])
        # The store is not asked for each call that is refused.
        assert len(holder.lessor.asked) < 60
        asked = len(holder.lessor.asked)
        await holder.calls(100)
        assert len(holder.lessor.asked) == asked
        for _ in range(6):
            holder.at += 60
            refused = await holder.calls(70)
        assert isinstance(refused[-1], BudgetExceeded)
        assert len(holder.lines) == 2 * 400

    asyncio.run(work())


def test_calls_at_once_ask_the_store_together(store: Store) -> None:
    holder = Holder(store, "one", limits={"day": 10_000})

    async def work() -> None:
        holder.lessor.goes_on.clear()
        calls = [asyncio.create_task(holder.call(atoms_of(requests=9))) for _ in range(500)]
        await asyncio.sleep(0.05)
        holder.lessor.goes_on.set()
        assert [refused for refused, _ in await asyncio.gather(*calls)] == [None] * 500
        assert len(holder.lessor.asked) <= 2

    asyncio.run(work())


def test_what_is_idle_goes_back_to_where_it_is_needed(store: Store) -> None:
    one, two = Holder(store, "one", limits={"day": 320}), Holder(store, "two", limits={"day": 320})

    async def work() -> None:
        await one.calls(1)  # and has 19 more
        assert let_in(await two.calls(310)) == 300
        one.at += 1
        await one.leasing.tick()
        assert one.found[0].free == 0
        two.at += 1
        assert let_in(await two.calls(30)) == 19

    asyncio.run(work())


def test_a_call_waits_for_what_others_do_not_use(store: Store) -> None:
    one = Holder(store, "one", limits={"day": 32})
    two = Holder(store, "two", limits={"day": 32}, pause=0.02, pauses=50)

    async def work() -> None:
        await one.calls(1)
        two.at += 5
        assert let_in(await two.calls(30)) == 30
        waiting = asyncio.create_task(two.calls(1))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        one.at += 1
        await one.leasing.tick()
        assert await waiting == [None]
        (last,) = await two.calls(1)
        assert isinstance(last, BudgetExceeded)

    asyncio.run(work())


def test_only_so_many_calls_wait_for_others(store: Store) -> None:
    one = Holder(store, "one", limits={"day": 320})
    two = Holder(store, "two", limits={"day": 320}, pause=60, pauses=1)

    async def work() -> None:
        await one.calls(1)
        assert let_in(await two.calls(300)) == 300
        calls = [asyncio.create_task(two.calls(1)) for _ in range(500)]
        for _ in range(2_000):
            await asyncio.sleep(0.01)
            if sum(call.done() for call in calls) >= 400:
                break
        await asyncio.sleep(0.05)
        refused = [call.result()[0] for call in calls if call.done()]
        assert len(refused) == 400
        assert all(isinstance(one, BudgetExceeded) for one in refused)
        for call in calls:
            call.cancel()

    asyncio.run(work())


def test_short_meters_get_more_before_a_call_needs_it(store: Store) -> None:
    holder = Holder(store, "one", limits={"day": 1_600})

    async def work() -> None:
        await holder.calls(60)
        await holder.leasing.tick()
        asked = len(holder.lessor.asked)
        assert let_in(await holder.calls(100)) == 100
        assert len(holder.lessor.asked) == asked == 2

    asyncio.run(work())


def test_without_the_store_calls_go_on_for_a_twentieth_and_without_delay(store: Store) -> None:
    holder = Holder(store, "one", limits={"day": 400})

    async def work() -> None:
        await holder.calls(1)
        holder.lessor.state = "away"
        refused = await holder.calls(60)
        assert let_in(refused) == 24 + 20
        assert all(isinstance(one, BudgetUnknown) for one in refused[44:])
        assert len(holder.lessor.asked) == 2
        await holder.leasing.tick()
        assert isinstance(holder.leasing.problem, StoreUnavailable)
        assert isinstance((await holder.calls(1))[0], BudgetUnknown)
        holder.lessor.state = "well"
        await holder.leasing.tick()
        assert holder.leasing.problem is None
        refused = await holder.calls(400)
        assert let_in(refused) == 400 - 45
        assert isinstance(refused[-1], BudgetExceeded)

    asyncio.run(work())


def test_a_store_that_hangs_is_taken_to_be_away(store: Store) -> None:
    holder = Holder(store, "one", limits={"day": 400}, patience=0.1)

    async def work() -> None:
        holder.lessor.goes_on.clear()
        refused = await asyncio.wait_for(holder.calls(30), 5)
        assert (let_in(refused), type(refused[-1])) == (20, BudgetUnknown)
        holder.lessor.goes_on.set()
        await holder.leasing.tick()
        assert let_in(await holder.calls(400)) == 380

    asyncio.run(work())


def test_what_was_used_up_stays_so_without_the_store(store: Store) -> None:
    holder = Holder(store, "one", limits={"day": 40})

    async def work() -> None:
        await holder.calls(41)
        holder.lessor.state = "away"
        holder.at += 5
        (refused,) = await holder.calls(1)
        assert isinstance(refused, BudgetExceeded)

    asyncio.run(work())


def test_an_error_that_nobody_thought_of_is_kept_and_harms_no_call(store: Store) -> None:
    holder = Holder(store, "one", limits={"day": 400})

    async def work() -> None:
        holder.lessor.take = None  # pyright: ignore[reportAttributeAccessIssue]
        assert let_in(await holder.calls(5)) == 5
        assert isinstance(holder.leasing.problem, TypeError)

    asyncio.run(work())


def test_a_closed_process_gives_everything_back(store: Store) -> None:
    one, two = Holder(store, "one", limits={"day": 320}), Holder(store, "two", limits={"day": 320})

    async def work() -> None:
        ticking = asyncio.create_task(one.leasing.run())
        await one.calls(1)
        ticking.cancel()
        await one.leasing.close()
        assert let_in(await two.calls(400)) == 319
        two.lessor.state = "away"
        await two.leasing.close()

    asyncio.run(work())


def test_old_windows_are_forgotten_now_and_then(store: Store) -> None:
    holder = Holder(store, "one")

    async def work() -> None:
        await holder.calls(1)
        await holder.leasing.tick()
        assert holder.lessor.tidied == 0
        holder.at += 3_600
        await holder.leasing.tick()
        await holder.leasing.tick()
        assert holder.lessor.tidied == 1

    asyncio.run(work())


@dataclass
class World:
    """Several processes, what their calls took, and what their spools hold."""

    store: Store
    project: str
    holders: list[Holder] = field(default_factory=list[Holder])
    at: float = NOON
    made: int = 0
    total: dict[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])
    open: list[tuple[Holder, Atoms, float]] = field(default_factory=list[tuple[Holder, Atoms, float]])

    def add(self) -> Holder:
        self.made += 1
        holder = Holder(self.store, f"h{self.made}", project=self.project)
        holder.at = self.at
        self.holders.append(holder)
        return holder

    async def call(self, holder: Holder, amount: int) -> Any:
        need = atoms_of(requests=amount)
        refused, at = await holder.call(need)
        if refused is None:
            self.open.append((holder, need, at))
        return refused

    def finish(self, share: float) -> None:
        for holder, need, at in self.open:
            used = atoms_of(requests=round(need.requests * share))
            holder.lines += holder.meters.settle(holder.found, need, used, at)
            for window in LIMITS:
                key = window, window_at(window, at).start  # pyright: ignore[reportArgumentType]
                self.total[key] = self.total.get(key, 0) + used.requests
        self.open.clear()

    def drain(self, holder: Holder, *, dead: bool = False) -> None:
        with self.store.write() as connection:
            holder.lessor.leases.settle(connection, holder.name, holder.lines)
            if dead:
                holder.lessor.leases.release(connection, holder.name)
        holder.lines = []

    def kill(self, holder: Holder) -> None:
        self.finish(1.0)
        self.drain(holder, dead=True)
        self.holders.remove(holder)

    def check(self, beyond: int) -> None:
        for (window, _), amount in self.total.items():
            limit = LIMITS[window]
            assert amount <= limit + limit // 20 * self.made * beyond


async def step(world: World, kind: str, which: int, amount: int, *, trouble: bool) -> None:
    holder = world.holders[which % 3]
    if kind == "call":
        refused = await world.call(holder, amount)
        assert refused is None or isinstance(refused, OverLimit | BudgetUnknown)
    elif kind == "finish":
        world.finish(amount / 40)
    elif kind == "tick":
        await holder.leasing.tick()
    elif kind == "drain":
        world.drain(holder)
    elif kind == "kill":
        world.kill(holder)
        world.add()
    elif kind == "clock":
        world.at += amount * 3 if trouble or which else -amount * 3
        for one in world.holders:
            one.at = world.at
    elif trouble:
        holder.lessor.state = ("well", "away", "lost")[amount % 3]


async def live(world: World, steps: list[tuple[Any, ...]], *, trouble: bool) -> None:
    for _ in range(3):
        world.add()
    for kind, which, amount in steps:
        await step(world, kind, which, amount, trouble=trouble)
        world.check(trouble)
    # In the end all that is left can be used.
    world.finish(1.0)
    for holder in list(world.holders):
        world.kill(holder)
    last = world.add()
    while await world.call(last, 1) is None:
        pass
    world.finish(1.0)
    world.check(trouble)
    used = {(window, window_at(window, world.at).start): limit for window, limit in LIMITS.items()}
    assert any(world.total.get(key, 0) >= limit for key, limit in used.items())


KINDS = ["call"] * 8 + ["finish", "tick", "tick", "drain", "kill", "clock", "store", "store"]
STEPS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 3), st.integers(1, 40)), min_size=20, max_size=60)
_projects = iter(range(10**9))


@pytest.mark.slow
@pytest.mark.parametrize("trouble", [False, True])
def test_no_course_of_events_goes_over_a_limit_or_wastes_it(file_store: Store, trouble: bool) -> None:
    @settings(max_examples=40)
    @given(STEPS)
    def check(steps: list[tuple[Any, ...]]) -> None:
        world = World(file_store, f"p{next(_projects)}")
        asyncio.run(live(world, steps, trouble=trouble))

    check()
