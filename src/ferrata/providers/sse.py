"""Server-sent events, read from bytes as they come and written.

Knows nothing of what the events mean.
"""

from __future__ import annotations

from typing import NamedTuple

from ferrata.errors import ModelBadResponse

__all__ = ["Event", "EventParser", "write_event"]

_MOST_BYTES = 16_000_000


class Event(NamedTuple):
    """One event: its type (empty where none is named), its data, lines joined by line ends, and its bytes as they came."""

    type: str
    data: str
    raw: bytes = b""


class EventParser:
    """Cuts a stream of bytes into events, wherever the chunks are cut."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that `chunk` completes.

        Raises:
            ModelBadResponse: an event is larger than 16 MB.
        """
        data = self._rest + chunk if self._rest else chunk
        if b"\r" in data:
            # A pair may be cut between two chunks: the last \r waits for what follows.
            held = data.endswith(b"\r")
            data = data[: -1 if held else None].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        else:
            held = False
        *blocks, rest = data.split(b"\n\n")
        self._rest = rest + b"\r" if held else rest
        if len(self._rest) > _MOST_BYTES:
            raise ModelBadResponse(f"an event of the stream is larger than {_MOST_BYTES:,} bytes")
        return [event for block in blocks if (event := _event(block)) is not None]

    def end(self) -> list[Event]:
        """What was left without the empty line that should end it; some servers forget that line."""
        block, self._rest = self._rest.replace(b"\r", b"\n").strip(b"\n"), b""
        event = _event(block) if block else None
        return [event] if event is not None else []


def _event(block: bytes) -> Event | None:
    if block.startswith(b"data: ") and b"\n" not in block:  # as nearly all are
        return Event("", block[6:].decode("utf-8", "replace"), block + b"\n\n")
    kind, data = "", list[str]()
    for line in block.decode("utf-8", "replace").split("\n"):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "event":
            kind = value
    return Event(kind, "\n".join(data), block + b"\n\n") if data or kind else None


def write_event(data: str, kind: str = "") -> bytes:
    """The bytes of one event."""
    lines = "".join(f"data: {line}\n" for line in data.split("\n"))
    return (f"event: {kind}\n{lines}\n" if kind else f"{lines}\n").encode()
