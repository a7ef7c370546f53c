"""How much a template may do: a template bomb ends in a precise error, before it takes time or memory.

Every loop's turn, call, filter and printed value is a step; strings, lists and numbers that grow are measured before they are
made. Knows no template language.
"""

from __future__ import annotations

import time
from typing import Any, Final, cast

__all__ = [
    "MOST_CHARACTERS",
    "MOST_ITEMS",
    "MOST_NUMBER",
    "MOST_STEPS",
    "MOST_TEMPLATE",
    "SECONDS",
    "Forbidden",
    "Meter",
    "TooMuch",
    "weigh",
]

MOST_TEMPLATE: Final = 200_000
MOST_STEPS: Final = 200_000
MOST_CHARACTERS: Final = 2_000_000
MOST_ITEMS: Final = 100_000
MOST_NUMBER: Final = 10_000
SECONDS: Final = 1.0
_DEEPEST: Final = 100


class TooMuch(Exception):
    """A template does more than it may."""


class Forbidden(Exception):
    """A template reaches for something that it may not have."""


class Meter:
    """What one rendering has used up.

    Attributes:
        marked: objects that are printed as a whole (images, histories); their place in the text is a mark.
    """

    __slots__ = ("_cpu", "_deadline", "_steps", "characters", "marked")

    def __init__(self) -> None:
        self._steps = MOST_STEPS
        self._deadline = time.monotonic() + SECONDS
        self._cpu: float | None = None
        self.characters = 0
        self.marked: list[object] = []

    def step(self, cost: int = 1) -> None:
        """Count a step, or as many as something costs.

        Raises:
            TooMuch: there were too many, or they took too long.
        """
        self._steps -= cost
        if self._steps < 0:
            raise TooMuch(f"takes more than {MOST_STEPS:,} steps")
        if time.monotonic() > self._deadline:
            self._late()

    def print(self, characters: int) -> None:
        """Count what is printed."""
        self.characters += characters
        if self.characters > MOST_CHARACTERS:
            raise TooMuch(f"makes more than {MOST_CHARACTERS:,} characters")

    def _late(self) -> None:
        # Time on a clock passes while others use the machine; what counts is this thread's own.
        now = time.thread_time()
        if self._cpu is None:
            self._cpu, self._deadline = now, time.monotonic() + SECONDS
        elif now - self._cpu > SECONDS / 2:
            raise TooMuch(f"takes longer than {SECONDS:g} s")
        else:
            self._deadline = time.monotonic() + SECONDS / 4


def weigh(value: Any) -> int:
    """How much there is in a value: its items and those in them, each as often as it is reached; texts by length.

    A list that holds another one twice weighs twice as much, however little memory it takes: printing it takes all of that.

    Raises:
        TooMuch: it is too much, or nested too deep.
    """
    if not isinstance(value, list | tuple | dict):
        return 1
    total = 0
    todo: list[tuple[Any, int]] = [(value, 0)]
    while todo:
        one, depth = todo.pop()
        total += 1
        if depth > _DEEPEST:
            raise TooMuch(f"makes a value nested deeper than {_DEEPEST}")
        if isinstance(one, dict):
            items = list(cast("dict[Any, Any]", one).values())
        elif isinstance(one, list | tuple):
            items = cast("list[Any]", one)
        else:
            if isinstance(one, str):
                total += len(one) // 100
            continue
        if total + len(items) + len(todo) > MOST_ITEMS:
            raise TooMuch(f"makes a value of more than {MOST_ITEMS:,} items")
        todo.extend((item, depth + 1) for item in items)
    if total > MOST_ITEMS:
        raise TooMuch(f"makes a value of more than {MOST_ITEMS:,} items")
    return total
