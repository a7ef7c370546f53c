"""Work for a client that may leave, or may not read what it is sent: then the work is cancelled. Knows no flows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from starlette.types import Message, Receive, Send

__all__ = ["ClientLeft", "send_in_time", "unless_left"]

T = TypeVar("T")
_SECONDS = 30.0  # for a client to take what it is sent


class ClientLeft(Exception):
    """Nobody waits for the answer any more."""


async def unless_left(work: Coroutine[Any, Any, T], receive: Receive) -> T:
    """What the work gives.

    Args:
        work: is cancelled, and waited for, when the client leaves.
        receive: of the request, whose body has been read.

    Raises:
        ClientLeft: the client was gone first.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientLeft
    finally:
        for one in (task, gone):
            one.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def send_in_time(send: Send, message: Message) -> None:
    """Send; raises `ClientLeft` where the client does not read for 30 s."""
    try:
        async with asyncio.timeout(_SECONDS):
            await send(message)
    except TimeoutError:
        raise ClientLeft from None


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
