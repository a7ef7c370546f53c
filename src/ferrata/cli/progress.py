"""How far a run is, on standard error: a bar on a terminal, else a line now and then. Knows nothing of runs but their numbers."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["ShownProgress", "show_progress"]

_LINE_EVERY = 10.0
_BAR_EVERY = 0.1


class Counts(Protocol):
    """How far a run is."""

    @property
    def ended(self) -> int:
        """Rows that ended."""
        ...

    @property
    def failed(self) -> int:
        """Of them."""
        ...

    @property
    def total(self) -> int | None:
        """Rows in all, where it is known."""
        ...


class ShownProgress:
    """Shows the numbers it is given, not more often than somebody can read them. A context: it is shown within.

    Writes a line every ten seconds; a terminal gets a bar.
    """

    every = _LINE_EVERY

    def __init__(self) -> None:
        self._shown = self._began = time.monotonic()
        self._before: int | None = None
        self._last: Counts | None = None

    def __enter__(self) -> ShownProgress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def update(self, counts: Counts) -> None:
        """Take the numbers after a row."""
        if self._before is None:
            self._before = counts.ended - 1
        self._last = counts
        now = time.monotonic()
        if now - self._shown >= self.every:
            self._shown = now
            self.show(counts)

    def show(self, counts: Counts) -> None:
        """Show the numbers now."""
        rate = self.rate(counts)
        left = "" if counts.total is None or not rate else f", {_span((counts.total - counts.ended) / rate)} left"
        of = "" if counts.total is None else f" of {counts.total:,}"
        text = f"{counts.ended:,}{of} rows, {counts.failed:,} failed, {rate:,.1f}/s{_more(counts)}{left}"
        print(text, file=sys.stderr, flush=True)

    def rate(self, counts: Counts) -> float:
        """Rows a second, those before a resume not counted."""
        return (counts.ended - (self._before or 0)) / max(time.monotonic() - self._began, 1e-9)


def _more(counts: Counts) -> str:
    """Cost and calls at a time, of counts that know them."""
    cost: float | None = getattr(counts, "cost", None)
    limit: int | None = getattr(counts, "limit", None)
    return ("" if cost is None else f", ${cost:,.4f}") + ("" if limit is None else f", {limit:,} at a time")


def _span(seconds: float) -> str:
    """Seconds up to two minutes, then minutes, then hours."""
    minutes = seconds / 60
    if minutes < 2:
        return f"{seconds:,.0f} s"
    return f"{minutes:,.0f} min" if minutes < 120 else f"{minutes / 60:,.1f} h"


class _Bar(ShownProgress):
    every = _BAR_EVERY

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = [BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[about]}"), TimeRemainingColumn()]
        self._bar: Any = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("rows", total=None, about="")

    def __enter__(self) -> ShownProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._last is not None:
            self.show(self._last)
        self._bar.stop()

    def show(self, counts: Counts) -> None:
        about = f"{self.rate(counts):,.1f}/s" + (f", {counts.failed:,} failed" if counts.failed else "") + _more(counts)
        self._bar.update(self._task, completed=counts.ended, total=counts.total, about=about)


def show_progress() -> ShownProgress:
    """What shows a run's progress where standard error goes to."""
    return _Bar() if sys.stderr is not None and sys.stderr.isatty() else ShownProgress()
