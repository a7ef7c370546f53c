"""Where ended spans go: into memory, or into a file of JSON lines. A sink never raises: what cannot be kept is counted."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, Protocol, cast

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ferrata.telemetry.spans import Span

__all__ = ["JsonlSink", "LineSink", "MemorySink", "SpanSink"]

# Bytes of spans that wait for the one around them.
_MOST_WAITING = 1 << 18
# Characters of a text in a span: one that is longer belongs to what is watched, and lies where that keeps it.
_MOST_TEXT = 1_000_000


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

    Texts longer than 1,000,000 characters are cut to that, and how long they were is said.

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
            line = _line_of(span)
        except (ValueError, TypeError, RecursionError):
            self.lost += 1
            return
        with self._lock:
            self._waiting.append(line)
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


class LineSink:
    """Hands each on as a line of JSON, with its end.

    Args:
        append: takes a line, in whichever thread a span ends.
    """

    def __init__(self, append: Callable[[bytes], object]) -> None:
        self._append = append

    def emit(self, span: Span) -> None:
        """Hand it on; one that has no JSON is left out."""
        try:
            line = _line_of(span)
        except (ValueError, TypeError, RecursionError):
            return
        self._append(line)


def _line_of(span: Span) -> bytes:
    """A span as a line of JSON."""
    found = span.as_json()
    # Most that is long is seen here, before it is copied.
    line = b"" if any(map(_is_long, span.attributes.values())) else _encode(found)
    return line if line and len(line) <= _MOST_TEXT else _encode(_cut(found))


def _is_long(value: Any) -> bool:
    if isinstance(value, dict):
        return any(type(item) is str and len(item) > _MOST_TEXT for item in cast("dict[Any, Any]", value).values())
    return type(value) is str and len(value) > _MOST_TEXT


def _cut(value: Any) -> Any:
    """The value with no text that is too long, however deep in it."""
    if isinstance(value, str):
        return value if len(value) <= _MOST_TEXT else f"{value[:_MOST_TEXT]}... ({len(value):,} characters)"
    if isinstance(value, dict):
        return {key: _cut(item) for key, item in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_cut(item) for item in cast("list[Any]", value)]
    return value


def _as_text(value: Any) -> str:
    return str(value)


_OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
_encode_any = json.JSONEncoder(ensure_ascii=False, default=_as_text).encode


def _encode(value: Any) -> bytes:
    """As JSON, with a line's end; by orjson, which takes a tenth of the time, where that knows all that is in it."""
    try:
        return orjson.dumps(value, default=_as_text, option=_OPTIONS)
    except TypeError:  # a number beyond 64 bits, half a surrogate pair
        return (_encode_any(value) + "\n").encode("utf-8", "backslashreplace")
