"""What a person says of an own evaluator where it is written. Knows nothing of how it is called."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, overload

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ferrata.evals.types import Measure, Scale

__all__ = ["Marks", "evaluator", "marks_of"]

_ATTRIBUTE = "__ferrata_evaluator__"
_Thing = TypeVar("_Thing", bound="Callable[..., Any]")


@dataclass(frozen=True, slots=True)
class Marks:
    """What was said; the fields are the parameters of `evaluator`."""

    name: str = ""
    threshold: float | None = None
    higher_is_better: bool = True
    scale: Scale | None = None
    low: float | None = None
    high: float | None = None
    slow: bool = False
    measures: tuple[Measure, ...] = ()


@overload
def evaluator(thing: _Thing, /) -> _Thing: ...


@overload
def evaluator(
    *,
    name: str = "",
    threshold: float | None = None,
    higher_is_better: bool = True,
    scale: Scale | None = None,
    low: float | None = None,
    high: float | None = None,
    slow: bool = False,
    measures: Sequence[Measure] = (),
) -> Callable[[_Thing], _Thing]: ...


def evaluator(thing: Any = None, /, **about: Any) -> Any:
    """Say of a function or class how its score is to be read; it stays what it is and can be called as before.

    Args:
        thing: the function or class, where nothing is said of it.
        about: any of
            `name`, of the kind of evaluator (usual: the function's or class's);
            `threshold`, at least this passes (at most, where lower is better);
            `higher_is_better`, the direction (usual: True);
            `scale`, `binary`, `ordinal` or `continuous` (usual: `binary` for a function declared to return bool, else `continuous`);
            `low` and `high`, the least and greatest value (usual: no bounds);
            `slow`, it waits (for a service, a model in this process) and is called in a thread, not between the other rows;
            `measures`, where it gives several scores: what they are, the main one first, in the place of the settings before.

    Raises:
        UsageError: `measures` stands beside what it replaces.
    """
    if thing is not None:
        return _mark(thing, Marks())
    measures = tuple(about.pop("measures", ()))
    beside = sorted(about.keys() & {"threshold", "higher_is_better", "scale", "low", "high"})
    if measures and beside:
        raise UsageError(f"{beside[0]!r} beside 'measures'", hint="say it in the measure that it is meant for")
    marks = Marks(**about, measures=measures)
    return functools.partial(_mark, marks=marks)


def _mark(thing: Any, marks: Marks) -> Any:
    setattr(thing, _ATTRIBUTE, marks)
    return thing


def marks_of(thing: Any) -> Marks:
    """What was said of a function, class or instance; usual settings where nothing was."""
    found = getattr(thing, _ATTRIBUTE, None)
    return found if isinstance(found, Marks) else Marks()
