"""What a report writer is: an assessment, the model that measured it and its history in; a text out.

Knows no format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.maturity.model import MaturityModel
    from ferrata.maturity.types import Assessment

__all__ = ["HistoryPoint", "ReportWriter"]


class HistoryPoint(NamedTuple):
    """An earlier assessment, for the trend.

    Attributes:
        at: when, ISO 8601.
        score: 0 to the model's highest score.
        level: 1 to 4; None where no language model was used then.
        points: dimension -> points, 0 to 4.
    """

    at: str
    score: int
    level: int | None
    points: Mapping[str, int]


class ReportWriter(Protocol):
    """Writes an assessment in one format."""

    def __call__(self, assessment: Assessment, model: MaturityModel, history: Sequence[HistoryPoint], /) -> str:
        """The report; `history` holds earlier assessments of the same project in any order, or nothing."""
        ...
