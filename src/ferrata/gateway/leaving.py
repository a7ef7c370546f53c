"""Notices that a client has left while its answer is being made; then the call's task is cancelled.

Looks only after a moment: most calls of a quick model are over by then, and a task that waits costs more than all else here.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    from starlette.types import Receive

__all__ = ["Leaving"]

_AFTER = 0.02


class Leaving:
    """Of one call, whose body has been read when `watch` begins.

    Attributes:
        happened: the client left, and the call was cancelled for it.
    """

    __slots__ = ("_receive", "_task", "_watching", "happened")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._task: asyncio.Task[object] | None = None
        self._watching: asyncio.Task[None] | None = None
        self.happened = False

    @contextmanager
    def watch(self) -> Generator[None]:
        """Cancel the block when the client leaves."""
        self._task = asyncio.current_task()
        look = asyncio.get_running_loop().call_later(_AFTER, self._look)
        try:
            yield
        finally:
            look.cancel()
            if self._watching is not None:
                self._watching.cancel()

    def _look(self) -> None:
        self._watching = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.happened = True
        if self._task is not None:
            self._task.cancel()
