"""`@trace`: every call of a function is a span, with its inputs and its output.

Works for functions, coroutine functions, and both kinds of generators: of an iterator, the span ends when it is used up or closed.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Iterator
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from ferrata.flows.traced_values import shown, shown_inputs
from ferrata.redaction import hide_secrets
from ferrata.telemetry import open_span

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from ferrata.telemetry import Span

__all__ = ["TracedAsyncIterator", "TracedIterator", "trace", "traced"]


def trace(func: Callable[..., Any]) -> Any:
    """Make a span of every call; works with and without `async`."""
    return traced(func)


def traced(func: Callable[..., Any], *, kind: str = "function", name: str | None = None) -> Callable[..., Any]:
    """Likewise.

    Args:
        func: the function; the result's `__original_function` is it.
        kind: of the spans.
        name: of the spans; the function's if None.
    """
    called = name or getattr(func, "__name__", type(func).__name__)
    signature = functools.cache(lambda: _signature(func))

    def attributes(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        where = f"{getattr(func, '__module__', '')}.{getattr(func, '__qualname__', called)}"
        return {"function": where, "inputs": shown_inputs(signature(), args, kwargs)}

    if inspect.iscoroutinefunction(func):

        @functools.wraps(func)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            with open_span(called, kind, attributes(args, kwargs)) as span:
                return _kept(span, await func(*args, **kwargs))

        wrapped: Callable[..., Any] = run_async
    elif inspect.isgeneratorfunction(func) or inspect.isasyncgenfunction(func):

        @functools.wraps(func)
        def run_generator(*args: Any, **kwargs: Any) -> Any:
            # Its body runs when it is read, so that only then there is something to measure.
            return _proxy(func(*args, **kwargs), called, kind, attributes(args, kwargs))

        wrapped = run_generator
    else:

        @functools.wraps(func)
        def run(*args: Any, **kwargs: Any) -> Any:
            with open_span(called, kind, attributes(args, kwargs)) as span:
                return _kept(span, func(*args, **kwargs))

        wrapped = run
    setattr(wrapped, "__original_function", func)
    return wrapped


def _signature(func: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(func)
    except (TypeError, ValueError):
        return None


def _kept(span: Span, output: Any) -> Any:
    """The output, noted in the span; an iterator gets a span of its own, which lasts as long as it is read."""
    if isinstance(output, Iterator | AsyncIterator) and not isinstance(output, TracedIterator | TracedAsyncIterator):
        span.attributes["output_type"] = "iterator"
        return _proxy(output, span.name, span.kind, {})
    span.attributes["output"] = shown(output)
    return output


def _proxy(output: Any, name: str, kind: str, attributes: dict[str, Any]) -> TracedIterator | TracedAsyncIterator:
    if isinstance(output, AsyncIterator):
        return TracedAsyncIterator(output, name, kind, attributes)
    return TracedIterator(output, name, kind, attributes)


class _Proxy:
    """What both kinds of iterators share: the items so far, and a span in a context of its own.

    The span is opened and closed in one copied context, since whoever reads may do so from any thread or task, and what they do
    between two items is none of the span's business.
    """

    def __init__(self, iterator: Any, name: str, kind: str, attributes: dict[str, Any]) -> None:
        self._iterator = iterator
        self._items: list[Any] = []
        self._context = copy_context()
        self._about = (name, kind, attributes)
        self._manager: AbstractContextManager[Span] | None = None
        self._span: Span | None = None
        self._ended = False

    @property
    def items(self) -> list[Any]:
        """What has been read."""
        return self._items

    def _begin(self) -> None:
        if self._manager is None:
            self._manager = open_span(*self._about)
            self._span = self._context.run(self._manager.__enter__)

    def _end(self, error: BaseException | None = None) -> None:
        if self._ended:
            return
        self._ended = True
        self._begin()
        if self._span is not None:
            self._span.attributes |= {"output_type": "iterated", "output": shown(self._items)}
        if self._manager is not None and error is None:
            self._context.run(self._manager.__exit__, None, None, None)
        elif self._manager is not None and self._span is not None:
            self._span.error = hide_secrets(f"{type(error).__name__}: {error}")
            self._context.run(self._manager.__exit__, None, None, None)


class TracedIterator(_Proxy, Iterator[Any]):
    """An iterator that is a span."""

    def __iter__(self) -> TracedIterator:
        return self

    def __next__(self) -> Any:
        if self._ended:
            raise StopIteration
        self._begin()
        try:
            item = self._context.run(next, self._iterator)
        except StopIteration:
            self._end()
            raise
        except BaseException as error:  # whatever ends the reading ends the span, a cancellation too; raised again
            self._end(error)
            raise
        self._items.append(item)
        return item

    def close(self) -> None:
        """Read no further."""
        close = getattr(self._iterator, "close", None)
        if close is not None:
            self._context.run(close)
        self._end()


class TracedAsyncIterator(_Proxy, AsyncIterator[Any]):
    """An asynchronous iterator that is a span; its body runs in the context of who reads it."""

    def __aiter__(self) -> TracedAsyncIterator:
        return self

    async def __anext__(self) -> Any:
        if self._ended:
            raise StopAsyncIteration
        self._begin()
        try:
            item = await anext(self._iterator)
        except StopAsyncIteration:
            self._end()
            raise
        except BaseException as error:  # likewise
            self._end(error)
            raise
        self._items.append(item)
        return item

    async def aclose(self) -> None:
        """Read no further."""
        close = getattr(self._iterator, "aclose", None)
        if close is not None:
            await close()
        self._end()
