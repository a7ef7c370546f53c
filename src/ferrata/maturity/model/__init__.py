"""The maturity model: dimensions, practices, bands, as validated data."""

from ferrata.maturity.model.load import built_in_model, digest_of, load_model
from ferrata.maturity.model.types import (
    AnswerOption,
    Axis,
    Band,
    Dimension,
    MaturityModel,
    Practice,
    RecordRule,
    Scoring,
)

__all__ = [
    "AnswerOption",
    "Axis",
    "Band",
    "Dimension",
    "MaturityModel",
    "Practice",
    "RecordRule",
    "Scoring",
    "built_in_model",
    "digest_of",
    "load_model",
]
