"""The words and signs that all reports share, and how text that came from a repository is made harmless to show.

Knows no format: escaping for HTML, Markdown or SARIF is done where these are written.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from ferrata.clock import format_time, parse_time
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
    "counted",
    "days",
    "findings_against",
    "one_line",
    "place",
    "safe_url",
    "shortened",
    "timeline",
    "verdict",
    "when",
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
_JOINERS = "\u200c\u200d"
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}


def one_line(text: str) -> str:
    r"""The text on one line, each control, bidirectional or unpaired character as a visible `\u001b`.

    So a file's name can neither drive a terminal nor show itself as another name.
    """
    return "".join(_visible(char) for char in " ".join(text.split()))


def _visible(char: str) -> str:
    if char in _JOINERS or unicodedata.category(char) not in _HIDDEN:
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def shortened(text: str, most: int) -> str:
    """One line of at most `most` characters; what is cut from the middle is marked with an ellipsis."""
    line = one_line(text)
    if len(line) <= most:
        return line
    tail = (most - 1) // 3
    return f"{line[: most - 1 - tail]}…{line[len(line) - tail :]}"


def place(finding: FindingResult) -> str:
    """`file:line`, or `repository` where the finding is about all of it."""
    return "repository" if finding.file == "." else f"{one_line(finding.file)}:{finding.line}"


def safe_url(url: object) -> str | None:
    """The address if it is one that a report may link to (https, no whitespace or hidden characters), else None."""
    text = str(url)
    return text if text.startswith("https://") and text == one_line(text) and " " not in text else None


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 file`, `2 files`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def days(effort: float) -> str:
    """Person-days, without needless digits."""
    return f"{effort:g} person-day{'' if effort == 1 else 's'}"


def when(at: str) -> str:
    """A time as `2026-03-01 12:00 UTC`; what is no time stays as it is."""
    try:
        return format_time(parse_time(at))[:16].replace("T", " ") + " UTC"
    except ValueError:
        return one_line(at)


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
