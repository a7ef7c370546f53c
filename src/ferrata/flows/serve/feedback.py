"""`POST /feedback`: what people say of an answer becomes a span, in the trace that `traceparent` names. Judges nothing."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse

from ferrata.flows.serve.asked import baggage_of, read_body, remote_of
from ferrata.telemetry import open_span

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

__all__ = ["Feedback"]

_MOST_BYTES = 1_000_000
_NAME = "promptflow-feedback"  # as Prompt Flow calls it, for what reads its traces
_log = logging.getLogger("ferrata.flows.serve")


class Feedback:
    """Answers `POST /feedback`; an ASGI application.

    Args:
        echo: write each into the log, because no file of spans takes it.
    """

    def __init__(self, *, echo: bool) -> None:
        self._echo = echo

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Record one."""
        request = Request(scope, receive)
        text = (await read_body(request, _MOST_BYTES)).decode("utf-8", "replace")
        with open_span(_NAME, "function") as span:
            if (remote := remote_of(request.headers)) is not None:
                span.trace_id, span.parent_id = remote
            span.attributes["ferrata.request"] = scope["state"]["request_id"]
            if request.query_params.get("flatten", "").lower() == "true":
                span.attributes |= _flat(text)
            else:
                span.attributes["feedback"] = text
            span.attributes |= baggage_of(request.headers)
        if self._echo:
            said = {"time": round(time.time(), 3), "trace_id": span.trace_id, **span.attributes}
            _log.info("feedback %s", json.dumps(said, ensure_ascii=True))
        await JSONResponse({"status": "Feedback received."})(scope, receive, send)


def _flat(text: str) -> dict[str, Any]:
    """Each key by itself; what has no plain value as JSON. All of it as one where it is no JSON object."""
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return {"feedback": text}
    if not isinstance(found, dict):
        return {"feedback": text}
    about = cast("dict[str, Any]", found)
    return {key: value if isinstance(value, str | int | float) else json.dumps(value) for key, value in about.items()}
