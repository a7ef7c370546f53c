"""Bodies as they were before they were compressed for the way: gzip and deflate, piece by piece.

Knows no connection.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol

from ferrata.providers.http.types import Undecodable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["ACCEPTED", "Decoder", "Decoding", "decoder_of"]

ACCEPTED = "gzip, deflate"
_MOST_AT_ONCE = 1_000_000
_MOST_CODINGS = 3
_ANY = zlib.MAX_WBITS | 32  # the head says whether it is gzip or zlib
_RAW = -zlib.MAX_WBITS


class Decoding(Protocol):
    """Undoes one coding, or several."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What `data` stands for."""
        ...

    def end(self) -> None:
        """Nothing more comes."""
        ...


class Decoder:
    """Undoes one coding.

    Args:
        raw: it may be deflate without a head, as some servers send it.
    """

    def __init__(self, *, raw: bool = False) -> None:
        self._raw = raw
        self._undo = zlib.decompressobj(_ANY)
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What `data` stands for, in pieces of at most 1 MB.

        Raises:
            Undecodable: it is not compressed in this way.
        """
        while data:
            piece = self._piece(data)
            self._begun = True
            if piece:
                yield piece
            data = self._undo.unconsumed_tail
            if self._undo.eof and (data := self._undo.unused_data):
                # A gzip file may be several, one after the other.
                self._undo = zlib.decompressobj(_ANY)

    def end(self) -> None:
        """Nothing more comes.

        Raises:
            Undecodable: something is missing.
        """
        if self._begun and not self._undo.eof:
            raise Undecodable("the end is missing")

    def _piece(self, data: bytes) -> bytes:
        try:
            return self._undo.decompress(data, _MOST_AT_ONCE)
        except zlib.error as error:
            if not self._raw or self._begun:
                raise Undecodable(str(error)) from None
        self._undo = zlib.decompressobj(_RAW)
        try:
            return self._undo.decompress(data, _MOST_AT_ONCE)
        except zlib.error as error:
            raise Undecodable(str(error)) from None


class _Chain:
    """Undoes several codings, the last one first."""

    def __init__(self, first: Decoder, then: Decoding) -> None:
        self._first, self._then = first, then

    def feed(self, data: bytes) -> Iterator[bytes]:
        for piece in self._first.feed(data):
            yield from self._then.feed(piece)

    def end(self) -> None:
        self._first.end()
        self._then.end()


def decoder_of(codings: str | None) -> Decoding | None:
    """What undoes the codings that a header `content-encoding` names; None where there is nothing to undo.

    Raises:
        Undecodable: one of them was not asked for.
    """
    if codings is None:
        return None
    names = [name for part in codings.split(",") if (name := part.strip().lower()) not in ("", "identity")]
    if len(names) > _MOST_CODINGS:
        raise Undecodable("it is compressed too often")
    found: Decoding | None = None
    for name in names:
        if name not in _KNOWN:
            raise Undecodable(f"it is compressed by {name[:20]!r}, which was not asked for")
        decoder = _KNOWN[name]()
        found = decoder if found is None else _Chain(decoder, found)
    return found


_KNOWN: dict[str, Callable[[], Decoder]] = {
    "gzip": Decoder,
    "x-gzip": Decoder,
    "deflate": lambda: Decoder(raw=True),
}
