"""An assessment as a document: what `ferrata assess --json` prints, what is stored, what reports are made of.

Its JSON schema is published as `docs/assessment.schema.json`. Knows nothing of how it was made.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ferrata.documents import Document
from ferrata.maturity.model import Axis

__all__ = [
    "AnswerEvidence",
    "Assessment",
    "AxisResult",
    "Contradiction",
    "DimensionResult",
    "FindingResult",
    "LevelResult",
    "ModelVersion",
    "PracticeResult",
    "RecordEvidence",
    "RoadmapStep",
    "ScanSummary",
    "SkippedFile",
    "Status",
]

Share = Annotated[float, Field(ge=0, le=1)]
Points = Annotated[int, Field(ge=0, le=4)]
Status = Literal["met", "partly", "against", "open"]


class FindingResult(Document):
    """A fact that the scan saw at `file:line`; `file` is `.` where it is about the whole repository.

    Attributes:
        confidence: how sure the match is.
        strength: how much of the practice it shows; the weight as evidence is strength times confidence.
        role: what the file is for: product, evaluation, test, example, docs, ci or tooling.
        url: where the line can be opened in a browser, if the repository's host is known.
    """

    rule: str
    practice: str
    dimension: str
    polarity: Literal["for", "against"]
    file: str
    line: Annotated[int, Field(ge=1)]
    confidence: Share
    strength: Share
    message: str
    role: str
    url: str | None = None

    @property
    def weight(self) -> float:
        """Strength times confidence."""
        return self.strength * self.confidence


class RecordEvidence(Document):
    """Ledger records that meet an evidence rule: the newest one's number and time, and how many there are."""

    action: str
    seq: int
    at: str
    count: int
    expires: str | None
    weight: Share


class AnswerEvidence(Document):
    """What somebody answered; `value` None is "don't know"; `weight` is what it is worth as evidence."""

    respondent: str
    value: Share | None
    text: str
    note: str
    link: str
    at: str
    weight: Share


class PracticeResult(Document):
    """How a practice stands.

    Attributes:
        status: `met`, `partly`, `against` (the evidence speaks against it) or `open` (nothing or too little seen).
        support: strongest evidence for, times one minus the strongest evidence against.
        claimed: mean of the respondents' answers; None where nobody knows or was asked.
        disagreement: the largest difference between two respondents' answers.
    """

    id: str
    dimension: str
    level: Annotated[int, Field(ge=1, le=4)]
    axis: Axis
    essential: bool
    statement: str
    status: Status
    support: Share
    weight_for: Share
    weight_against: Share
    claimed: Share | None
    claimed_status: Status
    disagreement: Share
    records: list[RecordEvidence]
    answers: list[AnswerEvidence]


class LevelResult(Document):
    """A level of a dimension: the share of its practices that is met, its progress (partly counts half), what is missing."""

    level: Annotated[int, Field(ge=1, le=4)]
    share: Share
    progress: Share
    needed: Share
    reached: bool
    missing: list[str]


class DimensionResult(Document):
    """A dimension's points by evidence and by claim; `progress` is the way to the next point, 0 to 1, and is no points."""

    id: str
    title: str
    points: Points
    claimed_points: Points
    progress: Share
    levels: list[LevelResult]


class AxisResult(Document):
    """One of the two axes over all dimensions: the level reached by its practices alone, and the share of them that is met."""

    id: Axis
    title: str
    level: Points
    share: Share


class Contradiction(Document):
    """Where claim and evidence disagree: `claimed, but evidence against` or `done, but not claimed`."""

    practice: str
    kind: Literal["claimed_but_against", "done_but_not_claimed"]
    message: str


class RoadmapStep(Document):
    """A practice to take up next.

    Attributes:
        order: from 1.
        effort: person-days.
        gains: the dimension's point that is reached with this step, as `dimension:points`, or empty for a step on the way.
        missing: what is missing, and in which file.
        command: Ferrata's command, where there is one.
        how: the way to do it.
    """

    order: int
    practice: str
    dimension: str
    level: int
    statement: str
    effort: float
    gains: str
    missing: list[str]
    command: str | None
    how: str


class SkippedFile(Document):
    """A file that was not read, and why."""

    file: str
    reason: str


class ScanSummary(Document):
    """What was scanned.

    Attributes:
        folder: what was scanned, from the root of its git repository; empty where it is the root, or in none.
    """

    files: int
    read: int
    cached: int
    seconds: float
    languages: dict[str, int]
    skipped: list[SkippedFile]
    llm_sites: list[str]
    commit: str | None
    folder: str = ""


class ModelVersion(Document):
    """Which maturity model measured."""

    id: str
    version: str
    digest: str


class Assessment(Document):
    """Where a team stands, and on what evidence.

    Attributes:
        format: the version of this document's shape.
        level: 1 to 4 by the bands; None where the repository does not use a language model.
        score: 0 to 28, by evidence. claimed_score: by answers alone.
        llm_use: whether the scan saw that the product uses a language model.
        answered: how many practices somebody answered for.
    """

    format: Literal["ferrata.assessment/1"] = "ferrata.assessment/1"
    id: str
    at: str
    project: str
    ferrata: str
    model: ModelVersion
    llm_use: bool
    level: Annotated[int, Field(ge=1, le=4)] | None
    level_name: str
    score: Annotated[int, Field(ge=0)]
    highest_score: int
    claimed_level: Annotated[int, Field(ge=1, le=4)] | None
    claimed_score: Annotated[int, Field(ge=0)]
    answered: int
    axes: list[AxisResult]
    dimensions: list[DimensionResult]
    practices: list[PracticeResult]
    findings: list[FindingResult]
    contradictions: list[Contradiction]
    roadmap: list[RoadmapStep]
    scan: ScanSummary
    notes: list[str]

    def practice(self, practice_id: str) -> PracticeResult:
        """The result of a practice; KeyError for an unknown id."""
        for result in self.practices:
            if result.id == practice_id:
                return result
        raise KeyError(practice_id)

    def findings_of(self, practice_id: str) -> list[FindingResult]:
        """The findings for and against a practice, heaviest first."""
        return sorted((f for f in self.findings if f.practice == practice_id), key=lambda f: -f.weight)
