"""When a run that ended has exit status 1. Knows of a run only how many of its rows failed."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, Protocol

from ferrata.errors import UsageError

__all__ = ["FailOn", "Outcome"]


class Outcome(Protocol):
    """What came of a run."""

    @property
    def total(self) -> int:
        """Rows that ended."""
        ...

    @property
    def completed(self) -> int:
        """Of them."""
        ...

    @property
    def failed(self) -> int:
        """Of them."""
        ...

    @property
    def broken(self) -> bool:
        """Whether it is not only rows that went wrong."""
        ...


class FailOn(NamedTuple):
    """When a run that ended has exit status 1.

    Attributes:
        kind: `error` (a row failed), `none` (never), `all` (no row was completed), `share` or `count` (so many failed).
        limit: percent for `share`, rows for `count`.
    """

    kind: Literal["error", "none", "all", "share", "count"] = "error"
    limit: float = 1

    @classmethod
    def parse(cls, text: str) -> FailOn:
        """From `error`, `none`, `all`, `5%` or `10`.

        Raises:
            UsageError: it is none of them.
        """
        if text == "error":
            return cls()
        if text == "none":
            return cls("none")
        if text == "all":
            return cls("all")
        match = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", text)
        if match is None or (match[2] and float(match[1]) > 100) or (not match[2] and "." in match[1]):
            raise UsageError(f"not a limit of failed rows: {text!r}", hint="write error, none, all, 5% or 10")
        return cls("share" if match[2] else "count", float(match[1]))

    def fails(self, outcome: Outcome) -> bool:
        """Whether the run is too bad. A broken one always is, but for `none`."""
        if self.kind == "none":
            return False
        if outcome.broken:
            return True
        if not outcome.failed:
            return False
        if self.kind == "error":
            return True
        if self.kind == "all":
            return not outcome.completed
        if self.kind == "count":
            return outcome.failed >= self.limit
        return 100 * outcome.failed >= self.limit * outcome.total
