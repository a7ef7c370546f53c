"""What stands around a run of an evaluation in a process of its own: progress, signals, code that blocks or prints."""

from __future__ import annotations

import io
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ferrata.cli.flow_stop import end_blocked, stopped_by_signals

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Generator
    from pathlib import Path

    from ferrata.cli.progress import ShownProgress
    from ferrata.evals import EvalFolder
    from ferrata.flows import FlowError

__all__ = ["Around", "go_on"]

# Seconds that code may keep the event loop to itself where calls may take for ever.
_LONGEST = 600.0


def go_on(run: str, project: Path) -> str:
    """The line that says how to go on with a run."""
    where = "" if str(project) == "." else f" --project {project}"
    return f"to go on: ferrata eval run --resume {run}{where}"


@dataclass
class Around:
    """Makes the context manager that a run is done in.

    Args:
        shown: the progress.
        project: as the user named its folder.
        root: of the project.
        timeout: seconds of a call; None: for ever.

    Attributes:
        way_on: the line that says how to go on with the run, once it has begun.
    """

    shown: ShownProgress
    project: Path
    root: Path
    timeout: float | None
    way_on: str = field(default="", init=False)
    _stop: asyncio.Event | None = field(default=None, init=False)

    @property
    def stopped(self) -> bool:
        """Whether somebody stopped the run."""
        return self._stop is not None and self._stop.is_set()

    @contextmanager
    def __call__(self, stop: asyncio.Event, folder: EvalFolder) -> Generator[None]:
        """Around the run in this folder.

        Args:
            stop: is set by Ctrl-C and SIGTERM.
            folder: of the run; gets what is printed meanwhile, since standard output is for the result.
        """
        from ferrata.flows import GRACE, FlowError, watch_loop
        from ferrata.runs import Status

        self._stop = stop
        self.way_on = way_on = go_on(folder.name, self.project)

        def blocked(error: FlowError) -> None:
            found = FlowError("Blocked", error.message, hint=error.hint)
            folder.save(status=Status.CANCELED, error={"code": "Blocked", "message": error.message, "hint": error.hint})
            end_blocked(found, way_on)

        longest = (self.timeout or _LONGEST) + GRACE
        watched = watch_loop(longest, self.root, blocked)
        with self.shown, stopped_by_signals(stop), watched, redirect_stdout(_Log(folder)):
            yield


class _Log(io.TextIOBase):
    """Writes into a run's log."""

    def __init__(self, folder: EvalFolder) -> None:
        super().__init__()
        self._folder = folder

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        self._folder.log(text)
        return len(text)
