"""What goes in and out of the HTTP client, and what can go wrong below it.

Knows no socket.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MOST_BYTES", "Answer", "Broken", "Junk", "Timeouts", "TooLarge", "Undecodable"]

# Of one body, compressed and not.
MOST_BYTES = 64_000_000


@dataclass(frozen=True)
class Timeouts:
    """How long one call may take, in seconds.

    Attributes:
        total: from the request to the last byte.
        connect: until the connection stands.
        first_byte: of a stream, until its first piece.
        between: of a stream, between two pieces.
    """

    total: float = 120.0
    connect: float = 10.0
    first_byte: float = 60.0
    between: float = 30.0


@dataclass(slots=True)
class Answer:
    """A whole answer.

    Attributes:
        status: 200 and the like.
        body: not compressed any more.
        header: gives a header by its name in lower case, or None; of one that came several times, the values with a comma between them.
    """

    status: int
    body: bytes
    header: Callable[[str], str | None]


class Broken(Exception):
    """The connection ended before the answer was whole.

    Attributes:
        began: a byte of the answer had come.
    """

    def __init__(self, *, began: bool) -> None:
        super().__init__("the connection ended")
        self.began = began


class Junk(Exception):
    """What came is no answer in HTTP; the text says why."""


class TooLarge(Exception):
    """The body is larger than `MOST_BYTES`."""


class Undecodable(Exception):
    """The body is not compressed as its headers say."""
