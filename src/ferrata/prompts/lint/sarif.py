"""Findings as SARIF 2.1.0, which code hosts show beside the line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ferrata import __version__
from ferrata.listing import folder_in_repository, repository_of
from ferrata.markup import sarif_fingerprints, sarif_location, sarif_of, sarif_roots, sarif_rule, sarif_text
from ferrata.prompts.lint.rules import lint_rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.prompts.lint.types import Finding

__all__ = ["lint_sarif"]

_LEVELS: Final = {"error": "error", "warning": "warning", "info": "note"}


def lint_sarif(findings: Sequence[Finding], *, project: Path | None = None) -> dict[str, Any]:
    """The log of one run.

    Args:
        findings: their files as the current folder names them.
        project: its folder, which is part of the run's name, as code hosts keep runs of one name for the same. Files are named from
            the root of its git repository; None: from the current folder's.
    """
    project = project or Path()
    root, folder = repository_of(project), folder_in_repository(project)
    rules = [rule for rule in lint_rules().values() if any(one.rule == rule.id for one in findings)]
    index = {rule.id: i for i, rule in enumerate(rules)}
    about = [
        {
            **sarif_rule(
                rule.id, short=rule.title, full=" ".join(rule.why.split()), help_text=" ".join(rule.fix.split())
            ),
            "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        }
        for rule in rules
    ]
    files = [_from_root(one.file, root) for one in findings]
    names = sarif_fingerprints(
        [((one.rule, file, one.message), one.line) for one, file in zip(findings, files, strict=True)]
    )
    results = [
        {
            "ruleId": one.rule,
            "ruleIndex": index[one.rule],
            "level": _LEVELS[one.severity],
            "message": {"text": sarif_text(f"{one.message}. {one.fix}")},
            "locations": [sarif_location(file, max(1, one.line))],
            "partialFingerprints": {"ferrataPrompt/v1": name},
        }
        for one, file, name in zip(findings, files, names, strict=True)
    ]
    return sarif_of(
        {
            "tool": {"driver": {"name": "Ferrata", "version": __version__, "rules": about}},
            "automationDetails": {"id": sarif_text(f"ferrata/prompts/{f'{folder}/' if folder else ''}")},
            "originalUriBaseIds": sarif_roots("The root of the repository."),
            "columnKind": "unicodeCodePoints",
            "results": results,
        }
    )


def _from_root(file: str, root: Path) -> str:
    path = Path(file).resolve()  # code hosts show nothing at a link
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else Path(file).as_posix()
