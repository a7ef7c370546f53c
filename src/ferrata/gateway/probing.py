"""Asks routes that are left alone whether they answer again, so that no client's call has to try.

Knows nothing of what a probe asks.
"""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, NoReturn

from ferrata.errors import ModelError
from ferrata.gateway.breaker import is_client_fault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ferrata.gateway.routes import Route

__all__ = ["probe_routes"]


async def probe_routes(
    routes: Sequence[Route],
    every: float,
    probe: Callable[[Route], Awaitable[object]],
    *,
    limit: float,
    clock: Callable[[], float] = monotonic,
) -> NoReturn:
    """Probe the routes whose breaker is open, until this is cancelled.

    A probe that returns closes the breaker, and so does one whose request the vendor refuses as wrong: it answers. Meanwhile no call
    tries; where a probe breaks by its own fault, the loop's exception handler is told and that route's calls try again.

    Args:
        routes: that are watched.
        every: seconds between two rounds.
        probe: asks a route; raises a `ModelError` where it does not answer.
        limit: seconds that a probe may take.
        clock: seconds, those by which calls are let in.
    """
    watched = list(routes)
    for route in watched:
        route.breaker.held += 1
    try:
        while True:
            await asyncio.sleep(every)
            resting = [route for route in watched if route.breaker.state == "open"]
            sound = await asyncio.gather(*(_probe(route, probe, limit=limit, clock=clock) for route in resting))
            for route, fine in zip(resting, sound, strict=True):
                if not fine:
                    watched.remove(route)
                    route.breaker.held -= 1
    finally:
        for route in watched:
            route.breaker.held -= 1


async def _probe(
    route: Route, probe: Callable[[Route], Awaitable[object]], *, limit: float, clock: Callable[[], float]
) -> bool:
    """Probe one route; False where the probe itself is broken."""
    breaker = route.breaker
    epoch = breaker.try_out()
    try:
        async with asyncio.timeout(limit):
            await probe(route)
    except (ModelError, TimeoutError) as error:
        if is_client_fault(error):
            breaker.succeeded(epoch)
        else:
            breaker.failed(epoch, clock())
    except Exception as error:  # noqa: BLE001 - a task of its own: nobody else would hear of it
        breaker.failed(epoch, clock())
        told = {"message": f"the probe of the route {route.name!r} failed by its own fault", "exception": error}
        asyncio.get_running_loop().call_exception_handler(told)
        return False
    except BaseException:
        breaker.released(epoch, clock())
        raise
    else:
        breaker.succeeded(epoch)
    return True
