"""What user code prints, node by node: `print` in one node does not get into another's log, nor into a command's output.

Knows no nodes: whoever wants the text opens a block.
"""

from __future__ import annotations

import io
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ["captured", "watch_prints"]

_taking: ContextVar[Callable[[str], object] | None] = ContextVar("ferrata_prints", default=None)


class _Watched(io.TextIOBase):
    """Stands in for a standard stream: writes go to the block that is open here, else to the stream itself."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str, /) -> int:
        take = _taking.get()
        if take is None:
            return self.stream.write(text)
        take(text)
        return len(text)

    def flush(self) -> None:
        if _taking.get() is None:
            self.stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def watch_prints() -> Generator[None]:
    """Put stand-ins in the place of standard output and error for the block; blocks may nest."""
    before = sys.stdout, sys.stderr
    if not isinstance(sys.stdout, _Watched):
        sys.stdout, sys.stderr = _Watched(sys.stdout), _Watched(sys.stderr)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


@contextmanager
def captured(take: Callable[[str], object]) -> Generator[None]:
    """What is printed in this block, and in tasks and threads with its context, goes to `take`."""
    token = _taking.set(take)
    try:
        yield
    finally:
        _taking.reset(token)
