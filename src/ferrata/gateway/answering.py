"""One attempt: a call's body to a route's model and its answer back, through as it is or translated.

Knows nothing of other routes, keys or limits.
"""

from __future__ import annotations

from contextlib import aclosing, nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from ferrata.errors import ModelRequestInvalid
from ferrata.gateway.speaking import object_at
from ferrata.messages import ChatResponse, Message
from ferrata.telemetry import join_trace

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ferrata.gateway.call import Call
    from ferrata.gateway.endpoints import Backend
    from ferrata.gateway.guarded import GuardedOutput
    from ferrata.messages import ChatChunk
    from ferrata.providers import RemoteModel, Timeouts
    from ferrata.telemetry import Span

__all__ = ["Opened", "Whole", "ask", "embed", "open_stream", "says_usage_alone"]

Piece = tuple[bytes, "list[ChatChunk]"]
_FORWARDED = ((b"anthropic-version", "anthropic-version"), (b"anthropic-beta", "anthropic-beta"))


class Whole(NamedTuple):
    """An answer for a client: its bytes, and what is known of it; of embeddings model and usage alone."""

    body: bytes
    response: ChatResponse


class Opened:
    """A stream whose answer has begun; a piece of it is bytes for the client and what is in them.

    Args:
        held: the pieces up to the first that says something.
        rest: those that are to come.
        guard: that looks at it, or None.
        total: counts what the models of a flow take, while it goes on; None where no flow answers.

    Attributes:
        begin: the pieces that were held, as one.
        rest: as above.
    """

    __slots__ = ("_guard", "_total", "begin", "rest")

    def __init__(
        self, held: list[Piece], rest: AsyncGenerator[Piece], guard: GuardedOutput | None, total: Span | None
    ) -> None:
        self._total = total
        self._guard = guard
        self.begin: Piece = (b"".join(raw for raw, _ in held), [chunk for _, chunks in held for chunk in chunks])
        self.rest = rest

    @property
    def blocked(self) -> str:
        """The guard that ended the answer; empty where none did."""
        return self._guard.blocked if self._guard is not None else ""

    @property
    def paid(self) -> float | None:
        """US dollars that a flow's models took so far."""
        return self._total.cost if self._total is not None else None

    async def aclose(self) -> None:
        """Give the rest up, which ends the request at the vendor's."""
        await self.rest.aclose()


async def ask(call: Call, backend: Backend, timeouts: Timeouts) -> Whole:
    """The whole answer of a route.

    Raises:
        ModelError: there is none.
    """
    remote = backend.remote
    if remote is not None and remote.wire == call.dialect.name:
        body = {**backend.defaults, **call.body} if backend.defaults else call.body
        return Whole(*await remote.pass_on(body, headers=_forwarded(call), timeouts=timeouts))
    request = call.asked().request
    if backend.is_flow:
        with join_trace(*call.trace) as span:
            response = await _model(backend).chat(request)
        call.paid = span.cost
    else:
        response = await _model(backend).chat(request)
    assert call.dialect.wire is not None  # noqa: S101 - embeddings go another way
    return Whole(orjson.dumps(call.dialect.wire.response(response, call.asked())), response)


async def open_stream(call: Call, backend: Backend, timeouts: Timeouts) -> Opened:
    """A stream of a route, up to the first piece that says something; before it, another route may be asked.

    Raises:
        ModelError: there is none.
    """
    remote = backend.remote
    guards = call.endpoint.guards if call.endpoint is not None else None
    guard = guards.output() if guards is not None and guards.looks_at_output else None
    if remote is not None and remote.wire == call.dialect.name and guard is None:
        pieces = _through(call, backend, remote, timeouts)
    else:
        pieces = _translated(call, backend, guard)
    held: list[Piece] = []
    try:
        # A flow begins with the first piece, and goes on within the trace in which it began.
        with join_trace(*call.trace) if backend.is_flow else nullcontext() as total:
            async for piece in pieces:
                held.append(piece)
                if any(chunk.text or chunk.tool_calls or chunk.finish for chunk in piece[1]):
                    break
    except BaseException:
        await pieces.aclose()
        raise
    return Opened(held, pieces, guard, total)


async def embed(call: Call, backend: Backend, timeouts: Timeouts) -> Whole:
    """Vectors of a route.

    Raises:
        ModelError: there are none.
    """
    if backend.embeddings is None:
        raise ModelRequestInvalid(f"the endpoint {call.endpoint.name if call.endpoint else ''!r} has no embeddings")
    body, model, usage = await backend.embeddings.pass_on(call.body, timeouts=timeouts)
    return Whole(body, ChatResponse("", model, Message("assistant"), usage=usage))


def _model(backend: Backend) -> Any:
    if backend.model is None:
        raise ModelRequestInvalid("the endpoint gives embeddings only", hint="call it at /v1/embeddings")
    return backend.model


def _forwarded(call: Call) -> dict[str, str] | None:
    """Headers that belong to the format and not to the connection."""
    if call.dialect.name != "anthropic-messages":
        return None
    return {name: value.decode("latin-1") for key, name in _FORWARDED if (value := call.headers.get(key)) is not None}


def _through(call: Call, backend: Backend, remote: RemoteModel, timeouts: Timeouts) -> AsyncGenerator[Piece]:
    """A stream of the client's own format, event by event as it comes."""
    body = {**backend.defaults, **call.body} if backend.defaults else call.body
    if call.dialect.name != "openai-chat":
        return remote.pass_stream(body, headers=_forwarded(call), timeouts=timeouts)
    options = object_at(call.body, "stream_options")
    if not options.get("include_usage"):
        body = {**body, "stream_options": {**options, "include_usage": True}}
        call.hides_usage = True
    return remote.pass_stream(body, timeouts=timeouts)


async def _translated(call: Call, backend: Backend, guard: GuardedOutput | None) -> AsyncGenerator[Piece]:
    """A stream that is read and written anew."""
    asked = call.asked()
    assert call.dialect.wire is not None  # noqa: S101 - embeddings do not come in pieces
    writer = call.dialect.wire.writer(asked)
    async with aclosing(_model(backend).stream(asked.request)) as given:
        async with aclosing(given if guard is None else guard.stream(given)) as chunks:
            async for chunk in chunks:
                yield writer.write(chunk), [chunk]
    if end := writer.end():
        yield end, []


def says_usage_alone(raw: bytes) -> bool:
    """Whether an event of OpenAI's chat format says the usage and nothing else."""
    return b'"usage"' in raw and b'"choices":[]' in raw.replace(b" ", b"")
