"""What a writer of gate reports takes and gives. Knows no format."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from ferrata.listing import repository_of
from ferrata.settings import FILE_NAME
from ferrata.yamls import line_of, read_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.gates.types import GateResult
    from ferrata.settings import Settings

__all__ = ["Place", "ReportWriter", "place_of"]


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


def place_of(settings: Settings, result: GateResult) -> Place:
    """Where a gate's rules stand: lines of the project's file, which is named from the repository's root, the nearest `.git`."""
    folder = settings.root.resolve()
    text = read_text(folder / FILE_NAME)
    lines = [line_of(text, ["gates", result.gate, "rules", i]) for i in range(len(result.rules))]
    return Place((folder / FILE_NAME).relative_to(repository_of(folder)).as_posix(), lines)


class ReportWriter(Protocol):
    """Writes a gate's result in one format."""

    def __call__(self, result: GateResult, place: Place, /) -> str:
        """The report."""
        ...
