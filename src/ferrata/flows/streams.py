"""What a node gives piece by piece: handed on as it comes, and remembered for the record.

Its code finds the connections of its flow also while it is read, whoever reads it. Knows no node.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ferrata.flows.known import known_connections, using_connections

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ferrata.runs import Threads

__all__ = ["AsyncPieces", "Pieces", "close_pieces", "each_piece", "is_stream", "joined", "watched"]

_END = object()


class Pieces(Iterator[Any]):
    """An iterator that remembers what it gave."""

    def __init__(self, source: Iterator[Any]) -> None:
        self._source = source
        self._known = known_connections()
        self.items: list[Any] = []

    def __next__(self) -> Any:
        with using_connections(self._known):
            item = next(self._source)
        self.items.append(item)
        return item

    def close(self) -> None:
        """Let go of the source; one that is at work in another thread goes on to its next item."""
        close = getattr(self._source, "close", None)
        if close is not None:
            with suppress(ValueError), using_connections(self._known):
                close()


class AsyncPieces(AsyncIterator[Any]):
    """An asynchronous iterator that remembers what it gave."""

    def __init__(self, source: AsyncIterator[Any]) -> None:
        self._source = source
        self._known = known_connections()
        self.items: list[Any] = []

    async def __anext__(self) -> Any:
        with using_connections(self._known):
            item = await anext(self._source)
        self.items.append(item)
        return item

    async def aclose(self) -> None:
        """Let go of the source."""
        close = getattr(self._source, "aclose", None)
        if close is not None:
            with using_connections(self._known):
                await close()


def is_stream(value: object) -> bool:
    """Whether a value comes piece by piece."""
    return isinstance(value, Iterator | AsyncIterator)


def watched(value: Any) -> Any:
    """The value; one that comes piece by piece remembers what it gave."""
    if isinstance(value, Pieces | AsyncPieces):
        return value
    if isinstance(value, Iterator):
        return Pieces(value)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, AsyncIterator):
        return AsyncPieces(value)  # pyright: ignore[reportUnknownArgumentType]
    return value


async def joined(value: Any) -> Any:
    """The value; what comes piece by piece is read to its end and joined as text."""
    if isinstance(value, AsyncIterator):
        return "".join([str(item) async for item in value])  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, Iterator):
        return "".join(str(item) for item in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return value


async def each_piece(pieces: Any, threads: Threads) -> AsyncGenerator[Any]:
    """What comes piece by piece, of either kind of iterator; the source is closed at the end, or when this is closed.

    Args:
        pieces: the iterator.
        threads: in which one that is not asynchronous is asked.
    """
    try:
        if hasattr(pieces, "__anext__"):
            async for piece in pieces:
                yield piece
            return
        while (piece := await threads.run(lambda: next(pieces, _END))) is not _END:
            yield piece
    finally:
        await close_pieces(pieces)


async def close_pieces(pieces: Any) -> None:
    """Let go of what comes piece by piece and is read no further."""
    if hasattr(pieces, "aclose"):
        await pieces.aclose()
    elif hasattr(pieces, "close"):
        pieces.close()
