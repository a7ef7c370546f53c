"""What a writer of gate reports takes and gives. Knows no format."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.gates.types import GateResult

__all__ = ["Place", "ReportWriter"]


class Place(NamedTuple):
    """Where a gate is declared.

    Attributes:
        file: relative to the repository's root.
        lines: of the rules, in their order, from 1; shorter where they are not known.
    """

    file: str = "ferrata.yaml"
    lines: Sequence[int] = ()

    def line(self, rule: int) -> int | None:
        """Of a rule by its position, from 0; None where it is not known."""
        return self.lines[rule] if 0 <= rule < len(self.lines) else None


class ReportWriter(Protocol):
    """Writes a gate's result in one format."""

    def __call__(self, result: GateResult, place: Place, /) -> str:
        """The report."""
        ...
