"""Limits in force, asked and counted in memory for each call. Knows no store: what a process may spend is leased to it.

Used by one thread. A meter's `free` is what may be spent without asking; a call takes what it may need off it, and puts back
what it did not need. Windows follow the clock, also backwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ferrata.access.allowances import PER_UNIT, UNITS, window_at
from ferrata.access.limits import BudgetUnknown, over_limit, scope_text

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator

    from ferrata.access.allowances import Atoms, Scope, Unit, Window
    from ferrata.access.leases import Grant
    from ferrata.access.limits import OverLimit

__all__ = ["NEEDS_LEASE", "Meter", "Meters", "NeedsLease", "rate_numbers", "refuse"]

GRACE = 20
"""While the store is away, a process may spend one part in so many of a limit beyond what it was given."""
_USD = PER_UNIT["usd"]


class NeedsLease:
    """The outcome of a call for which more must be leased first."""


NEEDS_LEASE = NeedsLease()


class Meter:
    """One limit of one scope, and what this process has of it; amounts in atoms.

    Attributes:
        scope, unit, window, limit: what it limits.
        index: of the unit, in `Atoms`.
        start, end: of the window that is counted, in seconds since the epoch.
        free: may be spent without asking; below 0 where calls took more than they had reserved, or in a grace.
        floor: as low as `free` may go: 0, and below it while the store is away.
        trusted: whether calls are let in without the store.
        granted: by the store in this window, less what was given back; -1 before it was asked.
        returning: on its way back to the store.
        left: with the store when it was asked last; `elsewhere`: leased to other processes.
        dry_until: the store is not asked again before, for more than was left.
        batch: as much was given last.
        seen: when a call was let in last.
    """

    __slots__ = (
        "batch", "dry_until", "elsewhere", "end", "floor", "free", "granted", "index", "left", "limit", "returning", "scope",
        "seen", "start", "trusted", "unit", "window",
    )  # fmt: skip

    def __init__(self, scope: str, unit: Unit, window: Window, limit: int) -> None:
        self.scope = scope
        self.unit: Unit = unit
        self.window: Window = window
        self.index = UNITS.index(unit)
        self.limit = limit
        self.seen = 0.0
        self.start = self.end = 0
        self._begin()

    def _begin(self) -> None:
        self.free = self.floor = self.returning = self.elsewhere = self.batch = 0
        self.trusted = False
        self.granted = -1
        self.left = self.limit
        self.dry_until = 0.0

    def roll(self, now: float) -> None:
        """Count the window of `now`, in which nothing was leased yet."""
        self.start, self.end = window_at(self.window, now)
        self._begin()

    def change(self, limit: int) -> None:
        """Follow another limit from now on."""
        if limit != self.limit:
            self.left += limit - self.limit
            self.limit = limit
            self.dry_until = 0.0

    def receive(self, grant: Grant) -> None:
        """Take what the store says of this window; `granted` also tells what came of an answer that was lost."""
        more = grant.added if self.granted < 0 else grant.granted - self.granted
        self.free += more + self.returning
        self.granted = grant.granted
        self.left = grant.left
        self.elsewhere = grant.elsewhere
        self.batch = max(0, grant.added) or self.batch
        self.returning = self.floor = 0
        self.trusted = False

    def trust(self, until: float) -> None:
        """Let calls in for a while without the store; not where all was used up."""
        if self.granted >= 0 and self.left == 0 and self.elsewhere == 0:
            self.dry_until = until
        else:
            self.trusted = True
            self.floor = -(self.limit // GRACE)

    def is_empty(self, need: int) -> bool:
        """Whether a call needs more than there is here and was with the store, when it was asked last."""
        return not self.trusted and self.granted >= 0 and need - self.free > self.left

    def is_over(self, need: int, now: float) -> bool:
        """Whether a call is refused without asking the store."""
        return need > self.limit or (now < self.dry_until and need - self.free > self.left)


class Meters:
    """The meters of a process."""

    def __init__(self) -> None:
        self._meters: dict[tuple[str, str, str], Meter] = {}
        self._of_calls: dict[Hashable, tuple[Meter, ...]] = {}

    def __iter__(self) -> Iterator[Meter]:
        """Every meter that was asked for so far."""
        return iter(list(self._meters.values()))

    def of(self, call: Hashable, scopes: Callable[[], Iterable[Scope]]) -> tuple[Meter, ...]:
        """The meters of calls of one kind; made once, until `forget`.

        Args:
            call: names the kind, as (id of the key, endpoint).
            scopes: gives whose allowances such a call is under; of two of a scope for the same, the smaller holds.
        """
        found = self._of_calls.get(call)
        if found is None:
            found = self._of_calls[call] = self._made(scopes())
        return found

    def forget(self) -> None:
        """Ask for scopes anew; for when keys or limits have changed. What was used stays known."""
        self._of_calls.clear()

    def _made(self, scopes: Iterable[Scope]) -> tuple[Meter, ...]:
        limits: dict[tuple[str, Unit, Window], int] = {}
        for scope, allowances in scopes:
            for allowance in allowances:
                key = scope, allowance.unit, allowance.window
                limits[key] = min(allowance.atoms, limits.get(key, allowance.atoms))
        made = list[Meter]()
        for key, limit in limits.items():
            meter = self._meters.get(key)
            if meter is None:
                meter = self._meters[key] = Meter(*key, limit)
            meter.change(limit)
            made.append(meter)
        return tuple(made)

    def admit(
        self, meters: tuple[Meter, ...], need: Atoms, now: float
    ) -> NeedsLease | OverLimit | BudgetUnknown | None:
        """Let a call in, and reserve what it may need; all of it or nothing.

        Args:
            meters: that it is under.
            need: as much as it may take. Of each unit at least one atom must be there, so that what is used up refuses calls
                of which nobody knows beforehand what they take.
            now: seconds since the epoch; `settle` takes the same.

        Returns:
            None: it is let in. `NEEDS_LEASE`: more must be leased, and then it is asked again. Otherwise why it is refused.
        """
        for meter in meters:
            if not meter.start <= now < meter.end:
                meter.roll(now)
            if meter.free - (need[meter.index] or 1) < meter.floor:
                return _short(meters, need, now)
        for meter in meters:
            meter.free -= need[meter.index] or 1
            meter.seen = now
        return None

    def settle(self, meters: tuple[Meter, ...], need: Atoms, used: Atoms, at: float) -> list[list[Any]]:
        """Count what a call took in the place of what was reserved for it.

        Args:
            meters: as they were given to `admit`.
            need: likewise.
            used: what it took.
            at: the `now` of `admit`.

        Returns:
            The value of `spent` in the call's span: [scope, unit, window, start of the window, amount] each.
        """
        spent: list[list[Any]] = []
        for meter in meters:
            index = meter.index
            amount = used[index]
            start = meter.start
            if start <= at < meter.end:
                meter.free += (need[index] or 1) - amount
            else:
                start = window_at(meter.window, at).start
            if amount:
                spent.append([meter.scope, meter.unit, meter.window, start, amount if index != 2 else amount / _USD])
        return spent


def _short(meters: tuple[Meter, ...], need: Atoms, now: float) -> NeedsLease | OverLimit | BudgetUnknown:
    """Why a call was not let in: over a limit (the one that lasts longest), the store is away, or a lease is used up."""
    over: Meter | None = None
    unknown: Meter | None = None
    for meter in meters:
        if not meter.start <= now < meter.end:
            meter.roll(now)
        amount = need[meter.index] or 1
        if meter.free - amount >= meter.floor:
            continue
        if meter.is_over(amount, now):
            over = meter if over is None or meter.end > over.end else over
        elif meter.trusted:
            unknown = meter
    if over is not None:
        return refuse(over, meters, need, now)
    if unknown is not None:
        return BudgetUnknown(
            f"how much {scope_text(unknown.scope)} has used of this {unknown.window} cannot be looked up, and what may be "
            "used meanwhile is used up",
            hint="try again in a moment; see whether the gateway reaches its database",
        )
    return NEEDS_LEASE


def refuse(over: Meter, meters: tuple[Meter, ...], need: Atoms, now: float) -> OverLimit:
    """The error for a call that needs more of one of its meters than is left."""
    return over_limit(
        over.scope,
        over.unit,
        over.window,
        limit=over.limit,
        left=over.free + over.left,
        need=need[over.index] or 1,
        seconds=over.end - now,
        numbers=rate_numbers(meters),
    )


def rate_numbers(meters: tuple[Meter, ...]) -> dict[str, str]:
    """The headers `x-ratelimit-limit-requests`, `-remaining-requests`, `-limit-tokens` and `-remaining-tokens`.

    Of each unit those of the meter of which least is left, as far as this process knows.
    """
    tightest: dict[str, tuple[int, int]] = {}
    for meter in meters:
        if meter.unit != "usd":
            left = max(0, meter.free + meter.left)
            tightest[meter.unit] = min(tightest.get(meter.unit, (left, meter.limit)), (left, meter.limit))
    numbers: dict[str, str] = {}
    for unit, (left, limit) in tightest.items():
        numbers[f"x-ratelimit-limit-{unit}"] = str(limit)
        numbers[f"x-ratelimit-remaining-{unit}"] = str(left)
    return numbers
