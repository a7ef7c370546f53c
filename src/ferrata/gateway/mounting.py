"""Applications of an endpoint's own below a path, as a flow's `/score`: let in, counted and written down like any call.

Knows no flow.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ferrata.errors import FerrataError
from ferrata.gateway.answers import RELEASE
from ferrata.gateway.call import Call
from ferrata.gateway.dialects import SCORE
from ferrata.gateway.refusals import NoSuchEndpoint
from ferrata.gateway.shadowing import MOST_BYTES
from ferrata.gateway.speaking import send_json
from ferrata.telemetry import join_trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ferrata.gateway.doorkeeper import Doorkeeper
    from ferrata.gateway.endpoints import Endpoint

__all__ = ["Mounted"]

_LEFT = 499


class Mounted:
    """One application of an endpoint.

    Args:
        endpoint: its name.
        application: what answers.
        path: below which it lies; empty: at the top.
        keeper: lets calls in.
        record: takes the span of each call.
        split: each call goes to the application of the route that is its own, `application` is what tells about it.
    """

    def __init__(
        self,
        endpoint: str,
        application: ASGIApp,
        path: str,
        keeper: Callable[[], Doorkeeper],
        record: Callable[[bytes], object],
        *,
        split: bool = False,
    ) -> None:
        self._split = split
        self._endpoint = endpoint
        self._application = application
        self._path = path
        self._keeper = keeper
        self._record = record

    def _of(self, call: Call, endpoint: Endpoint) -> ASGIApp:
        """What answers a call; it is noted on the call."""
        route, application = endpoint.settings.routes[0].name, self._application
        if self._split:
            for one in endpoint.order(call):
                found = endpoint.backends[one.name].application
                if found is not None:
                    route, application = one.name, found
                    break
        backend = endpoint.backends[route]
        call.route, call.provider, call.release, call.attempts = route, backend.name, backend.release, 1
        return application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; only a POST is a call, the rest is about the application."""
        inner: Scope = {**scope, "root_path": scope.get("root_path", "") + self._path}
        if scope["method"] != "POST":
            await self._application(inner, receive, send)
            return
        call = Call(SCORE, dict(scope["headers"]))
        keeper = self._keeper()
        heard, copies = _Heard(receive), False
        state: dict[str, Any] = {**scope.get("state", {}), "request_id": call.id}
        inner["state"] = state

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status = message["status"]
                if call.release:
                    message = {**message, "headers": [*message["headers"], (RELEASE, call.release.encode())]}
            await send(message)

        try:
            keeper.identify(call)
            call.endpoint = keeper.endpoints.by_name.get(self._endpoint)
            if call.endpoint is None or (call.key is not None and not call.key.allows(self._endpoint)):
                raise NoSuchEndpoint(f"there is no endpoint {self._endpoint!r} for this key", hint="see /v1/models")
            application = self._of(call, call.endpoint)
            scored = scope["path"].endswith("/score")
            copies = scored and bool(call.endpoint.shadows)
            if not scored:
                call.drawn = call.unit = ""  # what is said of an answer is none
            await keeper.enter(call)
            with join_trace(*call.trace) as span:
                try:
                    await application(inner, heard if copies else receive, answer)
                finally:
                    call.usage, call.paid = span.usage, span.cost
        except FerrataError as error:
            call.status, call.error = error.status, error.code
            await send_json(send, error.status, SCORE.error(error), [(b"x-request-id", call.id.encode())])
        except asyncio.CancelledError:
            call.status, call.error = _LEFT, "client_left"
            raise
        finally:
            call.error = call.error or str(state.get("error") or "")
            keeper.leave(call)
            if call.endpoint is not None:
                self._record(call.span())
                if copies:
                    call.endpoint.shadows.score(call, call.endpoint, inner, bytes(heard.body), self._record)


class _Heard:
    """The body of a request, kept while it is read, as far as copies of it are sent."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.body = bytearray()

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request" and len(self.body) <= MOST_BYTES:
            self.body += message.get("body", b"")
        return message
