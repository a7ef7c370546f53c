"""Where ended spans go: into memory, or into a file of JSON lines. A sink never raises: what cannot be kept is counted."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from ferrata.telemetry.spans import Span

__all__ = ["JsonlSink", "MemorySink", "SpanSink"]

# Bytes of spans that wait for the one around them.
_MOST_WAITING = 1 << 18


class SpanSink(Protocol):
    """Takes spans as they end, from any thread."""

    def emit(self, span: Span) -> None:
        """Take one; must be quick, and must not raise."""
        ...


class MemorySink:
    """Keeps them all; for tests and for one line of a flow.

    Attributes:
        spans: in the order in which they ended.
    """

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def emit(self, span: Span) -> None:
        """Keep it."""
        self.spans.append(span)


class JsonlSink:
    """Appends each to a file, a line each; when the outermost one ends, with all that have ended in it, or where many wait.

    Attributes:
        lost: how many could not be written.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._lock = threading.Lock()
        self._waiting: list[bytes] = []
        self._size = 0
        self.lost = 0

    def emit(self, span: Span) -> None:
        """Write it; what has no JSON is written as text."""
        try:
            line = _encode(span.as_json()).encode("utf-8", "backslashreplace")
        except (ValueError, TypeError, RecursionError):
            self.lost += 1
            return
        with self._lock:
            self._waiting.append(line + b"\n")
            self._size += len(line)
            if not span.parent_id or self._size > _MOST_WAITING:
                self._write()

    def close(self) -> None:
        """Write what waits, and close the file."""
        with self._lock:
            self._write()
            self._file.close()

    def _write(self) -> None:
        lines, self._waiting, self._size = self._waiting, [], 0
        try:
            self._file.write(b"".join(lines))
        except (OSError, ValueError):
            self.lost += len(lines)


def _as_text(value: Any) -> str:
    return str(value)


# Made once: making it takes as long as a span.
_encode = json.JSONEncoder(ensure_ascii=False, default=_as_text).encode
