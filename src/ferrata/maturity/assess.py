"""Makes an assessment of evidence: weighs, scores, finds contradictions, plans.

Knows nothing of where evidence comes from and where the assessment goes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ferrata import __version__
from ferrata.clock import format_time, new_id
from ferrata.maturity.advice import roadmap_steps
from ferrata.maturity.evidence import Evidence, collect_evidence, status_of
from ferrata.maturity.model import digest_of
from ferrata.maturity.score import band_of, score_axes, score_dimensions
from ferrata.maturity.types import (
    Assessment,
    Contradiction,
    FindingResult,
    ModelVersion,
    PracticeResult,
    ScanSummary,
    SkippedFile,
    Status,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from ferrata.maturity.evidence import Answer, RecordSource
    from ferrata.maturity.model import MaturityModel, Practice
    from ferrata.maturity.scan import Finding, ScanResult

__all__ = ["Inputs", "make_assessment"]

NO_LLM_USE = "no LLM use found"


class Inputs(NamedTuple):
    """What an assessment is made of.

    Attributes:
        project: its name.
        scan: what the repository shows.
        records: the ledger, by action.
        answers: the latest of each respondent.
        commit: the repository's commit, if known.
        url_of: gives the web address of a file's line, or None.
        notes: lines for the reader.
        folder: what was scanned, from the root of its git repository.
    """

    project: str
    scan: ScanResult
    records: RecordSource
    answers: Iterable[Answer]
    commit: str | None
    url_of: Callable[[str, int], str | None]
    notes: list[str]
    folder: str = ""


def make_assessment(model: MaturityModel, inputs: Inputs, *, now: datetime) -> Assessment:
    """Measure `inputs` by `model` at the moment `now`."""
    findings = [_finding(inputs, f) for f in inputs.scan.findings if model.practice(f.practice)]
    evidence = collect_evidence(model, findings=findings, records=inputs.records, answers=inputs.answers, now=now)
    practices = [_practice(model, practice, evidence[practice.id]) for practice in model.practices]
    status: dict[str, Status] = {p.id: p.status for p in practices}
    claimed: dict[str, Status] = {p.id: p.claimed_status for p in practices}
    dimensions = score_dimensions(model, status, claimed)
    score = sum(d.points for d in dimensions)
    claimed_score = sum(d.claimed_points for d in dimensions)
    answered = sum(p.claimed is not None for p in practices)
    use = inputs.scan.llm_use
    return Assessment(
        id=new_id(),
        at=format_time(now),
        project=inputs.project,
        ferrata=__version__,
        model=ModelVersion(id=model.id, version=model.version, digest=digest_of(model)),
        llm_use=use,
        level=band_of(model, score).level if use else None,
        level_name=band_of(model, score).name if use else NO_LLM_USE,
        score=score if use else 0,
        highest_score=4 * len(model.dimensions),
        claimed_level=band_of(model, claimed_score).level if answered else None,
        claimed_score=claimed_score,
        answered=answered,
        axes=score_axes(model, status),
        dimensions=dimensions if use else [d.model_copy(update={"points": 0}) for d in dimensions],
        practices=practices,
        findings=findings,
        contradictions=list(_contradictions(practices, evidence)),
        roadmap=roadmap_steps(model, practices, evidence) if use else [],
        scan=_summary(inputs),
        notes=inputs.notes,
    )


def _finding(inputs: Inputs, found: Finding) -> FindingResult:
    return FindingResult(
        rule=found.rule,
        practice=found.practice,
        dimension=found.dimension,
        polarity=found.polarity,
        file=found.file,
        line=found.line,
        confidence=found.confidence,
        strength=found.strength,
        message=found.message,
        role=found.role,
        url=inputs.url_of(found.file, found.line) if found.file != "." else None,
    )


def _practice(model: MaturityModel, practice: Practice, evidence: Evidence) -> PracticeResult:
    claimed = evidence.claimed
    claimed_status: Status = "open"
    if claimed is not None and claimed >= model.scoring.partly:
        claimed_status = "met" if claimed >= model.scoring.met else "partly"
    return PracticeResult(
        id=practice.id,
        dimension=practice.dimension,
        level=practice.level,
        axis=practice.axis,
        essential=practice.essential,
        statement=practice.statement,
        status=status_of(evidence, model.scoring),
        support=evidence.support,
        weight_for=evidence.weight_for,
        weight_against=evidence.weight_against,
        claimed=claimed,
        claimed_status=claimed_status,
        disagreement=evidence.disagreement,
        records=list(evidence.records),
        answers=list(evidence.answers),
    )


def _contradictions(practices: Iterable[PracticeResult], evidence: Mapping[str, Evidence]) -> Iterator[Contradiction]:
    for practice in practices:
        against = [f for f in evidence[practice.id].findings if f.polarity == "against"]
        if practice.claimed_status == "met" and practice.status != "met" and against:
            worst = max(against, key=lambda f: f.weight)
            message = f"claimed ({practice.claimed:.0%}), but {worst.message} at {worst.file}:{worst.line}"
            yield Contradiction(practice=practice.id, kind="claimed_but_against", message=message)
        elif practice.claimed is not None and practice.claimed_status == "open" and practice.status == "met":
            yield Contradiction(
                practice=practice.id,
                kind="done_but_not_claimed",
                message=f"done by the evidence (support {practice.support:.2f}), but answered with {practice.claimed:.0%}",
            )


def _summary(inputs: Inputs) -> ScanSummary:
    scan = inputs.scan
    return ScanSummary(
        files=scan.files,
        read=scan.read,
        cached=scan.cached,
        seconds=round(scan.seconds, 3),
        languages=scan.languages,
        skipped=[SkippedFile(file=file, reason=reason) for file, reason in scan.skipped],
        llm_sites=list(scan.llm_sites),
        commit=inputs.commit,
        folder=inputs.folder,
    )
