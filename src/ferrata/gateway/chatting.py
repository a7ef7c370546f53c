"""Chat calls: from a request's body to the last byte of its answer, whole or as a stream."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

import orjson

from ferrata.errors import FerrataError, ModelError
from ferrata.gateway.answering import Opened, ask, embed, open_stream
from ferrata.gateway.attempts import run_attempts
from ferrata.gateway.call import Call
from ferrata.gateway.leaving import Leaving
from ferrata.gateway.refusals import for_client
from ferrata.gateway.speaking import Left, read_body, read_object, send_whole

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from ferrata.gateway.answering import Whole
    from ferrata.gateway.attempts import Limits, Tried
    from ferrata.gateway.dialects import Dialect
    from ferrata.gateway.doorkeeper import Doorkeeper
    from ferrata.gateway.endpoints import Endpoint
    from ferrata.gateway.routes import Route
    from ferrata.messages import ChatChunk

__all__ = ["Calls"]

_log = logging.getLogger("ferrata.gateway")
_LEFT = 499  # in spans, for a client that did not wait
_EVENTS = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
_LAST = (b"data: [DONE]", b"event: message_stop", b"event: response.completed", b"event: response.incomplete")


class Calls:
    """Answers calls of one dialect; an ASGI application.

    Args:
        dialect: the clients' format.
        keeper: lets calls in.
        record: takes the span of each call that came with a key.
    """

    def __init__(self, dialect: Dialect, keeper: Callable[[], Doorkeeper], record: Callable[[bytes], object]) -> None:
        self._dialect = dialect
        self._keeper = keeper
        self._record = record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        call = Call(self._dialect, dict(scope["headers"]))
        keeper = self._keeper()
        leaving = Leaving(receive)
        try:
            keeper.identify(call)
            data = await read_body(call.headers, receive, keeper.most_bytes)
            call.size = len(data)
            call.body = read_object(data)
            keeper.find(call)
            with leaving.watch():
                async with keeper.let_in(call):
                    await self._answer(call, send)
        except Left:
            call.status, call.error = _LEFT, "client_left"
        except asyncio.CancelledError:
            if not leaving.happened:
                call.status, call.error = 503, "shutdown"
                raise
            call.status, call.error = _LEFT, "client_left"
        except FerrataError as error:
            await self._refuse(call, error, send)
        except Exception:  # noqa: BLE001 - the boundary of a call: logged, and answered without its reason
            _log.exception("%s: no answer", call.id)
            await self._refuse(call, FerrataError("the gateway failed; its log says why"), send)
        finally:
            self._write(call)

    async def _answer(self, call: Call, send: Send) -> None:
        endpoint = call.endpoint
        assert endpoint is not None  # noqa: S101 - found before
        named = call.headers.get(b"x-ferrata-route")
        routes = endpoint.picker.order(endpoint.sticky(call), named=named.decode("latin-1") if named else None)
        policy = endpoint.policy
        log: list[Tried] = []
        try:
            done = await run_attempts(
                policy,
                routes,
                self._attempt(call, endpoint),
                deadline=policy.clock() + policy.total,
                log=log,
                dispose=_dispose,
            )
        except FerrataError:
            if log:
                call.attempts = len(log)
                self._came_by(call, endpoint, log[-1].route)
                _log.warning("%s: %s", call.id, "; ".join(f"{one.route}: {one.code}: {one.detail}" for one in log))
            raise
        call.attempts = done.attempts
        self._came_by(call, endpoint, done.route.name)
        answer = done.answer
        if isinstance(answer, Opened):
            await self._stream(call, answer, send)
        else:
            body, response = answer
            call.usage, call.model, call.finish = response.usage, response.model, response.finish
            call.status = 200
            self._write(call)
            await send_whole(send, 200, body, self._headers(call))
        if (cost := call.cost) is not None:
            done.route.spent(cost)

    def _attempt(self, call: Call, endpoint: Endpoint) -> Callable[[Route, Limits], Awaitable[Whole | Opened]]:
        way = embed if self._dialect.wire is None else open_stream if call.stream else ask

        def attempt(route: Route, limits: Limits) -> Awaitable[Whole | Opened]:
            return way(call, endpoint.backends[route.name], endpoint.times(limits))

        return attempt

    def _came_by(self, call: Call, endpoint: Endpoint, route: str) -> None:
        backend = endpoint.backends[route]
        call.route, call.provider, call.price = route, backend.name, backend.price

    async def _stream(self, call: Call, opened: Opened, send: Send) -> None:
        """Send the pieces as they come; what ends the answer waits until the call is written down."""
        call.first = time.time_ns()
        call.status = 200
        last = b""
        try:
            await send({"type": "http.response.start", "status": 200, "headers": [*_EVENTS, *self._headers(call)]})
            held = b""
            for raw, chunks in opened.held:
                self._note(call, chunks)
                held += raw
            if held:
                await send({"type": "http.response.body", "body": held, "more_body": True})
            async for raw, chunks in opened.rest:
                if chunks:
                    self._note(call, chunks)
                if raw.startswith(_LAST):
                    last += raw
                elif raw:
                    await send({"type": "http.response.body", "body": raw, "more_body": True})
        except ModelError as error:
            _log.warning("%s broke off: %s", call.id, error.message)
            call.error = error.code
            last = self._broken(call, for_client(error, call.endpoint.name if call.endpoint else ""))
        finally:
            await opened.aclose()
        self._write(call)
        await send({"type": "http.response.body", "body": last})

    def _note(self, call: Call, chunks: list[ChatChunk]) -> None:
        for chunk in chunks:
            if chunk.finish is not None:
                call.finish = chunk.finish
            if chunk.usage is not None:
                call.usage = chunk.usage
            if chunk.model:
                call.model = chunk.model

    def _broken(self, call: Call, error: FerrataError) -> bytes:
        found = {**self._dialect.error(error), "request_id": call.id}
        return b"event: error\ndata: " + orjson.dumps(found) + b"\n\n"

    async def _refuse(self, call: Call, error: FerrataError, send: Send) -> None:
        if call.status == 200:  # an answer has begun, and can only be broken off
            call.error = error.code
            return
        call.status, call.error = error.status, error.code
        headers = self._headers(call)
        if (wait := getattr(error, "retry_after", None)) is not None:
            headers.append((b"retry-after", b"%d" % max(1, round(wait))))
        if error.status == 413:
            headers.append((b"connection", b"close"))
        self._write(call)
        await send_whole(send, error.status, orjson.dumps(self._dialect.error(error)), headers)

    def _headers(self, call: Call) -> list[tuple[bytes, bytes]]:
        found = [(b"x-request-id", call.id.encode())]
        if call.route:
            found.append((b"x-ferrata-route", call.route.encode()))
        return found

    def _write(self, call: Call) -> None:
        """Write the span, once; of what came without a key nothing is kept."""
        if call.written or (call.key is None and call.endpoint is None):
            return
        call.written = True
        self._record(call.span())


def _dispose(answer: Whole | Opened) -> Awaitable[object] | None:
    return answer.aclose() if isinstance(answer, Opened) else None
