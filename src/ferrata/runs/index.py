"""Where in a file of lines the record of each row is: a few bytes a row, whatever the rows hold.

Knows of a record only its head: the row's number, its status, tokens and cost.
"""

from __future__ import annotations

import re
from array import array
from heapq import merge
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

__all__ = ["Head", "LineIndex", "Record", "read_heads", "spent_record"]

_HEAD = re.compile(
    rb'\{"line_number": (-1|\d+), "status": "(\w+)"(?:, "tokens": \[(\d+), (\d+)\])?(?:, "cost_usd": ([\d.e+-]+))?'
    rb'(, "volatile": true)?[,}]'
)
# The longest head: what is beyond needs not be read.
_LONGEST = 400
_NONE, _FAILED, _COMPLETED = 0, 1, 2
# Numbers up to this many times as large as their count are kept in arrays.
_SPREAD = 16


class Head(NamedTuple):
    """What the first bytes of a record say.

    Attributes:
        number: of the row; -1 of what was spent without a record, see `spent_record`.
        completed: it was; else it failed.
        input_tokens: of all models that were asked for the row.
        output_tokens: likewise.
        cost: US dollars; None where it is not known.
        volatile: something in the row does not survive being written, so that only the run that made it can aggregate it.
    """

    number: int
    completed: bool
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    volatile: bool = False


class Record(NamedTuple):
    """A row, as it is written.

    Attributes:
        head: what the index takes of it.
        line: JSON with the line's end.
    """

    head: Head
    line: bytes


def spent_record(input_tokens: int, output_tokens: int, cost: float | None) -> Record:
    """What was spent for calls whose rows have no record for it: they are done again, or were.

    Args:
        input_tokens: of all models that were asked.
        output_tokens: likewise.
        cost: US dollars; None where it is not known.
    """
    dollars = "" if cost is None else f', "cost_usd": {cost!r}'
    text = f'{{"line_number": -1, "status": "Spent", "tokens": [{input_tokens}, {output_tokens}]{dollars}}}\n'
    return Record(
        Head(-1, completed=False, input_tokens=input_tokens, output_tokens=output_tokens, cost=cost), text.encode()
    )


def read_heads(file: BinaryIO) -> Iterator[tuple[Head | None, int, int]]:
    """Head, offset and length of each whole line of a file; None for what is no record. A torn last line is not given."""
    offset = 0
    for line in file:
        if not line.endswith(b"\n"):
            return
        yield _head_of(line), offset, len(line)
        offset += len(line)


def _head_of(line: bytes) -> Head | None:
    match = _HEAD.match(line, 0, _LONGEST)
    if match is None:
        return None
    number, status, read, written, cost, volatile = match.groups()
    return Head(
        int(number),
        status == b"Completed",
        int(read or 0),
        int(written or 0),
        None if cost is None else float(cost),
        volatile is not None,
    )


class LineIndex:
    """Row -> offset of its record.

    Attributes:
        completed: rows that were.
        failed: rows that were not.
        input_tokens: of all rows.
        output_tokens: of all rows.
        cost: US dollars of the rows where it is known; None where it is known of none.
        dearest: US dollars of the dearest record; 0 where none is known.
    """

    def __init__(self) -> None:
        self._offsets: array[int] = array("q")
        self._states = bytearray()
        self._far: dict[int, tuple[int, int]] = {}
        self.completed = 0
        self.failed = 0
        self.input_tokens = 0
        self.output_tokens = 0
        self.cost: float | None = None
        self.dearest = 0.0

    def __len__(self) -> int:
        return self.completed + self.failed

    def __contains__(self, number: int) -> bool:
        return self._state(number)[0] != _NONE

    def add(self, head: Head, offset: int) -> None:
        """Take in a record; of two of one row the later counts."""
        self.input_tokens += head.input_tokens
        self.output_tokens += head.output_tokens
        if head.cost is not None:
            self.cost = (self.cost or 0.0) + head.cost
        if head.number < 0:
            return
        self.dearest = max(self.dearest, head.cost or 0.0)
        before = self._state(head.number)[0]
        self.completed -= before == _COMPLETED
        self.failed -= before == _FAILED
        state = _COMPLETED if head.completed else _FAILED
        self._put(head.number, state, offset)
        self.completed += state == _COMPLETED
        self.failed += state == _FAILED

    def offset(self, number: int) -> int | None:
        """Where the record of a row begins; None where it has none."""
        state, offset = self._state(number)
        return None if state == _NONE else offset

    def is_completed(self, number: int) -> bool:
        """Whether the row has a record and was completed."""
        return self._state(number)[0] == _COMPLETED

    def numbers(self, *, completed: bool | None = None) -> Iterator[int]:
        """Rows with a record, in the order of their numbers; all, the completed ones, or the failed ones."""
        wanted = {None: (_FAILED, _COMPLETED), True: (_COMPLETED,), False: (_FAILED,)}[completed]
        near = (number for number, state in enumerate(self._states) if state in wanted)
        # One that was far when it came may by now lie before the end of the arrays.
        yield from merge(near, sorted(number for number, (state, _) in self._far.items() if state in wanted))

    def _state(self, number: int) -> tuple[int, int]:
        if number < len(self._states):
            state = self._states[number]
            if state:
                return state, self._offsets[number]
        return self._far.get(number, (_NONE, 0)) if self._far else (_NONE, 0)

    def _put(self, number: int, state: int, offset: int) -> None:
        if number >= len(self._states):
            if number > _SPREAD * (len(self) + 64):
                self._far[number] = (state, offset)
                return
            missing = number + 1 - len(self._states)
            self._states.extend(bytes(missing))
            self._offsets.extend([-1] * missing)
        self._far.pop(number, None)
        self._states[number] = state
        self._offsets[number] = offset
