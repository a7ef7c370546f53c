"""The served flow as an ASGI application: routes, ids, errors, the log, and the page on which one tries it.

Knows no sockets and no signals.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import time
from importlib import resources
from typing import TYPE_CHECKING, Any, cast

from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.routing import Route, Router

from ferrata import __version__
from ferrata.errors import UsageError
from ferrata.flows.serve.asked import request_id_of
from ferrata.flows.serve.feedback import Feedback
from ferrata.flows.serve.refusals import Refusal
from ferrata.flows.serve.score import Score, returned_outputs
from ferrata.flows.serve.swagger import swagger_of
from ferrata.flows.serve.watching import ClientLeft
from ferrata.telemetry import emit_to

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ferrata.flows.base import LoadedFlow
    from ferrata.flows.types import Flow
    from ferrata.telemetry import SpanSink

__all__ = ["FlowApplication"]

_INCLUDED = "PROMPTFLOW_RESPONSE_INCLUDED_FIELDS"
_LEFT = 499  # in the log, for a client that did not wait
_log = logging.getLogger("ferrata.flows.serve")


class FlowApplication:
    """One flow: `/score`, `/feedback`, `/health`, `/version`, `/swagger.json` and a page at `/`.

    It may lie below a path, which stands in the scope's `root_path`. Whoever mounts it may give the request's id as `request_id` in the
    scope's `state`, finds there as `error` what a request failed with, and may `join_trace` around it: then the request's span is his.

    Args:
        loaded: runs the rows.
        flow: inputs and outputs, as the flow's file says.
        sink: takes the spans; None: they go nowhere, and feedback into the log.
        concurrency: rows at a time.
        timeout: seconds for a row; None: it may take for ever.
        most_bytes: of a request's body.
        origins: web pages of these origins may ask; `*` for all.

    Raises:
        UsageError: the variable PROMPTFLOW_RESPONSE_INCLUDED_FIELDS is no JSON list.
    """

    def __init__(
        self,
        loaded: LoadedFlow,
        flow: Flow,
        *,
        sink: SpanSink | None = None,
        concurrency: int = 64,
        timeout: float | None = None,
        most_bytes: int = 16_000_000,
        origins: Sequence[str] = (),
    ) -> None:
        returned = returned_outputs(flow, _included())
        sample = flow.sample.get("inputs", flow.sample)
        self._swagger = swagger_of(flow, returned, example=_examples(flow) or cast("dict[str, Any]", sample))
        self._page, self._policy = _page(flow.name)
        self._sink = sink
        self._origins = frozenset(origins)
        self._score = Score(
            loaded, flow, returned=returned, concurrency=concurrency, timeout=timeout, most_bytes=most_bytes
        )
        self._router: ASGIApp = Router(
            [
                Route("/score", self._score, methods=["POST"]),
                Route("/feedback", Feedback(echo=sink is None), methods=["POST"]),
                Route("/health", _health, methods=["GET"]),
                Route("/version", _version, methods=["GET"]),
                Route("/swagger.json", self._show_swagger, methods=["GET"]),
                Route("/", self._show_page, methods=["GET"]),
            ],
            redirect_slashes=False,
        )
        if origins:
            self._router = CORSMiddleware(
                self._router, allow_origins=list(origins), allow_methods=["*"], allow_headers=["*"]
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every answer has an id, and every request a line in the log."""
        if scope["type"] != "http":
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        state = scope.setdefault("state", {})
        request_id: str = state.get("request_id") or request_id_of(headers)
        state["request_id"] = request_id
        scope["app"] = self  # with it, Starlette's router raises what it would answer in its own words
        status, started = 0, time.monotonic()

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                ours = [(b"x-request-id", request_id.encode("latin-1")), (b"x-content-type-options", b"nosniff")]
                message = {**message, "headers": [*message["headers"], *ours]}
            await send(message)

        try:
            await self._respond(headers, scope, receive, answer)
        except (ClientLeft, ClientDisconnect):
            status = _LEFT
            state["error"] = "client_left"
        except Exception:  # the boundary of a request: logged, and answered without its reason
            _log.exception("%s %s: no answer, id %s", scope["method"], scope["path"], request_id)
            state["error"] = "internal"
            if status:  # an answer has begun, and can only be broken off
                raise
            await Refusal(500, "the server failed; its log says why").response(request_id)(scope, receive, answer)
        finally:
            seconds = time.monotonic() - started
            _log.info("%s %s %s %.3f s %s", scope["method"], scope["path"], status, seconds, request_id)

    async def _respond(self, headers: dict[str, str], scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == (below := scope.get("root_path", "")) != "":
            await RedirectResponse(f"{below}/")(scope, receive, send)  # the page names what it asks relative to itself
            return
        try:
            if scope["method"] == "POST" and not self._origins and headers.get("sec-fetch-site") in _FOREIGN:
                raise Refusal(403, "a page of another origin asks; --allow-origin would let it")
            if self._sink is None:
                await self._router(scope, receive, send)
            else:
                with emit_to(self._sink):
                    await self._router(scope, receive, send)
        except HTTPException as error:
            what = f"{scope['method']} {scope['path']}: {error.detail}"
            refusal = Refusal(error.status_code, what, headers=error.headers)
            scope["state"]["error"] = refusal.code
            await refusal.response(scope["state"]["request_id"])(scope, receive, send)
        except Refusal as error:
            scope["state"]["error"] = error.code
            await error.response(scope["state"]["request_id"])(scope, receive, send)

    async def _show_swagger(self, request: Request) -> Response:
        below = request.scope.get("root_path", "")
        return JSONResponse({**self._swagger, "servers": [{"url": below}]} if below else self._swagger)

    async def _show_page(self, _request: Request) -> Response:
        return HTMLResponse(self._page, headers={"content-security-policy": self._policy})

    def close(self) -> None:
        """Let go of the threads."""
        self._score.close()


_FOREIGN = ("cross-site", "same-site")


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "Healthy", "version": __version__})


async def _version(_request: Request) -> Response:
    built = os.environ.get("BUILD_INFO", "")
    version: Any = __version__
    try:
        version = json.loads(built)["build_number"]
    except (ValueError, KeyError, TypeError):
        pass
    return JSONResponse({"status": "Healthy", "build_info": built, "version": version})


def _included() -> Collection[str] | None:
    given = os.environ.get(_INCLUDED)
    if not given:
        return None
    try:
        found: object = json.loads(given)
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise UsageError(f"the variable {_INCLUDED} is {given!r}", hint="set it to a JSON list of outputs, or unset it")
    return [str(name) for name in cast("list[Any]", found)]


def _examples(flow: Flow) -> dict[str, Any] | None:
    """The first of the flow's samples.json, if it has one."""
    try:
        found: object = json.loads((flow.folder / "samples.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    first: object = cast("list[Any]", found)[0] if isinstance(found, list) and found else None
    return cast("dict[str, Any]", first) if isinstance(first, dict) else None


def _page(name: str) -> tuple[str, str]:
    """The page, and the policy that lets its own script and style run and nothing else."""
    text = resources.files("ferrata.flows.serve").joinpath("page.html").read_text(encoding="utf-8")
    inline = {kind: text.partition(f"<{kind}>")[2].partition(f"</{kind}>")[0] for kind in ("script", "style")}
    hashes = {kind: base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for kind, code in inline.items()}
    policy = (
        f"default-src 'none'; script-src 'sha256-{hashes['script']}'; style-src 'sha256-{hashes['style']}'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    escaped = name.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return text.replace("{{name}}", escaped), policy
