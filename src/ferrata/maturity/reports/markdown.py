"""Markdown for a pull request's comment or a pipeline's step summary: short, GitHub's flavour.

File names and messages are hostile: nothing in them becomes markup, a link, a mention or a reference to an issue.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ferrata.maturity.reports import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ferrata.maturity.model import MaturityModel
    from ferrata.maturity.reports.base import HistoryPoint
    from ferrata.maturity.types import Assessment, FindingResult, RoadmapStep

__all__ = ["code", "escaped", "write_markdown"]

_AGAINST, _CONTRADICTIONS, _STEPS = 10, 10, 5
_MOST_MESSAGE, _MOST_PLACE = 240, 120
_SYNTAX = re.compile(r"([\\`*_\[\]#|~$])")
_BLOCK = re.compile(r"^(\d*)([-+=.)])")
_NOTHING = "<!-- -->"


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


def escaped(text: str, most: int = _MOST_MESSAGE) -> str:
    """Text that shows as it is: no markup, HTML, link, mention or issue reference comes of it, in a table or out of it."""
    safe = _SYNTAX.sub(r"\\\1", words.shortened(text, most).replace("&", "&amp;"))
    safe = _BLOCK.sub(r"\1\\\2", safe)
    safe = safe.replace("<", "&lt;").replace(">", "&gt;").replace("://", f":{_NOTHING}//")
    # A forge looks for these in the finished text, past all escapes; an empty comment parts them.
    safe = safe.replace("@", f"@{_NOTHING}").replace("\\#", f"\\#{_NOTHING}")
    return re.sub(r"(?i)\b(www)\.", rf"\1{_NOTHING}.", safe)


def code(text: str, *, cell: bool = False) -> str:
    """A code span with a fence longer than any run of backticks inside; for a table's `cell`, with its pipes escaped."""
    line = words.shortened(text, _MOST_PLACE)
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    span = f"{fence}{pad}{line}{pad}{fence}"
    return span.replace("|", "\\|") if cell else span


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
        return f" No change of the score since {words.when(before.at)[:10]}."
    return f" Since {words.when(before.at)[:10]}: {now.score - before.score:+d} ({before.score} to {now.score})."


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
    url = words.safe_url(finding.url) if finding.url else None
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
    return f"Model {model}{commit}, {words.when(assessment.at)}, {words.counted(assessment.scan.read, 'file')} read."


def _no_llm_use(assessment: Assessment) -> Iterable[str]:
    yield f"## GenAIOps maturity: {words.NO_LLM_USE.lower().replace('llm', 'LLM')}"
    yield ""
    yield f"{words.counted(assessment.scan.read, 'file')} of {assessment.scan.files:,} read, so no level is given. What would count:"
    yield ""
    yield from (f"- {line}" for line in words.WHAT_COUNTS)
    yield ""
    yield _footer(assessment)
