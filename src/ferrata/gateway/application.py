"""The gateway as an ASGI application: what is served at which path.

Knows no socket, no store and no file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.errors import FerrataError
from ferrata.gateway.call import Call
from ferrata.gateway.chatting import Calls
from ferrata.gateway.dialects import CHAT, DIALECTS
from ferrata.gateway.doorkeeper import Doorkeeper
from ferrata.gateway.mcp import McpServer
from ferrata.gateway.mounting import Mounted
from ferrata.gateway.refusals import NoSuchEndpoint, WrongMethod, WrongPath
from ferrata.gateway.speaking import send_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

    from ferrata.access import KeyRing
    from ferrata.gateway.doorkeeper import Limiter
    from ferrata.gateway.endpoints import Endpoints
    from ferrata.gateway.idempotency import Idempotency

__all__ = ["Gateway"]


class Gateway:
    """Answers clients. `follow` gives it the table; before that it is not ready.

    Args:
        ring: the keys.
        limiter: of this process.
        idempotency: answers to requests that name themselves.
        record: takes the span of each call.
    """

    def __init__(
        self, ring: KeyRing, limiter: Limiter, idempotency: Idempotency, record: Callable[[bytes], object]
    ) -> None:
        self._ring = ring
        self._limiter = limiter
        self._record = record
        self._keeper: Doorkeeper | None = None
        self._mounted: Mapping[str, ASGIApp] = {}
        self.problems: Callable[[], list[str]] = lambda: ["no route table was read yet"]
        self._paths: Mapping[tuple[str, str], ASGIApp] = {
            **{
                ("POST", path): Calls(path, dialect, self._current, idempotency, record)
                for path, dialect in DIALECTS.items()
            },
            ("GET", "/v1/models"): self._models,
            ("GET", "/health"): self._health,
            ("GET", "/ready"): self._ready,
        }

    def follow(self, endpoints: Endpoints) -> None:
        """Follow these from the next call on; calls that run go on as they began."""
        self._keeper = Doorkeeper(endpoints, self._ring if endpoints.table.gateway.keys else None, self._limiter)
        self._mounted = self._mounts(endpoints)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        try:
            found = self._paths.get((scope["method"], scope["path"])) or self._other(scope)
            await found(scope, receive, send)
        except FerrataError as error:
            await send_json(send, error.status, CHAT.error(error))

    def _current(self) -> Doorkeeper:
        assert self._keeper is not None  # noqa: S101 - served only when ready
        return self._keeper

    def _other(self, scope: Scope) -> ASGIApp:
        method, path = scope["method"], scope["path"]
        for prefix, mounted in self._mounted.items():
            if path == prefix or path.startswith(f"{prefix}/"):
                return mounted
        if method == "GET" and path.startswith("/v1/models/"):
            return self._model
        methods = sorted({known for known, at in self._paths if at == path})
        if methods:
            raise WrongMethod(f"{path[:200]!r} takes {' and '.join(methods)}, not {method[:20]}")
        raise WrongPath(f"nothing is served at {path[:200]!r}", hint="see /v1/models")

    def _mounts(self, endpoints: Endpoints) -> dict[str, ASGIApp]:
        """What flows serve: their own API below `/endpoints/NAME`, and at the top where there is one alone; tools at `/mcp/NAME`."""
        found: dict[str, ASGIApp] = {}
        flows: list[tuple[str, ASGIApp]] = []
        for name, endpoint in endpoints.by_name.items():
            first = max(endpoint.settings.routes, key=lambda route: route.weight).name
            backend = endpoint.backends[first]
            if backend.application is not None:
                path = f"/endpoints/{name}"
                found[path] = Mounted(name, backend.application, path, self._current, self._record, split=True)
                flows.append((name, backend.application))
            if backend.tools and endpoint.settings.mcp:
                server = McpServer(backend.tools, name=name, version=endpoint.version)
                found[f"/mcp/{name}"] = Mounted(name, server, f"/mcp/{name}", self._current, self._record)
        if len(flows) == 1:
            for path in ("/score", "/feedback", "/swagger.json", "/version"):
                found[path] = Mounted(*flows[0], "", self._current, self._record, split=True)
        return found

    async def _health(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send_json(send, 200, {"status": "ok"})

    async def _ready(self, scope: Scope, receive: Receive, send: Send) -> None:
        problems = self.problems()
        await send_json(send, 503 if problems else 200, {"ready": not problems, "problems": problems})

    async def _models(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._show(scope, send, None)

    async def _model(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._show(scope, send, scope["path"].removeprefix("/v1/models/"))

    async def _show(self, scope: Scope, send: Send, name: str | None) -> None:
        """The endpoints that a key may call, as OpenAI lists models."""
        keeper = self._current()
        call = Call(CHAT, dict(scope["headers"]))
        keeper.identify(call)
        known = [
            {"id": one, "object": "model", "created": 0, "owned_by": "ferrata"}
            for one in keeper.endpoints.by_name
            if call.key is None or call.key.allows(one)
        ]
        if name is None:
            await send_json(send, 200, {"object": "list", "data": known, "has_more": False})
            return
        found = next((one for one in known if one["id"] == name), None)
        if found is None:
            raise NoSuchEndpoint(f"there is no endpoint {name[:100]!r} for this key", hint="see /v1/models")
        await send_json(send, 200, found)
