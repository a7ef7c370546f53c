"""The roadmap in words: each step with what is missing, in which file, and how to do it.

Advice comes from the evidence of this project; where there is none it says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferrata.maturity.evidence import Evidence
from ferrata.maturity.roadmap import plan_next, plan_to_level
from ferrata.maturity.types import RoadmapStep

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ferrata.maturity.model import MaturityModel, Practice
    from ferrata.maturity.types import Assessment, FindingResult, PracticeResult, Status

__all__ = ["evidence_of", "place_of", "roadmap_steps"]

_MOST_PLACES = 5


def roadmap_steps(
    model: MaturityModel,
    practices: Sequence[PracticeResult],
    evidence: Mapping[str, Evidence],
    *,
    to_level: int | None = None,
) -> list[RoadmapStep]:
    """The next practices in order, each once; up to `to_level` of the whole, or all the way.

    Raises:
        ValueError: the model has no such level.
    """
    status: dict[str, Status] = {p.id: p.status for p in practices}
    gains = plan_next(model, status) if to_level is None else plan_to_level(model, status, to_level)
    steps: list[RoadmapStep] = []
    for gain in gains:
        for name in gain.practices:
            practice = model.practice(name)
            if practice is None:
                continue
            last = name == gain.practices[-1]
            steps.append(
                RoadmapStep(
                    order=len(steps) + 1,
                    practice=name,
                    dimension=practice.dimension,
                    level=practice.level,
                    statement=practice.statement,
                    effort=practice.effort,
                    gains=f"{gain.dimension}:{gain.points}" if last else "",
                    missing=list(_missing(practice, evidence[name])),
                    command=practice.how.ferrata,
                    how=practice.how.without,
                )
            )
    return steps


def evidence_of(assessment: Assessment) -> dict[str, Evidence]:
    """The evidence that an assessment holds."""
    return {
        p.id: Evidence(findings=tuple(assessment.findings_of(p.id)), records=tuple(p.records), answers=tuple(p.answers))
        for p in assessment.practices
    }


def place_of(finding: FindingResult) -> str:
    """`file:line`, or `repository` where the finding is about all of it."""
    return "repository" if finding.file == "." else f"{finding.file}:{finding.line}"


def _missing(practice: Practice, evidence: Evidence) -> Iterable[str]:
    against = sorted((f for f in evidence.findings if f.polarity == "against"), key=lambda f: -f.weight)
    for finding in against[:_MOST_PLACES]:
        yield f"{place_of(finding)} {finding.message}"
    if len(against) > _MOST_PLACES:
        more = len(against) - _MOST_PLACES
        yield f"and {more} more place{'' if more == 1 else 's'}"
    weak = max((f for f in evidence.findings if f.polarity == "for"), key=lambda f: f.weight, default=None)
    if weak is not None and not against:
        yield f"so far only: {place_of(weak)} {weak.message}"
    if not evidence.findings and not evidence.records:
        claimed = evidence.claimed
        said = (
            f"answered with {claimed:.0%}, but nothing shows it"
            if claimed
            else "nothing seen in the repository or the ledger"
        )
        yield said
    if practice.records and not evidence.records:
        kinds = " or ".join(dict.fromkeys(rule.action for rule in practice.records))
        yield f"no record {kinds} in the ledger"
