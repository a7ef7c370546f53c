"""Findings as SARIF 2.1.0, which code hosts show beside the line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ferrata import __version__
from ferrata.prompts.lint.rules import lint_rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.prompts.lint.types import Finding

__all__ = ["lint_sarif"]

_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}


def lint_sarif(findings: Sequence[Finding]) -> dict[str, Any]:
    """The log of one run."""
    rules = [rule for rule in lint_rules().values() if any(one.rule == rule.id for one in findings)]
    about = [
        {
            "id": rule.id,
            "shortDescription": {"text": rule.title},
            "fullDescription": {"text": " ".join(rule.why.split())},
            "help": {"text": " ".join(rule.fix.split())},
            "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        }
        for rule in rules
    ]
    results = [
        {
            "ruleId": one.rule,
            "level": _LEVELS[one.severity],
            "message": {"text": f"{one.message}. {one.fix}"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": one.file.replace("\\", "/")},
                        "region": {"startLine": max(1, one.line)},
                    }
                }
            ],
        }
        for one in findings
    ]
    driver = {"name": "ferrata prompt lint", "version": __version__, "rules": about}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
