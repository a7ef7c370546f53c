"""What goes wrong with a flow, under the names that Prompt Flow gave it.

    FlowError             a flow that does not load, or a line that cannot run
    └── NodeError         user code failed in a node

An error as data is `{"code", "message", "inner", "details"}`: the names of the classes outermost first, so that what was written
against Prompt Flow's errors finds them.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from ferrata.errors import FerrataError
from ferrata.redaction import hide_secrets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["FlowError", "NodeError", "error_of", "place_in", "row_error"]


_OURS = __file__.rpartition("flows")[0]


class FlowError(FerrataError):
    """A flow does not load, or a line of it cannot run.

    Args:
        codes: as the attribute; a text is the only one.
        message: what is wrong.
        hint: what to do.
        file: where it is wrong; the message then begins with it and, where a key is named, with the line.
        where: the key path in that file; without a file it is one within whatever the one who knows the file is busy with.

    Attributes:
        codes: Prompt Flow's names for it, the outermost first, as `("ResolveToolError", "InvalidSource")`.
        problem: the message without its place.
        file: the file that is wrong; None where it is none.
        where: the key path in it.
    """

    code = "flow"
    status = 422

    def __init__(
        self,
        codes: str | tuple[str, ...],
        message: str,
        *,
        hint: str = "",
        file: Path | None = None,
        where: Sequence[str | int] = (),
    ) -> None:
        super().__init__(message if file is None else f"{_place(file, where)}: {message}", hint=hint)
        self.codes = (codes,) if isinstance(codes, str) else codes
        self.problem = hide_secrets(message)
        self.file = file
        self.where = tuple(where)

    def as_json(self) -> dict[str, Any]:
        """The error as data."""
        return {"code": self.codes[0], "message": self.message, "inner": list(self.codes[1:]), "hint": self.hint}


def _place(file: Path, where: Sequence[str | int]) -> str:
    if not where:
        return str(file)
    from ferrata.yamls import line_of

    try:
        return f"{file}:{line_of(file.read_text(encoding='utf-8-sig'), where)}"
    except (OSError, UnicodeDecodeError):
        return str(file)


class NodeError(FlowError):
    """An exception in a node's own code.

    Attributes:
        node: its name.
        details: `type`, `message`, `traceback`, and `filename`, `lineno` and `name` of the user's last frame.
    """

    def __init__(
        self,
        node: str,
        cause: BaseException,
        *,
        folder: Path | None = None,
        code: str = "ToolExecutionError",
        message: str | None = None,
    ) -> None:
        kind = type(cause).__name__
        super().__init__(code, f"Execution failure in '{node}': ({kind}) {cause}" if message is None else message)
        self.node = node
        self.details = _details(cause, folder)

    def as_json(self) -> dict[str, Any]:
        """The error as data, with the place in the user's code."""
        return super().as_json() | {"details": self.details}


def error_of(error: BaseException) -> dict[str, Any]:
    """Any exception as data; what is no `FlowError` goes by its class's name."""
    if isinstance(error, FlowError):
        return error.as_json()
    hint = error.hint if isinstance(error, FerrataError) else ""
    return {"code": type(error).__name__, "message": hide_secrets(str(error)), "inner": [], "hint": hint}


def _details(cause: BaseException, folder: Path | None) -> dict[str, Any]:
    frames = traceback.extract_tb(cause.__traceback__)
    own = [frame for frame in frames if folder is not None and frame.filename.startswith(str(folder))]
    # What lies above the user's code is Ferrata's machinery and says nothing to the user.
    users = frames[frames.index(own[0]) :] if own else [one for one in frames if not one.filename.startswith(_OURS)]
    shown = traceback.StackSummary.from_list(users).format()
    ended = traceback.format_exception_only(cause)
    last = (own or list(frames))[-1] if frames else None
    return {
        "type": type(cause).__name__,
        "message": hide_secrets(str(cause)),
        "traceback": hide_secrets("".join(["Traceback (most recent call last):\n", *shown, *ended])),
        "filename": last.filename if last else None,
        "lineno": last.lineno if last else None,
        "name": last.name if last else None,
    }


def row_error(error: Exception, timeout: float | None) -> dict[str, Any]:
    """What a row failed with, as data.

    Args:
        error: what came up.
        timeout: the seconds that the row had, if they are over; None: they are not, and a `TimeoutError` is somebody else's.
    """
    if isinstance(error, TimeoutError) and timeout is not None:
        return FlowError(
            "LineExecutionTimeoutError",
            f"the row was not done in {timeout:g} seconds",
            hint="give it more by --timeout, or see in its nodes which one takes so long",
        ).as_json()
    return error_of(error)


def place_in(error: BaseException, folder: Path) -> str:
    """Where in the user's code an exception came up, as ` at line 3 of answer.py`; empty where it did not."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" at line {error.lineno} of {error.filename.rpartition('/')[2]}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(str(folder))]
    return f" at line {frames[-1].lineno} of {frames[-1].filename.rpartition('/')[2]}" if frames else ""
