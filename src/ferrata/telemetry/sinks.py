"""Where ended spans go: into memory, or into a file of JSON lines. A sink never raises: what cannot be kept is counted."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from ferrata.telemetry.spans import Span

__all__ = ["JsonlSink", "MemorySink", "SpanSink"]


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
    """Appends each to a file, a line each.

    Attributes:
        lost: how many could not be written.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._lock = threading.Lock()
        self.lost = 0

    def emit(self, span: Span) -> None:
        """Write it; what has no JSON is written as text."""
        try:
            line = _encode(span.as_json()).encode("utf-8", "backslashreplace")
            with self._lock:
                self._file.write(line + b"\n")
        except (OSError, ValueError, TypeError, RecursionError):
            self.lost += 1

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _as_text(value: Any) -> str:
    return str(value)


# Made once: making it takes as long as a span.
_encode = json.JSONEncoder(ensure_ascii=False, default=_as_text).encode
