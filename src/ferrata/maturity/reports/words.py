"""The words and signs that all reports share. Knows no format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.clock import parse_time
from ferrata.markup import counted, one_line
from ferrata.maturity.reports.base import HistoryPoint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ferrata.maturity.model import MaturityModel
    from ferrata.maturity.types import Assessment, FindingResult, Status

__all__ = [
    "NO_LLM_USE",
    "STATUS_SIGNS",
    "STATUS_WORDS",
    "WHAT_COUNTS",
    "bar",
    "claim",
    "days",
    "findings_against",
    "place",
    "timeline",
    "verdict",
]

NO_LLM_USE = "No LLM use found"
WHAT_COUNTS = (
    "a call of a language model in the product's own code: through a provider's SDK, a framework, a local runtime "
    "or an HTTP API",
    "a prompt, a flow or a model's configuration that the product loads",
)
STATUS_SIGNS: dict[Status, str] = {"met": "●", "partly": "◐", "against": "✕", "open": "○"}
STATUS_WORDS: dict[Status, str] = {
    "met": "met",
    "partly": "partly met",
    "against": "evidence against",
    "open": "nothing or too little seen",
}


def place(finding: FindingResult) -> str:
    """`file:line`, or `repository` where the finding is about all of it."""
    return "repository" if finding.file == "." else f"{one_line(finding.file)}:{finding.line}"


def days(effort: float) -> str:
    """Person-days, without needless digits."""
    return f"{effort:g} person-day{'' if effort == 1 else 's'}"


def bar(points: int, *, full: str = "▮", empty: str = "▯", most: int = 4) -> str:
    """Points as a row of signs."""
    return full * points + empty * (most - points)


def verdict(assessment: Assessment) -> str:
    """`Level 2, defined: 12 of 28 points by evidence`."""
    if assessment.level is None:
        return f"{NO_LLM_USE}: no level"
    name = one_line(assessment.level_name)
    return f"Level {assessment.level}, {name}: {assessment.score} of {assessment.highest_score} points by evidence"


def claim(assessment: Assessment, model: MaturityModel) -> str:
    """What the answers claim, and how many practices somebody answered for."""
    if not assessment.answered:
        return "No answers yet, so nothing is claimed"
    name = next((b.name for b in model.bands if b.level == assessment.claimed_level), "")
    level = f"level {assessment.claimed_level}, {name}, " if assessment.claimed_level else ""
    asked = f"{assessment.answered} of {counted(len(assessment.practices), 'practice')}"
    return f"Claimed: {level}{assessment.claimed_score} of {assessment.highest_score} points, by answers on {asked}"


def findings_against(assessment: Assessment) -> list[FindingResult]:
    """The findings that speak against a practice, heaviest first, then by place."""
    against = (f for f in assessment.findings if f.polarity == "against")
    return sorted(against, key=lambda f: (-f.weight, f.file, f.line, f.practice))


def timeline(assessment: Assessment, history: Sequence[HistoryPoint]) -> list[HistoryPoint]:
    """The earlier assessments and this one, oldest first; one whose time cannot be read is left out."""
    points = {d.id: d.points for d in assessment.dimensions}
    by_time: dict[datetime, HistoryPoint] = {}
    for entry in (*history, HistoryPoint(assessment.at, assessment.score, assessment.level, points)):
        try:
            by_time[parse_time(entry.at)] = entry
        except ValueError:
            continue
    return [by_time[at] for at in sorted(by_time)]
