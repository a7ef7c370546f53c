"""Flows in plain Python: a decorated function is a flow, decorated functions that it calls are its steps.

    import ferrata as fr

    @fr.step
    async def find(question: str) -> list[str]: ...

    @fr.flow
    async def answer(question: str) -> str:
        return "; ".join(await find(question))

The functions stay functions. `ferrata flow test answer.py:answer` runs it, as does everything else that takes a flow.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ferrata.errors import NotFound, UsageError
from ferrata.flows.traced import traced
from ferrata.flows.types import Flow

if TYPE_CHECKING:
    from collections.abc import Callable

    from ferrata.flows.flex import CallableFlow

__all__ = ["as_flow", "flow", "named_in", "read_python_flow", "step"]

F = TypeVar("F", bound="Callable[..., Any]")
_MARK = "__ferrata_flow__"


def flow(function: F) -> F:
    """Mark a function, synchronous or not, as a flow; its parameters are the inputs, what it returns is the output."""
    setattr(function, _MARK, True)
    return function


def step(function: F) -> F:
    """Trace a function's calls as steps of the flow that runs: with inputs, output, time, tokens and cost."""
    return cast("F", traced(function))


def as_flow(function: Callable[..., Any]) -> CallableFlow:
    """A function as a flow that is ready to run; any function will do."""
    from ferrata.flows.flex import CallableFlow

    file = Path(inspect.getsourcefile(function) or ".").resolve()
    about = Flow("python", file.parent, file, function.__name__, entry=f"{file.stem}:{function.__name__}")
    return CallableFlow(about, function, file.parent, code="ToolExecutionError")


def named_in(path: Path) -> tuple[Path, str] | None:
    """File and function of a path as `answer.py:answer`; None where it is no such path."""
    stem, colon, name = path.name.rpartition(":")
    return (path.with_name(stem), name) if colon and stem.endswith(".py") else None


def read_python_flow(file: Path, name: str) -> Flow:
    """The flow that a function of a file is, before the file is loaded.

    Raises:
        NotFound: there is no such file.
        UsageError: the name is none of a function.
    """
    if not file.is_file():
        raise NotFound(f"no such file: {str(file)!r}", hint="as answer.py:answer")
    if not name.isidentifier():
        raise UsageError(f"{name!r} is no name of a function", hint="as answer.py:answer")
    return Flow("python", file.parent, file, name, entry=f"{file.stem}:{name}")
