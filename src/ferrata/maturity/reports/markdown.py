"""Markdown for a pull request's comment or a pipeline's step summary: short, GitHub's flavour.

File names and messages are hostile: nothing in them becomes markup, a link, a mention or a reference to an issue.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ferrata.markup import code, counted, escaped, safe_url, when
from ferrata.maturity.reports import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ferrata.maturity.model import MaturityModel
    from ferrata.maturity.reports.base import HistoryPoint
    from ferrata.maturity.types import Assessment, FindingResult, RoadmapStep

__all__ = ["write_markdown"]

_AGAINST, _CONTRADICTIONS, _STEPS = 10, 10, 5


def write_markdown(assessment: Assessment, model: MaturityModel, history: Sequence[HistoryPoint]) -> str:
    """The summary: verdict, dimensions, contradictions, findings against, next steps."""
    if not assessment.llm_use:
        return "\n".join(_no_llm_use(assessment)) + "\n"
    lines = [
        f"## GenAIOps maturity: level {assessment.level}, {escaped(assessment.level_name)}"
        f" ({assessment.score}/{assessment.highest_score})",
        "",
        f"{escaped(words.claim(assessment, model))}.{_change(assessment, history)}",
        "",
        *_dimensions(assessment),
        *_contradictions(assessment),
        *_against(assessment),
        *_steps(assessment),
        "",
        _footer(assessment),
    ]
    return "\n".join(lines) + "\n"


def _dimensions(assessment: Assessment) -> Iterable[str]:
    yield "| Dimension | Points | Claimed | To the next point |"
    yield "| :-- | :-- | --: | --: |"
    for d in assessment.dimensions:
        claimed = str(d.claimed_points) if assessment.answered else "–"
        way = "top" if d.points == 4 else f"{d.progress:.0%}"
        yield f"| {escaped(d.title)} | {words.bar(d.points)} {d.points} | {claimed} | {way} |"


def _change(assessment: Assessment, history: Sequence[HistoryPoint]) -> str:
    points = words.timeline(assessment, history)
    if len(points) < 2:
        return ""
    before, now = points[-2], points[-1]
    if before.score == now.score:
        return f" No change of the score since {when(before.at)[:10]}."
    return f" Since {when(before.at)[:10]}: {now.score - before.score:+d} ({before.score} to {now.score})."


def _contradictions(assessment: Assessment) -> Iterable[str]:
    found = assessment.contradictions
    if not found:
        return
    yield from ("", "### Contradictions", "")
    for c in found[:_CONTRADICTIONS]:
        yield f"- {code(c.practice)}: {escaped(c.message)}"
    yield from _more(len(found) - _CONTRADICTIONS)


def _against(assessment: Assessment) -> Iterable[str]:
    found = words.findings_against(assessment)
    if not found:
        return
    yield from ("", "### Evidence against", "", "| Where | What | Practice |", "| :-- | :-- | :-- |")
    for finding in found[:_AGAINST]:
        yield f"| {_where(finding)} | {escaped(finding.message)} | {code(finding.practice, cell=True)} |"
    yield from _more(len(found) - _AGAINST)


def _where(finding: FindingResult) -> str:
    url = safe_url(finding.url) if finding.url else None
    place = code(words.place(finding), cell=True)
    if url is None:
        return place
    target = re.sub(r"[<>()|\\`\"'\[\]]", lambda m: f"%{ord(m[0]):02X}", url)
    # Brackets inside a code span do not end a link's text, but the pipe's escape must survive.
    return f"[{place}]({target})"


def _steps(assessment: Assessment) -> Iterable[str]:
    steps = assessment.roadmap
    if not steps:
        return
    yield from ("", "### Next steps", "")
    for step in steps[:_STEPS]:
        yield _step(step)
        for missing in step.missing[:3]:
            yield f"   - {escaped(missing)}"
    yield from _more(len(steps) - _STEPS)


def _step(step: RoadmapStep) -> str:
    gain = f", gains {escaped(step.gains.replace(':', ' point '))}" if step.gains else ""
    command = f" Run {code(step.command)}." if step.command else ""
    about = f"({code(step.practice)}, {words.days(step.effort)}{gain})"
    return f"{step.order}. {escaped(step.statement)} {about}{command}"


def _more(count: int) -> Iterable[str]:
    if count > 0:
        yield from ("", f"And {count} more.")


def _footer(assessment: Assessment) -> str:
    commit = f", commit {code(assessment.scan.commit[:12])}" if assessment.scan.commit else ""
    model = escaped(f"{assessment.model.id} {assessment.model.version}")
    return f"Model {model}{commit}, {when(assessment.at)}, {counted(assessment.scan.read, 'file')} read."


def _no_llm_use(assessment: Assessment) -> Iterable[str]:
    yield f"## GenAIOps maturity: {words.NO_LLM_USE.lower().replace('llm', 'LLM')}"
    yield ""
    yield f"{counted(assessment.scan.read, 'file')} of {assessment.scan.files:,} read, so no level is given. What would count:"
    yield ""
    yield from (f"- {line}" for line in words.WHAT_COUNTS)
    yield ""
    yield _footer(assessment)
