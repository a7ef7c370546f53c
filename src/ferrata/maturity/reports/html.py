"""One self-contained HTML page: no script, and nothing that a browser would fetch.

What came from the repository (names, messages, addresses) is hostile: all of it is escaped and made visible on one line.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.markup import page_environment
from ferrata.maturity.reports import charts, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Environment, Template

    from ferrata.maturity.model import MaturityModel, Practice
    from ferrata.maturity.reports.base import HistoryPoint
    from ferrata.maturity.types import Assessment, FindingResult, PracticeResult, RoadmapStep

__all__ = ["write_html"]

_LEVELS = (1, 2, 3, 4)
_STEPS_SHOWN = 6
_AGAINST_SHOWN, _AGAINST_MOST = 15, 500
_FINDINGS_OF_A_PRACTICE = 20
_SKIPPED_SHOWN = 200
_TREND_COLUMNS = 8


class PracticeView(NamedTuple):
    """A practice's result with its text and its findings, heaviest first."""

    result: PracticeResult
    practice: Practice | None
    found_for: list[FindingResult]
    found_against: list[FindingResult]


def write_html(assessment: Assessment, model: MaturityModel, history: Sequence[HistoryPoint]) -> str:
    """The page; a short one where no use of a language model was found."""
    if not assessment.llm_use:
        return _template("empty.html.jinja").render(
            a=assessment,
            model=model,
            what_counts=words.WHAT_COUNTS,
            title=words.NO_LLM_USE,
            skipped_shown=_SKIPPED_SHOWN,
        )
    return _template("report.html.jinja").render(_page(assessment, model, history))


def _page(assessment: Assessment, model: MaturityModel, history: Sequence[HistoryPoint]) -> dict[str, Any]:
    views = _views(assessment, model)
    points = words.timeline(assessment, history)
    return {
        "a": assessment,
        "model": model,
        "title": f"{assessment.project}: GenAIOps maturity {assessment.level}, {assessment.level_name}",
        "claim": words.claim(assessment, model),
        "band": next((b for b in model.bands if b.level == assessment.level), None),
        "about": {d.id: d.about for d in model.dimensions},
        "titles": {d.id: d.title for d in assessment.dimensions},
        "statements": {p.id: p.statement for p in assessment.practices},
        "levels": _LEVELS,
        "views": views,
        "grid": {
            (d.id, n): [v for v in views[d.id] if v.result.level == n] for d in assessment.dimensions for n in _LEVELS
        },
        "radar": charts.radar(assessment),
        "scale": charts.scale(model, assessment.highest_score),
        "trend": charts.trend(points, model, assessment.highest_score),
        "points": points[-_TREND_COLUMNS:],
        "against": words.findings_against(assessment),
        "against_shown": _AGAINST_SHOWN,
        "against_most": _AGAINST_MOST,
        "findings_shown": _FINDINGS_OF_A_PRACTICE,
        "skipped_shown": _SKIPPED_SHOWN,
        "steps": assessment.roadmap[:_STEPS_SHOWN],
        "later": assessment.roadmap[_STEPS_SHOWN:],
        "total_effort": _effort(assessment.roadmap),
    }


def _views(assessment: Assessment, model: MaturityModel) -> dict[str, list[PracticeView]]:
    views: dict[str, list[PracticeView]] = {d.id: [] for d in assessment.dimensions}
    for result in sorted(assessment.practices, key=lambda p: p.level):
        found = assessment.findings_of(result.id)
        view = PracticeView(
            result,
            model.practice(result.id),
            [f for f in found if f.polarity == "for"],
            [f for f in found if f.polarity == "against"],
        )
        views.setdefault(result.dimension, []).append(view)
    return views


def _effort(steps: Sequence[RoadmapStep]) -> float:
    return round(sum(step.effort for step in steps), 1)


@cache
def _template(name: str) -> Template:
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    made = page_environment(Path(__file__).parent / "templates")
    filters = cast("dict[str, Any]", made.filters)
    filters |= {"days": words.days, "percent": "{:.0%}".format, "place": words.place}
    cast("dict[str, Any]", made.globals).update(signs=words.STATUS_SIGNS, status_words=words.STATUS_WORDS)
    return made
