"""SARIF 2.1.0: the findings against a practice as results, for code scanning on a forge or in an editor.

A SARIF rule is a scanner rule under the practice that it speaks against; its help is the practice's why and how.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ferrata.markup import (
    counted,
    one_line,
    safe_url,
    sarif_fingerprints,
    sarif_location,
    sarif_of,
    sarif_roots,
    sarif_rule,
    sarif_text,
)
from ferrata.maturity.reports.words import findings_against, place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ferrata.maturity.model import MaturityModel, Practice
    from ferrata.maturity.reports.base import HistoryPoint
    from ferrata.maturity.types import Assessment, FindingResult

__all__ = ["sarif_log", "write_sarif"]

_NAMESPACE = "ferrataFinding/v1"


def write_sarif(assessment: Assessment, model: MaturityModel, _history: Sequence[HistoryPoint]) -> str:
    """The findings against as a SARIF log."""
    return json.dumps(sarif_log(assessment, model), indent=2, ensure_ascii=False) + "\n"


def sarif_log(assessment: Assessment, model: MaturityModel, *, with_for: bool = False) -> dict[str, Any]:
    """The log as a JSON value.

    Args:
        assessment: what was found.
        model: where the rules' help comes from; a finding weighs as much as a warning from its constant `met` on.
        with_for: also the findings for a practice, as results of kind `pass`.
    """
    chosen = findings_against(assessment)
    if with_for:
        chosen += sorted(
            (f for f in assessment.findings if f.polarity == "for"), key=lambda f: (f.file, f.line, f.practice)
        )
    firsts: dict[str, FindingResult] = {}
    for finding in chosen:
        firsts.setdefault(_rule_id(finding), finding)
    ids = sorted(firsts)
    index = {name: i for i, name in enumerate(ids)}
    fingerprints = sarif_fingerprints([((_rule_id(one), one.file, one.message), one.line) for one in chosen])
    folder = assessment.scan.folder
    run = {
        "tool": {
            "driver": {
                "name": "Ferrata",
                "version": assessment.ferrata,
                "rules": [_rule(name, firsts[name], model) for name in ids],
                "properties": {"model": f"{assessment.model.id} {assessment.model.version}"},
            }
        },
        "automationDetails": {"id": sarif_text(f"ferrata/maturity/{f'{folder}/' if folder else ''}")},
        "originalUriBaseIds": sarif_roots("The root of the assessed repository."),
        "invocations": [_invocation(assessment)],
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(
                finding,
                index=index[_rule_id(finding)],
                fingerprint=fingerprints[i],
                warning_from=model.scoring.met,
                folder=folder,
            )
            for i, finding in enumerate(chosen)
        ],
        "properties": {"score": assessment.score, "level": assessment.level, "commit": assessment.scan.commit},
    }
    return sarif_of(run)


def _rule_id(finding: FindingResult) -> str:
    return f"{finding.practice}/{finding.rule}"


def _rule(name: str, finding: FindingResult, model: MaturityModel) -> dict[str, Any]:
    practice = model.practice(finding.practice)
    tags = {"properties": {"tags": ["genaiops", finding.dimension]}}
    if practice is None:
        said = sarif_text(f"Speaks against {finding.practice}.")
        return {**sarif_rule(name, short=said, full=said, help_text=said), **tags}
    rule: dict[str, Any] = {
        **sarif_rule(name, short=practice.statement, full=practice.why, help_text=_help(practice)),
        **tags,
        "name": "".join(part.capitalize() for part in practice.id.replace(".", "-").split("-")),
        "defaultConfiguration": {"level": "note"},
    }
    rule["help"]["markdown"] = _help_markdown(practice)
    address = next((url for r in practice.references if (url := safe_url(r.url))), None)
    return {**rule, "helpUri": address} if address else rule


def _help(practice: Practice) -> str:
    lines = [practice.statement, f"Why: {practice.why}", f"How: {practice.how.without}"]
    if practice.how.ferrata:
        lines.append(f"With Ferrata: {practice.how.ferrata}")
    return "\n\n".join(lines)


def _help_markdown(practice: Practice) -> str:
    """The help with headings; the model's text is the team's own, and is not escaped."""
    lines = [practice.statement, f"**Why.** {practice.why}", f"**How.** {practice.how.without}"]
    if practice.how.ferrata:
        lines.append(f"**With Ferrata.** `{practice.how.ferrata}`")
    references = "\n".join(f"- [{r.title}]({url})" for r in practice.references if (url := safe_url(r.url)))
    return "\n\n".join([*lines, references]) if references else "\n\n".join(lines)


def _result(
    finding: FindingResult, *, index: int, fingerprint: str, warning_from: float, folder: str
) -> dict[str, Any]:
    against = finding.polarity == "against"
    level = ("warning" if finding.weight >= warning_from else "note") if against else "none"
    return {
        "ruleId": _rule_id(finding),
        "ruleIndex": index,
        "kind": "fail" if against else "pass",
        "level": level,
        "message": {"text": _message(finding)},
        "locations": [sarif_location(_from_root(finding.file, folder), finding.line)],
        "partialFingerprints": {_NAMESPACE: fingerprint},
        "rank": round(100 * finding.weight, 1),
        "properties": {"role": finding.role, "confidence": finding.confidence, "strength": finding.strength},
    }


def _message(finding: FindingResult) -> str:
    return sarif_text(finding.message or f"Speaks against {finding.practice} at {place(finding)}")


def _from_root(file: str, folder: str) -> str:
    return (folder if file == "." else f"{folder}/{file}") if folder else file


def _invocation(assessment: Assessment) -> dict[str, Any]:
    return {
        "executionSuccessful": True,
        "endTimeUtc": assessment.at,
        "toolExecutionNotifications": list(_notifications(assessment)),
    }


def _notifications(assessment: Assessment) -> Iterable[dict[str, Any]]:
    if not assessment.llm_use:
        read = counted(assessment.scan.read, "file")
        yield {"level": "note", "message": {"text": f"No LLM use found in {read} read, so no level is given."}}
    for skipped in assessment.scan.skipped:
        yield {
            "level": "note",
            "message": {"text": f"Not read: {one_line(skipped.reason)}"},
            "locations": [sarif_location(_from_root(skipped.file, assessment.scan.folder))],
        }
