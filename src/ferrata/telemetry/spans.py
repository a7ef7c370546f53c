"""A span, the one that is open here, and where ended ones go.

Follows OpenTelemetry's model: ids of 16 and 8 bytes, nanoseconds since the epoch, attributes by its GenAI conventions where they
have a name. Knows no exporter.
"""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ferrata.redaction import hide_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager
    from typing import TypeAlias

    from ferrata.messages import Usage
    from ferrata.telemetry.sinks import SpanSink

__all__ = [
    "Span",
    "add_usage",
    "current_span",
    "emit_to",
    "hear_busy",
    "hear_waits",
    "join_trace",
    "open_span",
    "tell_busy",
    "tell_wait",
]

T = TypeVar("T")
if TYPE_CHECKING:
    _Listening: TypeAlias = ContextVar[Callable[[T], object] | None]

_ids = random.Random()  # noqa: S311 - ids need to be different, not secret


@dataclass(slots=True)
class Span:
    """Something that ran.

    Attributes:
        name: what, as `retrieve` or `chat gpt-4o-mini`.
        kind: `flow`, `node`, `function`, `llm`, `embedding`, `retrieval`, `tool`.
        trace_id: 32 hexadecimal digits.
        span_id: 16 of them.
        parent_id: the span in which it ran; empty at the top.
        started: nanoseconds since the epoch.
        ended: likewise; 0 while it runs.
        attributes: names as OpenTelemetry's, values that JSON knows.
        error: what it failed with; empty if it did not.
        usage: tokens of the models that were asked in it, spans within included; None if none was.
        cost: US dollars likewise; None where none is known.
    """

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str = ""
    started: int = 0
    ended: int = 0
    attributes: dict[str, Any] = field(default_factory=dict[str, Any])
    error: str = ""
    usage: Usage | None = None
    cost: float | None = None
    parent: Span | None = field(default=None, repr=False, compare=False)

    def as_json(self) -> dict[str, Any]:
        """The span as data."""
        found: dict[str, Any] = {
            "name": self.name,
            "kind": self.kind,
            "trace_id": self.trace_id,
            "span_id": self.span_id,
            "parent_id": self.parent_id,
            "started": self.started,
            "ended": self.ended,
            "attributes": self.attributes,
        }
        if self.error:
            found["error"] = self.error
        if self.usage is not None:
            found["input_tokens"] = self.usage.input_tokens
            found["output_tokens"] = self.usage.output_tokens
        if self.cost is not None:
            found["cost_usd"] = self.cost
        return found


_open: ContextVar[Span | None] = ContextVar("ferrata_span", default=None)
_sink: ContextVar[SpanSink | None] = ContextVar("ferrata_span_sink", default=None)
_waits: _Listening[float] = ContextVar("ferrata_waits", default=None)
_busy: _Listening[float | None] = ContextVar("ferrata_busy", default=None)


def current_span() -> Span | None:
    """The innermost span that is open here."""
    return _open.get()


@contextmanager
def emit_to(sink: SpanSink) -> Generator[None]:
    """Send the spans that end in this block, and in tasks and threads started in it with its context, to `sink`."""
    token = _sink.set(sink)
    try:
        yield
    finally:
        _sink.reset(token)


class _Opening:
    """As `open_span`. A class, as those below, because a generator's block takes twice the time, and a call opens many."""

    __slots__ = ("_attributes", "_kind", "_name", "_span", "_token")

    def __init__(self, name: str, kind: str, attributes: dict[str, Any] | None) -> None:
        self._name, self._kind, self._attributes = name, kind, attributes

    def __enter__(self) -> Span:
        parent = _open.get()
        span = self._span = Span(
            self._name,
            self._kind,
            parent.trace_id if parent else f"{_ids.getrandbits(128):032x}",
            f"{_ids.getrandbits(64):016x}",
            parent.span_id if parent else "",
            time.time_ns(),
            attributes={} if self._attributes is None else self._attributes,
            parent=parent,
        )
        self._token = _open.set(span)
        return span

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        span = self._span
        if kind is not None:
            span.error = hide_secrets(f"{kind.__name__}: {error}")
        _open.reset(self._token)
        span.ended = time.time_ns()
        sink = _sink.get()
        if sink is not None:
            sink.emit(span)


def open_span(name: str, kind: str, attributes: dict[str, Any] | None = None) -> AbstractContextManager[Span]:
    """A span around the block; an exception is its error and goes on.

    Where a sink fails, the block does not: telemetry never breaks what it watches.
    """
    return _Opening(name, kind, attributes)


class _Joining:
    """As `join_trace`."""

    __slots__ = ("_span", "_token")

    def __init__(self, trace_id: str, span_id: str) -> None:
        self._span = Span("", "", trace_id or f"{_ids.getrandbits(128):032x}", span_id)

    def __enter__(self) -> Span:
        self._span.parent = _open.get()
        self._token = _open.set(self._span)
        return self._span

    def __exit__(self, *_exception: object) -> None:
        _open.reset(self._token)


def join_trace(trace_id: str = "", span_id: str = "") -> AbstractContextManager[Span]:
    """As if a span that somebody else writes were open in the block: what opens there is within it.

    Args:
        trace_id: of that span; empty: a new one.
        span_id: of it; empty: what opens in the block stands at the top of the trace.

    Returns:
        A span that goes to no sink. It counts what models take in the block, and so does whatever was open around it.
    """
    return _Joining(trace_id, span_id)


def add_usage(usage: Usage | None, cost: float | None) -> None:
    """Count what a model's call took for the open span and for all around it."""
    span = _open.get()
    while span is not None:
        if usage is not None:
            span.usage = usage if span.usage is None else span.usage + usage
        if cost is not None:
            span.cost = cost if span.cost is None else span.cost + cost
        span = span.parent


class _Hearing(Generic[T]):
    """Somebody listens in a block, and where `too` is true whoever listened before as well."""

    __slots__ = ("_before", "_listener", "_token", "_too", "_where")

    def __init__(self, where: _Listening[T], listener: Callable[[T], object], *, too: bool) -> None:
        self._where, self._listener, self._too = where, listener, too

    def __enter__(self) -> None:
        self._before = self._where.get() if self._too else None
        self._token = self._where.set(self._listener if self._before is None else self._both)

    def __exit__(self, *_exception: object) -> None:
        self._where.reset(self._token)

    def _both(self, said: T) -> None:
        self._listener(said)
        if self._before is not None:
            self._before(said)


def hear_busy(listener: Callable[[float | None], object], *, too: bool = False) -> AbstractContextManager[None]:
    """Tell `listener` when, in this block and in tasks started in it, a model refuses a call because there are too many.

    Args:
        listener: takes the seconds after which the vendor said to come again, or None.
        too: who listened before hears it as well.
    """
    return _Hearing(_busy, listener, too=too)


def tell_busy(retry_after: float | None) -> None:
    """Say that a model refused a call because there are too many, and that it will be asked again."""
    listener = _busy.get()
    if listener is not None:
        listener(retry_after)


def hear_waits(listener: Callable[[float], object]) -> AbstractContextManager[None]:
    """Tell `listener` of each wait, in this block and in what is started in it, for a limit of one's own; who listened before hears it too.

    Args:
        listener: takes the seconds that somebody begins to wait for his turn. They are no part of what a call takes.
    """
    return _Hearing(_waits, listener, too=True)


def tell_wait(seconds: float) -> None:
    """Say that a call begins to wait so long for its turn, because of a limit that was set here."""
    listener = _waits.get()
    if listener is not None:
        listener(seconds)
