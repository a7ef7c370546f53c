"""Keeps a process's meters supplied from the store, beside the calls. Knows no SQL.

One request of the store at a time, in a thread of its own; calls that wait for the same meter wait for the same request.
"""

from __future__ import annotations

import asyncio
import math
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ferrata.access.leases import Counter, Want
from ferrata.access.meters import NeedsLease, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ferrata.access.allowances import Atoms
    from ferrata.access.leases import Grant
    from ferrata.access.limits import BudgetUnknown, OverLimit
    from ferrata.access.meters import Meter, Meters

__all__ = ["Admission", "Leasing", "Lessor"]

_MOST_METERS = 200
"""In one transaction, during which others wait for these meters."""
_MOST_WAITING = 100
_DRY_SECONDS = 1.0
_TICK_SECONDS = 0.5
_TIDY_SECONDS = 3_600.0


class Lessor(Protocol):
    """What leases are taken of; `Leases`."""

    def take(self, wants: Sequence[Want], *, now: float) -> list[Grant]:
        """What came of each."""
        ...

    def tidy(self, *, now: float) -> None:
        """Forget what is over."""
        ...


class Admission(NamedTuple):
    """What came of a call that needed a lease.

    Attributes:
        refused: why it is not let in; None where it is.
        at: the moment, for `Meters.settle`.
    """

    refused: OverLimit | BudgetUnknown | None
    at: float


class Leasing:
    """Leases for the meters of this process. All but the store's part runs in one event loop; `run` must be running there.

    A call that finds too little left, while other processes have leases, waits for what these do not use: at most `pauses`
    times `pause` seconds, and 100 calls at a time. So what a call is refused for can be unused only if it is leased to a
    process that used that meter within these seconds, or for a second after one call waited in vain, or where 100 wait.

    While the store is away (or does not answer within `patience`) a process lets calls in up to its leases and 5 % of each
    limit beyond, rounded down; what was known to be used up stays so. Then they are refused with `BudgetUnknown`.

    Args:
        meters: of this process.
        leases: of this process.
        now: tells the time in seconds since the epoch.
        patience: seconds that a call waits for the store, before it is taken to be away.
        idle: seconds after which what is not used goes back.
        pause: seconds between looks for what other processes gave back.
        pauses: how many.
    """

    def __init__(
        self,
        meters: Meters,
        leases: Lessor,
        *,
        now: Callable[[], float] = time.time,
        patience: float = 1.0,
        idle: float = 1.0,
        pause: float = 0.35,
        pauses: int = 6,
    ) -> None:
        self._meters = meters
        self._leases = leases
        self._now = now
        self._patience = patience
        self._idle = idle
        self._pause = pause
        self._pauses = pauses
        self._thread = ThreadPoolExecutor(1, "ferrata-leases")
        self._wanted: dict[Meter, tuple[int, int]] = {}
        self._ticks = False
        self._round: asyncio.Future[None] | None = None
        self._running: asyncio.Task[None] | None = None
        self._waiting = 0
        self._tidied = now()
        self.problem: Exception | None = None
        """Why the store cannot be used; None where it can, as far as is known."""

    async def admit(self, meters: tuple[Meter, ...], need: Atoms) -> Admission:
        """Let a call in for which `Meters.admit` said that it needs a lease, once there is one; or say why not."""
        pauses = self._pauses
        while True:
            now = self._now()
            outcome = self._meters.admit(meters, need, now)
            if not isinstance(outcome, NeedsLease):
                return Admission(outcome, now)
            empty = _empty(meters, need)
            if not empty or self._waiting < _MOST_WAITING:
                await self._refill(meters, need)
                empty = _empty(meters, need)
            if not empty:
                continue
            if self._waiting >= _MOST_WAITING:
                return Admission(refuse(empty[0], meters, need, now), now)
            if pauses and all(meter.elsewhere for meter in empty):
                pauses -= 1
                await self._wait()
            else:
                for meter in empty:
                    meter.dry_until = self._now() + _DRY_SECONDS

    async def run(self) -> None:
        """Give back what is idle, get more of what is short, ask again for a store that was away; until cancelled."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            await self.tick()

    async def tick(self) -> None:
        """One turn of `run`."""
        self._ticks = True
        await asyncio.shield(self._next_round())

    async def close(self) -> None:
        """Give everything back, if the store answers; what it did not get goes back when the holder is released."""
        self._idle = -math.inf
        try:
            await asyncio.wait_for(self.tick(), self._patience)
        except TimeoutError:
            pass
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def _wait(self) -> None:
        self._waiting += 1
        try:
            await asyncio.sleep(self._pause)
        finally:
            self._waiting -= 1

    async def _refill(self, meters: tuple[Meter, ...], need: Atoms) -> None:
        """Get what a call is short of; where the store is away, let it in on trust."""
        if self.problem is None:
            for meter in meters:
                amount = need[meter.index] or 1
                if meter.free - amount < meter.floor:
                    least, total = self._wanted.get(meter, (amount, 0))
                    self._wanted[meter] = min(least, amount), total + amount
            try:
                await asyncio.wait_for(asyncio.shield(self._next_round()), self._patience)
            except TimeoutError:
                self.problem = TimeoutError(f"the store did not answer within {self._patience} s")
        if self.problem is not None:
            until = self._now() + _DRY_SECONDS
            for meter in meters:
                if meter.free - (need[meter.index] or 1) < meter.floor:
                    meter.trust(until)

    def _next_round(self) -> asyncio.Future[None]:
        """Done when the store was asked for what is wanted now."""
        if self._round is None:
            self._round = asyncio.get_running_loop().create_future()
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return self._round

    async def _run(self) -> None:
        try:
            while self._round is not None:
                done, self._round = self._round, None
                try:
                    pairs = list(self._pairs())
                    for i in range(0, len(pairs), _MOST_METERS):
                        await self._exchange(pairs[i : i + _MOST_METERS])
                    await self._tidy()
                finally:
                    done.set_result(None)
        finally:
            self._running = None

    def _pairs(self) -> Iterator[tuple[Meter, Want]]:
        """What is to be asked of the store; nothing else changes leases until the answer is here."""
        now = self._now()
        wanted, self._wanted = self._wanted, {}
        ticks, self._ticks = self._ticks, False
        for meter, (least, total) in wanted.items():
            if meter.start <= now < meter.end and total > meter.free:
                yield meter, _want(meter, least - meter.free, total - meter.free)
        if not ticks:
            return
        asked = False
        for meter in self._meters:
            if meter not in wanted and meter.start <= now < meter.end:
                amount = self._beside(meter, now)
                if amount is not None or (self.problem is not None and not asked):
                    asked = True
                    yield meter, _want(meter, 1, amount or 0)

    def _beside(self, meter: Meter, now: float) -> int | None:
        """What to ask for beside the calls; below 0 to give back; None if there is no reason to ask."""
        if meter.trusted:
            return max(0, -meter.free)
        if meter.free > 0 and abs(now - meter.seen) >= self._idle:
            amount, meter.free = meter.free, 0
            meter.returning += amount
            return -amount
        if meter.returning:
            return 0
        return 1 if meter.left > 0 and meter.free < meter.batch // 2 and now - meter.seen < self._idle else None

    async def _exchange(self, pairs: list[tuple[Meter, Want]]) -> None:
        if not pairs:
            return
        wants = [want for _, want in pairs]
        ask = self._leases.take
        try:
            grants = await asyncio.get_running_loop().run_in_executor(self._thread, lambda: ask(wants, now=self._now()))
        except Exception as error:  # noqa: BLE001 - calls go on without the store, whatever is wrong with it; said in `problem`
            self.problem = error
            return
        self.problem = None
        for (meter, want), grant in zip(pairs, grants, strict=True):
            if meter.start == want.counter.start:
                meter.receive(grant)

    async def _tidy(self) -> None:
        now = self._now()
        if self.problem is not None or abs(now - self._tidied) < _TIDY_SECONDS:
            return
        self._tidied = now
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, lambda: self._leases.tidy(now=now))
        except Exception as error:  # noqa: BLE001 - as above
            self.problem = error


def _empty(meters: tuple[Meter, ...], need: Atoms) -> list[Meter]:
    return [meter for meter in meters if meter.is_empty(need[meter.index] or 1)]


def _want(meter: Meter, least: int, amount: int) -> Want:
    return Want(Counter(meter.scope, meter.unit, meter.window, meter.start), meter.limit, least, amount)
