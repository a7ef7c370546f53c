"""What an agent called against what it should have called: order, and precision, recall and F1 over calls.

The scores are those of azure-ai-evaluation's task navigation efficiency. Knows no messages: who calls it takes the calls
out of them.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.evals.metrics.tokens import precision_recall

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ToolCall", "TrajectoryScores", "compare_calls"]


class ToolCall(NamedTuple):
    """One call: the tool's name, and its arguments by name. An expected call without arguments (None) is met by any."""

    name: str
    arguments: Mapping[str, Any] | None = None


class TrajectoryScores(NamedTuple):
    """How calls compare.

    Attributes:
        exact: the calls are the expected ones, in their order, and no others.
        in_order: the expected ones are among them in their order.
        any_order: the expected ones are among them, each as often as expected.
        precision: calls that were expected, of all calls.
        recall: expected calls that were made, of all expected ones.
        f1: the harmonic mean of both.
    """

    exact: bool
    in_order: bool
    any_order: bool
    precision: float
    recall: float
    f1: float


def compare_calls(actual: Sequence[ToolCall], expected: Sequence[ToolCall]) -> TrajectoryScores:
    """Compares the calls of an agent with the expected ones.

    Arguments are compared where the expected call has them, as text: 1 and "1" are the same, and objects and lists are by
    their JSON.
    """
    made = [(call.name.strip(), _written(call.arguments or {})) for call in actual]
    wanted = [(call.name.strip(), None if call.arguments is None else _written(call.arguments)) for call in expected]
    shared = _shared(made, wanted)
    place = 0
    for call in made:
        if place < len(wanted) and _meets(call, wanted[place]):
            place += 1
    return TrajectoryScores(
        len(made) == len(wanted) == place,
        place == len(wanted),
        shared == len(wanted),
        *precision_recall(shared, len(made), len(wanted)),
    )


_Arguments = tuple[tuple[str, str], ...]


def _written(arguments: Mapping[str, Any]) -> _Arguments:
    """Arguments as text, in the order of their names."""
    return tuple(sorted((str(name), _text(value)) for name, value in arguments.items()))


def _text(value: object) -> str:
    if not isinstance(value, dict | list):
        return str(value)
    try:
        return json.dumps(value, sort_keys=True)
    except (TypeError, ValueError):
        return str(cast("object", value))


def _meets(call: tuple[str, _Arguments], wanted: tuple[str, _Arguments | None]) -> bool:
    return call[0] == wanted[0] and wanted[1] in (None, call[1])


def _shared(made: list[tuple[str, _Arguments]], wanted: list[tuple[str, _Arguments | None]]) -> int:
    """How many calls can be paired: first those with the very arguments, then what is left with those that take any."""
    left = Counter(made)
    shared = 0
    for name, arguments in wanted:
        if arguments is not None and left[name, arguments] > 0:
            left[name, arguments] -= 1
            shared += 1
    names: Counter[str] = Counter()
    for (name, _), count in left.items():
        names[name] += count
    for name, arguments in wanted:
        if arguments is None and names[name] > 0:
            names[name] -= 1
            shared += 1
    return shared
