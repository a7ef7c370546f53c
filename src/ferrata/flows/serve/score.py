"""`POST /score`: one row through the flow, answered as JSON or as events.

Knows no sockets. A row that is cancelled stops where it waits; synchronous Python code goes on in its thread to its end.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from ferrata.flows.data import shown
from ferrata.flows.failures import error_of
from ferrata.flows.images import images_as_data
from ferrata.flows.serve.asked import accepted, inputs_of, read_body, remote_of
from ferrata.flows.serve.logs import log_line
from ferrata.flows.serve.refusals import Refusal, refusal_of_line
from ferrata.flows.serve.watching import ClientLeft, send_in_time, unless_left
from ferrata.flows.streams import each_piece, is_stream
from ferrata.runs import Threads
from ferrata.telemetry import current_span, open_span

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Mapping

    from starlette.types import Receive, Scope, Send

    from ferrata.flows.base import LoadedFlow
    from ferrata.flows.types import Flow, LineResult
    from ferrata.telemetry import Span

__all__ = ["EVENTS", "Score", "returned_outputs"]

EVENTS = "text/event-stream"
_JSON = frozenset(("application/json", "application/*", "*/*"))
_log = logging.getLogger("ferrata.flows.serve")


def returned_outputs(flow: Flow, included: Collection[str] | None = None) -> frozenset[str]:
    """The outputs that are sent: those that `included` names; else all that are not for evaluation only."""
    if included is not None:
        return frozenset(name for name in flow.outputs if name in included)
    return frozenset(name for name, spec in flow.outputs.items() if not spec.evaluation_only)


class Score:
    """Answers `POST /score`; an ASGI application.

    Args:
        loaded: runs the rows.
        flow: inputs and outputs, as the flow's file says.
        returned: names of the outputs that are sent, of those that the file names.
        concurrency: rows at a time; more are refused with 503.
        timeout: seconds for a row, the pieces of a stream included.
        most_bytes: of a request's body.
    """

    def __init__(
        self,
        loaded: LoadedFlow,
        flow: Flow,
        *,
        returned: Collection[str],
        concurrency: int,
        timeout: float | None,
        most_bytes: int,
    ) -> None:
        self._loaded = loaded
        self._flow = flow
        self._hidden = flow.outputs.keys() - returned
        self._vision = flow.message_format == "openai-vision"
        self._free = concurrency
        self._timeout = timeout
        self._most_bytes = most_bytes
        self._threads = Threads()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            Refusal: it gets no outputs.
            ClientLeft: nobody waits for the answer.
        """
        request = Request(scope, receive)
        with self._place(), _span_of(request) as span:
            body = await read_body(request, self._most_bytes)
            data = inputs_of(self._flow, body, request.headers.get("content-type", ""))
            await self._answer(request, data, span, send)

    @contextmanager
    def _place(self) -> Generator[None]:
        if self._free <= 0:
            raise Refusal(503, "as many rows are running as may", names=("TooManyRows",), headers={"retry-after": "1"})
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1

    async def _answer(self, request: Request, data: Mapping[str, Any], span: Span, send: Send) -> None:
        request_id = request.scope["state"]["request_id"]
        accepts = accepted(request.headers)
        ends = None if self._timeout is None else asyncio.get_running_loop().time() + self._timeout
        row = self._loaded.line(data, stream=EVENTS in accepts, timeout=self._timeout)
        result = await unless_left(row, request.receive)
        log_line(result, request_id)
        if result.error is not None:
            raise refusal_of_line(result.error)
        output = {name: value for name, value in result.output.items() if name not in self._hidden}
        streams = {
            name: output.pop(name) for name, value in result.output.items() if name in output and is_stream(value)
        }
        _check_accepted(accepts, streams)
        headers = {"traceresponse": f"00-{span.trace_id}-{span.span_id}-01"}
        if not streams:
            content = self._as_data(output["output"] if self._is_bare(result) else output)
            response = Response(json.dumps(content, ensure_ascii=False), headers=headers, media_type="application/json")
            await response(request.scope, request.receive, send)
            return
        ((name, pieces),) = streams.items()
        stream = self._stream(output, name, pieces, headers, ends, send, request.scope["state"])
        await unless_left(stream, request.receive)

    async def _stream(
        self,
        output: dict[str, Any],
        name: str,
        pieces: Any,
        headers: Mapping[str, str],
        ends: float | None,
        send: Send,
        state: dict[str, Any],
    ) -> None:
        """Send what is whole in one event, then an event for each piece; what goes wrong on the way is an event `error`."""
        head = {"content-type": f"{EVENTS}; charset=utf-8", "cache-control": "no-store", **headers}
        named = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in head.items()]
        await send({"type": "http.response.start", "status": 200, "headers": named})

        async def event(data: Any, kind: str = "") -> None:
            text = f"event: {kind}\n" if kind else ""
            body = f"{text}data: {json.dumps(data)}\n\n".encode()
            await send_in_time(send, {"type": "http.response.body", "body": body, "more_body": True})

        async def broken(why: Mapping[str, Any]) -> None:
            refusal = refusal_of_line(why)
            state["error"] = refusal.code
            await event(refusal.body(request_id), "error")

        request_id: str = state["request_id"]
        if output:
            await event(self._as_data(output))
        items = each_piece(pieces, self._threads)
        try:
            async with asyncio.timeout_at(ends):
                async for piece in items:
                    await event({name: self._as_data(piece)})
        except TimeoutError:
            late = {
                "code": "LineExecutionTimeoutError",
                "message": f"the row was not done in {self._timeout:g} seconds",
            }
            await broken(late)
        except ClientLeft:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the user's generator raises is told and logged
            _log.warning("%s the stream broke off: %s: %s", request_id, type(error).__name__, error)
            await broken(error_of(error))
        finally:
            await items.aclose()
        await send({"type": "http.response.body", "body": b""})

    def _as_data(self, value: Any) -> Any:
        return shown(images_as_data(value, vision=self._vision))

    def _is_bare(self, result: LineResult) -> bool:
        """Whether a function gave something else than a mapping: then that is the answer, without a name around it."""
        if self._flow.kind == "dag" or set(result.output) != {"output"}:
            return False
        given = [node.output for node in result.nodes.values()]
        return len(given) == 1 and not isinstance(given[0], dict) and not dataclasses.is_dataclass(given[0])

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.close()


@contextmanager
def _span_of(request: Request) -> Generator[Span]:
    """The request's span: that of whoever serves the flow and has one open, or one of its own."""
    around = current_span()
    if around is not None:
        yield around
        return
    with open_span("POST /score", "function") as span:
        span.attributes["ferrata.request"] = request.scope["state"]["request_id"]
        if (remote := remote_of(request.headers)) is not None:
            span.trace_id, span.parent_id = remote
        yield span


def _check_accepted(accepts: Collection[str], streams: Mapping[str, Any]) -> None:
    if len(streams) > 1:
        names = ", ".join(streams)
        raise Refusal(
            400, f"several outputs come in pieces: {names}", names=("MultipleStreamOutputFieldsNotSupported",)
        )
    if not streams and not _JSON.intersection(accepts):
        asked = ", ".join(sorted(accepts))
        raise Refusal(406, f"the answer is application/json, and {asked} is accepted", names=("NotAcceptable",))
