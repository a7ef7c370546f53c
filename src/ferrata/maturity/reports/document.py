"""The assessment itself as JSON, for programs; its schema is the one of `Assessment`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.maturity.model import MaturityModel
    from ferrata.maturity.reports.base import HistoryPoint
    from ferrata.maturity.types import Assessment

__all__ = ["write_json"]


def write_json(assessment: Assessment, _model: MaturityModel, _history: Sequence[HistoryPoint]) -> str:
    """The whole document, indented; `Assessment.model_validate_json` reads it back."""
    return assessment.model_dump_json(indent=2) + "\n"
