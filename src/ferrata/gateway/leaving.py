"""Notices that a client has left while its answer is being made; then the call's task is cancelled.

The gateway's own server says so itself. Of another server it must be asked, which takes a task; that begins only after a moment, when
most calls of a quick model are over.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope

__all__ = ["Leaving"]

_AFTER = 0.02


class Leaving:
    """Of one call.

    Attributes:
        happened: the client left, and the call was cancelled for it.
    """

    __slots__ = ("_look", "_on_left", "_receive", "_task", "_watching", "happened")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._on_left: Callable[[Callable[[], object] | None], object] | None = scope["state"].get("on_left")
        self._receive = receive
        self._task: asyncio.Task[object] | None = None
        self._look: asyncio.TimerHandle | None = None
        self._watching: asyncio.Task[None] | None = None
        self.happened = False

    def watch(self) -> None:
        """From now on, until `stop`: cancel the running task when the client leaves. The body must have been read."""
        self._task = asyncio.current_task()
        if self._on_left is not None:
            self._on_left(self._left)
        else:
            self._look = asyncio.get_running_loop().call_later(_AFTER, self._begin)

    def stop(self) -> None:
        """It does not matter any more."""
        if self._task is None:
            return
        self._task = None
        if self._on_left is not None:
            self._on_left(None)
        elif self._look is not None:
            self._look.cancel()
            if self._watching is not None:
                self._watching.cancel()

    def _begin(self) -> None:
        self._watching = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._left()

    def _left(self) -> None:
        if self._task is not None:
            self.happened = True
            self._task.cancel()
