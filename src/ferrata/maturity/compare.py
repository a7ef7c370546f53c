"""Two assessments beside each other: which practices came and went, and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ferrata.documents import Document, validate
from ferrata.maturity.advice import place_of
from ferrata.maturity.types import Assessment, Status
from ferrata.yamls import read_text, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ferrata.maturity.types import FindingResult, PracticeResult

__all__ = ["Comparison", "PracticeChange", "compare_assessments", "read_assessment"]

_ORDER = {"against": 0, "open": 1, "partly": 2, "met": 3}


class PracticeChange(Document):
    """A practice whose status changed, and the evidence that came or went."""

    practice: str
    before: Status
    after: Status
    why: list[str]

    @property
    def better(self) -> bool:
        """Whether it rose."""
        return _ORDER[self.after] > _ORDER[self.before]


class Comparison(Document):
    """The difference of two assessments, `a` (earlier) and `b` (later)."""

    a: str
    b: str
    a_at: str
    b_at: str
    level: tuple[int | None, int | None]
    score: tuple[int, int]
    points: dict[str, tuple[int, int]]
    changes: list[PracticeChange]
    notes: list[str]


def read_assessment(path: Path) -> Assessment:
    """An assessment from a JSON file, as `ferrata assess --json` prints it.

    Raises:
        NotFound: there is no such file.
        InvalidDocument: it is not an assessment.
    """
    text = read_text(path)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = read_yaml(text, file=str(path))  # which says on which line it is wrong
    return validate(document, Assessment, file=str(path), text=text)


def compare_assessments(a: Assessment, b: Assessment) -> Comparison:
    """What changed from `a` to `b`."""
    before = {p.id: p for p in a.practices}
    after = {p.id: p for p in b.practices}
    changes = [
        PracticeChange(
            practice=name,
            before=before[name].status,
            after=after[name].status,
            why=list(_why(a, b, before[name], after[name])),
        )
        for name in after
        if name in before and before[name].status != after[name].status
    ]
    earlier = {d.id: d.points for d in a.dimensions}
    return Comparison(
        a=a.id,
        b=b.id,
        a_at=a.at,
        b_at=b.at,
        level=(a.level, b.level),
        score=(a.score, b.score),
        points={d.id: (earlier.get(d.id, 0), d.points) for d in b.dimensions},
        changes=sorted(changes, key=lambda c: (c.better, c.practice)),
        notes=list(_notes(a, b, before.keys(), after.keys())),
    )


def _notes(a: Assessment, b: Assessment, before: Iterable[str], after: Iterable[str]) -> Iterable[str]:
    if a.project != b.project:
        yield f"of different projects: {a.project} and {b.project}"
    if a.model.digest != b.model.digest:
        same = (a.model.id, a.model.version) == (b.model.id, b.model.version)
        names = f"{a.model.id} {a.model.version} and {b.model.id} {b.model.version}"
        yield f"measured by different models: {names}{', whose practices or rules of scoring differ' if same else ''}"
    if a.llm_use != b.llm_use:
        yield f"LLM use found only in the {'earlier' if a.llm_use else 'later'} one"
    if new := set(after) - set(before):
        yield f"practices only in the later one: {', '.join(sorted(new))}"
    if old := set(before) - set(after):
        yield f"practices only in the earlier one: {', '.join(sorted(old))}"
    if a.ferrata != b.ferrata:
        yield f"made by different versions of Ferrata: {a.ferrata} and {b.ferrata}"


def _why(a: Assessment, b: Assessment, before: PracticeResult, after: PracticeResult) -> Iterable[str]:
    old = {_key(f): f for f in a.findings_of(before.id)}
    new = {_key(f): f for f in b.findings_of(after.id)}
    had = {r.action: r for r in before.records}
    has = {r.action: r for r in after.records}
    reasons = [f"no longer {_said(old[key])}" for key in sorted(old.keys() - new.keys())]
    reasons += [f"now {_said(new[key])}" for key in sorted(new.keys() - old.keys())]
    for action in sorted(had.keys() - has.keys()):
        expired = had[action].expires
        late = f": it expired at {expired}" if expired and expired <= b.at else ""
        reasons.append(f"record {action} no longer counts{late}")
    reasons += [f"record {action} (number {has[action].seq})" for action in sorted(has.keys() - had.keys())]
    if [(x.respondent, x.value, x.weight) for x in before.answers] != [
        (x.respondent, x.value, x.weight) for x in after.answers
    ]:
        reasons.append("its answers changed")
    return reasons or ["the same evidence weighs otherwise by the later one's model or rules"]


def _key(finding: FindingResult) -> tuple[str, str, str, str]:
    """A finding is the same when only its line moved."""
    return finding.rule, finding.polarity, finding.file, finding.message


def _said(finding: FindingResult) -> str:
    return f"{finding.polarity}: {place_of(finding)} {finding.message}"
