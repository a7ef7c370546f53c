"""Calls of one dialect: from a request's body to the last byte of its answer, whole or as a stream."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, cast

import orjson

from ferrata.access import OverLimit
from ferrata.errors import FerrataError, ModelError
from ferrata.gateway.answering import Opened, Whole, ask, embed, open_stream, says_usage_alone
from ferrata.gateway.answers import RELEASE
from ferrata.gateway.asked_texts import texts_of
from ferrata.gateway.attempts import run_attempts
from ferrata.gateway.call import Call
from ferrata.gateway.guarding import Blocked
from ferrata.gateway.leaving import Leaving
from ferrata.gateway.refusals import for_client
from ferrata.gateway.reusing import Reuse
from ferrata.gateway.speaking import JSON, Left, read_body, read_object, send_whole
from ferrata.messages import Usage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from ferrata.gateway.answers import Stored
    from ferrata.gateway.attempts import Limits, Tried
    from ferrata.gateway.dialects import Dialect
    from ferrata.gateway.doorkeeper import Doorkeeper
    from ferrata.gateway.endpoints import Endpoint
    from ferrata.gateway.idempotency import Idempotency
    from ferrata.gateway.routes import Route
    from ferrata.messages import ChatChunk

__all__ = ["Calls"]

_log = logging.getLogger("ferrata.gateway")
_LEFT = 499  # in spans, for a client that did not wait
_EVENTS = (b"content-type", b"text/event-stream; charset=utf-8")
_FRESH = (b"cache-control", b"no-store")
_LAST = (b"data: [DONE]", b"event: message_stop", b"event: response.completed", b"event: response.incomplete")
_MOST_KEPT = 8_000_000


class Calls:
    """Answers calls of one dialect; an ASGI application.

    Args:
        path: at which they come.
        dialect: the clients' format.
        keeper: lets calls in.
        idempotency: answers to requests that name themselves.
        record: takes the span of each call that came with a key.
    """

    def __init__(
        self,
        path: str,
        dialect: Dialect,
        keeper: Callable[[], Doorkeeper],
        idempotency: Idempotency,
        record: Callable[[bytes], object],
    ) -> None:
        self._path = path
        self._dialect = dialect
        self._keeper = keeper
        self._idempotency = idempotency
        self._record = record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        call = Call(self._dialect, dict(scope["headers"]))
        call.answer = scope["state"].get("answer")
        keeper = self._keeper()
        leaving = Leaving(scope, receive)
        try:
            keeper.identify(call)
            call.raw = await read_body(call.headers, receive, keeper.most_bytes)
            call.body = read_object(call.raw)
            endpoint = keeper.find(call)
            leaving.watch()
            await keeper.enter(call)
            await self._serve(call, endpoint, keeper, send)
        except Left:
            call.status, call.error = _LEFT, "client_left"
        except asyncio.CancelledError:
            call.status, call.error = _LEFT, "client_left"
            if not leaving.happened:
                call.status, call.error = 503, "shutdown"
                raise
        except FerrataError as error:
            await self._refuse(call, keeper, error, send)
        except Exception:  # noqa: BLE001 - the boundary of a call: logged, and answered without its reason
            _log.exception("%s: no answer", call.id)
            await self._refuse(call, keeper, FerrataError("the gateway failed; its log says why"), send)
        finally:
            leaving.stop()
            keeper.leave(call)
            self._write(call, keeper)

    async def _serve(self, call: Call, endpoint: Endpoint, keeper: Doorkeeper, send: Send) -> None:
        if endpoint.guards.looks_at_input:
            try:
                looking = endpoint.guards.on_input(texts_of(self._dialect.name, call.body))
                if looking is not None:
                    await looking
            except Blocked as error:
                call.blocked = error.guard
                raise
        reuse = Reuse(call, self._path)
        try:
            stored = await reuse.find(self._idempotency, self._path, endpoint.policy.total)
            if stored is not None:
                await self._replay(call, keeper, stored, send)
                return
            flights = endpoint.flights
            if flights is not None and reuse.key is not None and not call.stream:
                found = await flights.join(reuse.key, lambda: self._whole(call, endpoint))
                answer: Whole | Opened = found.answer
                if found.shared:
                    call.cached = "coalesced"
                    self._note_whole(call, found.answer)
            else:
                answer = await self._tried(call, endpoint)
            if isinstance(answer, Opened):
                await self._stream(call, keeper, answer, reuse, send)
                return
            answer = await self._guarded(call, endpoint, answer)
            call.status = 200
            await reuse.keep(answer.body, JSON, complete=True, tool_calls=bool(answer.response.message.tool_calls))
            self._write(call, keeper)
            await self._send(call, send, 200, answer.body, self._headers(call))
        except BaseException:
            reuse.give_up()
            raise

    async def _whole(self, call: Call, endpoint: Endpoint) -> Whole:
        return cast("Whole", await self._tried(call, endpoint))

    async def _tried(self, call: Call, endpoint: Endpoint) -> Whole | Opened:
        """An answer of one of the routes; what is known of it is noted on the call."""
        routes = endpoint.order(call)
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
        if isinstance(done.answer, Whole):
            self._note_whole(call, done.answer)
            if endpoint.settings.balance == "cost" and (cost := call.cost) is not None:
                done.route.spent(cost)
        return done.answer

    def _attempt(self, call: Call, endpoint: Endpoint) -> Callable[[Route, Limits], Awaitable[Whole | Opened]]:
        way = embed if self._dialect.wire is None else open_stream if call.stream else ask

        def attempt(route: Route, limits: Limits) -> Awaitable[Whole | Opened]:
            return way(call, endpoint.backends[route.name], endpoint.times(limits))

        return attempt

    def _came_by(self, call: Call, endpoint: Endpoint, route: str) -> None:
        backend = endpoint.backends[route]
        call.route, call.provider, call.price, call.of_flow = route, backend.name, backend.price, backend.is_flow
        call.release = backend.release

    def _note_whole(self, call: Call, answer: Whole) -> None:
        response = answer.response
        call.usage, call.model, call.finish = response.usage, response.model, response.finish
        if self._dialect.wire is None:
            call.finish = ""

    async def _guarded(self, call: Call, endpoint: Endpoint, answer: Whole) -> Whole:
        """The answer, if no guard objects; else one that says nothing."""
        guards = endpoint.guards
        if not guards.looks_at_output or self._dialect.wire is None or guards.lets(answer.response):
            return answer
        output = guards.output()
        if output is None:
            return answer
        response = await output.answer(answer.response)
        if response is answer.response:
            return answer
        call.blocked, call.finish = output.blocked, response.finish
        return Whole(orjson.dumps(self._dialect.wire.response(response, call.asked())), response)

    async def _replay(self, call: Call, keeper: Doorkeeper, stored: Stored, send: Send) -> None:
        call.usage, call.model, call.status, call.release = stored.usage, stored.model, stored.status, stored.release
        self._write(call, keeper)
        body = stored.body if isinstance(stored.body, bytes) else b"".join(stored.body)
        headers = [*self._headers(call), (b"x-ferrata-cached", call.cached.encode())]
        if call.cached == "idempotent":
            headers.append((b"idempotency-replayed", b"true"))
        await self._send(call, send, stored.status, body, headers, kind=stored.headers[0] if stored.headers else JSON)

    async def _stream(self, call: Call, keeper: Doorkeeper, opened: Opened, reuse: Reuse, send: Send) -> None:
        """Send the pieces as they come; what ends the answer waits until the call is written down."""
        call.first = time.time_ns()
        call.status = 200
        last, told = b"", _Told(call, keeps=reuse.wanted)
        try:
            await send(
                {"type": "http.response.start", "status": 200, "headers": [_EVENTS, _FRESH, *self._headers(call)]}
            )
            raw, chunks = opened.begin
            told.note(raw, chunks)
            await send({"type": "http.response.body", "body": raw, "more_body": True})
            async for raw, chunks in opened.rest:
                if not told.note(raw, chunks):
                    continue
                if last or raw.startswith(_LAST):
                    last += raw
                else:
                    await send({"type": "http.response.body", "body": raw, "more_body": True})
            call.blocked = opened.blocked
            await reuse.keep(told.kept, _EVENTS, complete=told.keeps, tool_calls=False)
        except ModelError as error:
            _log.warning("%s broke off: %s", call.id, error.message)
            call.error = error.code
            last = self._broken(call, for_client(error, call.endpoint.name if call.endpoint else ""))
            reuse.give_up()
        finally:
            await opened.aclose()
            if opened.paid is not None:
                call.paid = opened.paid
            if call.usage is None and not call.of_flow:
                # The vendor bills what it made until then; nearly every piece is a token.
                call.usage, call.estimated = Usage(call.size // 4 + 1, told.pieces), True
        self._write(call, keeper)
        await send({"type": "http.response.body", "body": last})

    def _broken(self, call: Call, error: FerrataError) -> bytes:
        """What ends a stream that cannot go on."""
        if self._dialect.wire is None:
            return b""
        return self._dialect.wire.writer(call.asked()).fail(error)

    async def _refuse(self, call: Call, keeper: Doorkeeper, error: FerrataError, send: Send) -> None:
        if call.status == 200:  # an answer has begun, and can only be broken off
            call.error = error.code
            return
        call.status, call.error = error.status, error.code
        headers = self._headers(call)
        if (wait := getattr(error, "retry_after", None)) is not None:
            headers.append((b"retry-after", b"%d" % max(1, round(wait))))
        if isinstance(error, OverLimit):
            headers += [(name.encode(), value.encode()) for name, value in error.numbers.items()]
            if not error.retryable:
                headers.append((b"x-should-retry", b"false"))
        if error.status == 413:
            headers.append((b"connection", b"close"))
        self._write(call, keeper)
        await send_whole(send, error.status, orjson.dumps(self._dialect.error(error, call.id)), headers)

    async def _send(
        self,
        call: Call,
        send: Send,
        status: int,
        body: bytes,
        headers: list[tuple[bytes, bytes]],
        *,
        kind: tuple[bytes, bytes] = JSON,
    ) -> None:
        """Send an answer at once, by the server's quicker way where it has one."""
        if call.answer is None or not call.answer(status, [kind, *headers], body):
            await send_whole(send, status, body, headers, kind=kind)

    def _headers(self, call: Call) -> list[tuple[bytes, bytes]]:
        found = [(b"x-request-id", call.id.encode())]
        if call.route:
            found.append((b"x-ferrata-route", call.route.encode()))
        if call.release:
            found.append((RELEASE, call.release.encode()))
        return found

    def _write(self, call: Call, keeper: Doorkeeper) -> None:
        """Write the span, once; of what came without a key nothing is kept."""
        if call.written or call.endpoint is None:
            return
        call.written = True
        keeper.settle(call)
        self._record(call.span())
        if call.endpoint.shadows:
            call.endpoint.shadows.chat(call, call.endpoint, self._record)


class _Told:
    """What has come of a stream.

    Attributes:
        pieces: that said something.
        kept: the bytes, as long as they are kept.
        keeps: whether they are.
    """

    __slots__ = ("_call", "_size", "keeps", "kept", "pieces")

    def __init__(self, call: Call, *, keeps: bool) -> None:
        self._call = call
        self._size = self.pieces = 0
        self.kept = list[bytes]()
        self.keeps = keeps

    def note(self, raw: bytes, chunks: list[ChatChunk]) -> bool:
        """Take a piece; whether it has bytes for the client."""
        call = self._call
        if chunks:
            self.pieces += 1
            for chunk in chunks:
                if chunk.finish is not None:
                    call.finish = chunk.finish
                if chunk.usage is not None:
                    call.usage = chunk.usage
                if chunk.model:
                    call.model = chunk.model
        elif call.hides_usage and says_usage_alone(raw):
            return False
        if self.keeps:
            self.kept.append(raw)
            self._size += len(raw)
            self.keeps = self._size <= _MOST_KEPT
        return bool(raw)


def _dispose(answer: Whole | Opened) -> Awaitable[object] | None:
    return answer.aclose() if isinstance(answer, Opened) else None
