"""A gateway's process follows the route tables of the store: it sees within 50 ms that one is new, builds what it lacks, and swaps."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from ferrata.catalog import Follower
from ferrata.clock import format_time
from ferrata.errors import FerrataError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ferrata.app import App
    from ferrata.backends import Backends, Built, Warm
    from ferrata.catalog import RoutingTable

__all__ = ["Following"]

_log = logging.getLogger("ferrata.gateway")
_POLL = 0.05
_AWAY = 1.0
_HEARTBEAT = 10.0


class Following:
    """The tables that a process follows. While the store is away, those of before go on.

    Args:
        app: the project.
        warm: builds releases.
        holder: the process's name.
    """

    def __init__(self, app: App, warm: Warm, holder: str) -> None:
        self._app = app
        self._warm = warm
        self._holder = holder
        self._tables: dict[str, RoutingTable] = {}
        self._seq = 0
        self._problems: list[str] = []
        self._told = 0.0
        self._made: tuple[int, Mapping[str, Built], dict[str, Built]] | None = None
        self.unserved: dict[str, str] = {}

    def read(self) -> None:
        """Read the newest tables.

        Raises:
            StoreUnavailable: the store is away.
        """
        # The number first: a table that comes between the two reads is read again, and not missed.
        self._seq, self._tables = self._app.published.seq(), self._app.published.newest()

    def built(self, declared: Mapping[str, Built]) -> dict[str, Built]:
        """What answers for each endpoint, by its table or as it is declared. What is warm is not built again."""
        if self._made is not None and self._made[:2] == (self._seq, declared):
            return self._made[2]
        found: dict[str, Built] = {}
        problems: list[str] = []
        unserved: dict[str, str] = {}
        for name, one in declared.items():
            table = self._tables.get(name)
            if table is None:
                found[name] = one
                continue
            try:
                made = one.following(table, self._warm)
                made.number = table.number
                found[name] = made
                problems += made.problems
            except FerrataError as error:
                # Not as before: that may be what was rolled back.
                unserved[name] = error.message
        self._problems, self.unserved = [*problems, *unserved.values()], unserved
        for problem in self._problems:
            _log.error("%s", problem)
        self._made = (self._seq, declared, found)
        return found

    def spare(self) -> list[Backends]:
        """What no table names any more, to be closed when no call needs it."""
        return self._warm.spare({name for table in self._tables.values() for name in table.routing.releases})

    async def run(self, declared: Callable[[], Mapping[str, Built]], swap: Callable[[], None]) -> None:
        """Follow until cancelled; `swap` is called in the loop when there are new tables and what they need of `declared` is built."""
        loop = asyncio.get_running_loop()
        away = ""
        await self._tell(loop)
        while True:
            await asyncio.sleep(_AWAY if away else _POLL)
            try:
                if await loop.run_in_executor(None, self._app.published.seq) != self._seq:
                    await loop.run_in_executor(None, self._prepare, declared())
                    swap()
                    await self._tell(loop)
                elif time.monotonic() > self._told + _HEARTBEAT:
                    await self._tell(loop)
                away = ""
            except FerrataError as error:
                if away != error.message:
                    away = error.message
                    _log.warning("route tables cannot be read, those of before go on: %s", away)

    def _prepare(self, declared: Mapping[str, Built]) -> None:
        """Read the tables and build what they need, in a thread: calls go on meanwhile."""
        self.read()
        self.built(declared)

    async def _tell(self, loop: asyncio.AbstractEventLoop) -> None:
        self._told = time.monotonic()
        at = format_time(self._app.clock.now())
        follower = Follower(self._holder, self._seq, at, "; ".join(self._problems))
        await loop.run_in_executor(None, self._app.published.see, follower)

    async def close(self) -> None:
        """The process ends: it is a follower no more."""
        self._warm.close()
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._app.published.forget, self._holder)
        except FerrataError as error:
            _log.warning("%s", error.message)
