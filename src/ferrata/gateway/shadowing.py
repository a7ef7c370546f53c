"""Copies of calls for releases that are looked at only: asked after the answer has ended, recorded as spans, never returned.

A copy uses no budget of the caller's key and holds up nobody: where the process has enough to do, it is left out.
"""

from __future__ import annotations

import asyncio
import logging
import time
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from ferrata.errors import FerrataError
from ferrata.gateway.answering import ask
from ferrata.gateway.call import Call
from ferrata.telemetry import join_trace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ferrata.gateway.endpoints import Backend, Endpoint

__all__ = ["MOST_BYTES", "ShadowOf", "Shadows"]

MOST_BYTES = 1_000_000
"""A body that is longer is not copied."""

_MOST_RUNNING = 8
_RANGE = 2.0**64
_STREAMING = ("stream", "stream_options")
_log = logging.getLogger("ferrata.gateway")


class ShadowOf(NamedTuple):
    """A release that gets copies.

    Attributes:
        release: `release/NAME@N`.
        route: by which the endpoint knows what answers.
        share: of the calls, from 0 to 1.
    """

    release: str
    route: str
    share: float


class Shadows:
    """The copies of one endpoint's calls, in one process.

    Args:
        shadows: where they go.
    """

    def __init__(self, shadows: Sequence[ShadowOf]) -> None:
        self._shadows = tuple(shadows)
        self._running: set[asyncio.Task[None]] = set()
        self.left_out = 0

    def __bool__(self) -> bool:
        return bool(self._shadows)

    def chat(self, call: Call, endpoint: Endpoint, record: Callable[[bytes], object]) -> None:
        """Ask again what a call has asked, where it is its turn; an answer out of a cache is nobody's."""
        if call.status != 200 or call.cached or call.size > MOST_BYTES or call.dialect.wire is None:
            return
        body = {name: value for name, value in call.body.items() if name not in _STREAMING}

        async def answer(copy: Call, backend: Backend) -> None:
            copy.body, copy.raw = body, call.raw
            response = (await ask(copy, backend, endpoint.timeouts)).response
            copy.usage, copy.model, copy.finish, copy.status = response.usage, response.model, response.finish, 200

        self._begin(call, endpoint, record, answer)

    def score(
        self, call: Call, endpoint: Endpoint, scope: Scope, body: bytes, record: Callable[[bytes], object]
    ) -> None:
        """Likewise for a flow's own API."""
        if call.status != 200 or len(body) > MOST_BYTES:
            return

        async def answer(copy: Call, backend: Backend) -> None:
            if backend.application is not None:
                await _replay(copy, backend.application, {**scope, "state": {"request_id": copy.id}}, body)

        self._begin(call, endpoint, record, answer)

    def _begin(
        self,
        call: Call,
        endpoint: Endpoint,
        record: Callable[[bytes], object],
        answer: Callable[[Call, Backend], Awaitable[None]],
    ) -> None:
        for one in self._shadows:
            if not _is_due(one, call.id):
                continue
            if len(self._running) >= _MOST_RUNNING:
                self.left_out += 1
                continue
            task = asyncio.create_task(_copy(call, endpoint, one, record, answer))
            self._running.add(task)
            task.add_done_callback(self._running.discard)


async def _copy(
    call: Call,
    endpoint: Endpoint,
    of: ShadowOf,
    record: Callable[[bytes], object],
    answer: Callable[[Call, Backend], Awaitable[None]],
) -> None:
    copy = Call(call.dialect, call.headers)
    copy.id, copy.endpoint, copy.key, copy.shadow = f"{call.id}-shadow", endpoint, call.key, of.release
    copy.trace, copy.parent = (call.trace[0], copy.trace[1]), call.trace[1]
    backend = endpoint.backends[of.route]
    copy.route, copy.provider, copy.price, copy.of_flow = of.route, backend.name, backend.price, backend.is_flow
    copy.release, copy.attempts, copy.began = backend.release, 1, time.time_ns()
    try:
        async with asyncio.timeout(endpoint.policy.total):
            await answer(copy, backend)
    except FerrataError as error:
        copy.status, copy.error = error.status, error.code
    except TimeoutError:
        copy.status, copy.error = 504, "timeout"
    except Exception:  # noqa: BLE001 - nobody waits for it: logged, and recorded as failed
        _log.exception("%s: no answer", copy.id)
        copy.status, copy.error = 500, "internal"
    record(copy.span())


async def _replay(copy: Call, application: ASGIApp, scope: Scope, body: bytes) -> None:
    """Ask an application again, and keep of its answer only the status."""
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:  # the client stays until it has its answer
            await asyncio.Event().wait()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            copy.status = message["status"]

    asked: Receive = receive
    answered: Send = send
    with join_trace(*copy.trace) as span:
        await application(scope, asked, answered)
    copy.usage, copy.paid = span.usage, span.cost


def _is_due(one: ShadowOf, request: str) -> bool:
    digest = blake2b(f"{one.release}\0{request}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / _RANGE < one.share
