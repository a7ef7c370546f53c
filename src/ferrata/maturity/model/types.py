"""The maturity model as data: dimensions, practices, bands and the scoring constants.

Knows nothing of evidence: only of what would count as evidence.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, HttpUrl

from ferrata.documents import Document

__all__ = [
    "AnswerOption",
    "AnswerWeight",
    "Axis",
    "Band",
    "Dimension",
    "HowTo",
    "MaturityModel",
    "Practice",
    "RecordRule",
    "Reference",
    "Scoring",
    "Supports",
]

Axis = Literal["technique", "operational"]
Share = Annotated[float, Field(ge=0, le=1)]
Level = Annotated[int, Field(ge=1, le=4)]
Name = Annotated[str, Field(min_length=1)]


class AnswerOption(Document):
    """One graded answer to a practice's question: `value` 0 (not at all) to 1 (fully)."""

    value: Share
    text: Name


class AnswerWeight(Document):
    """What an answer is worth as evidence: `alone`, and with a document or link `with_link` (0 to 1)."""

    alone: Share = 0.0
    with_link: Share = 0.0


class RecordRule(Document):
    """Ledger records that show the practice.

    Attributes:
        action: an action of the ledger's catalogue.
        where: payload field -> the value it must have, or `{gte|lte|gt|lt: number}` (of a list: its length), or
            `{in: [...]}` (of a list: any item).
        at_least: how many such records it takes.
        within_days: only records this young count; None means that they do not age.
        strength: 0 to 1, how strongly they show it.
    """

    action: Name
    where: dict[str, Any] = {}
    at_least: Annotated[int, Field(ge=1)] = 1
    within_days: Annotated[int, Field(ge=1)] | None = None
    strength: Share = 0.9


class Reference(Document):
    """Something public to read."""

    title: Name
    url: HttpUrl


class Supports(Document):
    """What the practice supports evidence for (never: complies with)."""

    nist_ai_rmf: list[str] = []
    iso_42001: list[str] = []
    eu_ai_act: list[str] = []


class HowTo(Document):
    """How to do it: Ferrata's command where there is one, and the way without Ferrata."""

    ferrata: str | None = None
    without: Name


class Practice(Document):
    """One thing that a mature team does.

    Attributes:
        id: `dimension.name`.
        level: 1 to 4, the level that it belongs to.
        axis: `technique` (how advanced) or `operational` (how well run).
        essential: the level is not reached without it, whatever the others give.
        effort: person-days for a small team that has what it `needs`.
        needs: practices to do first.
        records: ledger records that show it.
        answer: what people's word is worth as evidence here.
    """

    id: Annotated[str, Field(pattern=r"^[a-z]+\.[a-z][a-z0-9-]*$")]
    level: Level
    axis: Axis
    essential: bool = False
    statement: Name
    question: Name
    answers: Annotated[list[AnswerOption], Field(min_length=2)]
    why: Name
    how: HowTo
    effort: Annotated[float, Field(gt=0)]
    needs: list[str] = []
    records: list[RecordRule] = []
    answer: AnswerWeight = AnswerWeight()
    references: Annotated[list[Reference], Field(min_length=1)]
    supports: Supports

    @property
    def dimension(self) -> str:
        """The id of its dimension."""
        return self.id.partition(".")[0]


class Dimension(Document):
    """One of the seven dimensions, 0 to 4 points."""

    id: Name
    title: Name
    about: Name


class Band(Document):
    """A level of the whole: the scores from `least` on, up to the next band."""

    level: Level
    name: Name
    least: Annotated[int, Field(ge=0)]
    about: Name


class Scoring(Document):
    """The constants of the score.

    Attributes:
        met: support from which a practice is met.
        partly: support from which it is partly met.
        share: the share of a level's practices that must be met for its point; an essential one must be in any case.
    """

    met: Share = 0.5
    partly: Share = 0.25
    share: Share = 0.5


class MaturityModel(Document):
    """A whole model: what a team is measured by.

    Attributes:
        id: its name.
        version: its version; an assessment says which it used.
        extends: `ferrata` where it adds to, or changes, the built-in one.
        drop: ids of practices of the extended model that are left out.
    """

    id: Name
    version: Name
    extends: Literal["ferrata"] | None = None
    scoring: Scoring = Scoring()
    dimensions: list[Dimension] = []
    bands: list[Band] = []
    drop: list[str] = []
    practices: list[Practice] = []

    def of(self, dimension: str, level: int | None = None) -> list[Practice]:
        """The practices of a dimension (at a level), in the model's order."""
        return [p for p in self.practices if p.dimension == dimension and level in (None, p.level)]

    def practice(self, practice_id: str) -> Practice | None:
        """The practice of that id, or None."""
        return next((p for p in self.practices if p.id == practice_id), None)
