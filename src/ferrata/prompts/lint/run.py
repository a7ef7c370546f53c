"""Runs the checks over a prompt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from ferrata.errors import InvalidDocument
from ferrata.prompts.dialects import parse_prompt, read_prompt
from ferrata.prompts.lint.checks import (
    check_examples,
    check_family,
    check_framework,
    check_structure,
    check_trust,
    check_variables,
    check_wording,
)
from ferrata.prompts.lint.facts import Facts
from ferrata.prompts.lint.rules import lint_rules, words
from ferrata.prompts.lint.types import SEVERITIES, Finding
from ferrata.prompts.rendering import check_template

if TYPE_CHECKING:
    from ferrata.prompts.types import Dialect, Prompt

__all__ = ["covers", "is_document", "is_untrusted", "lint_prompt", "lint_text"]

_CHECKS: Final = (
    check_structure,
    check_framework,
    check_trust,
    check_variables,
    check_wording,
    check_examples,
    check_family,
)


def lint_prompt(prompt: Path | Prompt, *, root: Path | None = None, dialect: Dialect | None = None) -> list[Finding]:
    """What the rules find in a file or a prompt, in the order of its lines. A file that cannot be read is a finding too.

    Raises:
        NotFound: there is no such file.
    """
    try:
        facts = Facts(read_prompt(prompt, root=root, dialect=dialect) if isinstance(prompt, Path) else prompt)
        check_template(facts.prompt)
    except InvalidDocument as error:
        return _unreadable(error)
    return _lint(facts, facts.prompt.place)


def lint_text(text: str, *, file: str = "prompt.prompty") -> list[Finding]:
    """The same for a text."""
    try:
        facts = Facts(parse_prompt(text, path=Path(file)))
        check_template(facts.prompt)
    except InvalidDocument as error:
        return _unreadable(error)
    return _lint(facts, file)


def _lint(facts: Facts, file: str) -> list[Finding]:
    found: set[Finding] = set()
    for check in _CHECKS:
        for hit in check(facts):
            if hit.rule not in facts.ignored:
                rule = lint_rules()[hit.rule]
                fix = hit.fix or rule.fix
                found.add(Finding(rule.id, rule.severity, file, hit.line, hit.message, " ".join(fix.split())))
    return sorted(found, key=lambda one: (one.line, SEVERITIES.index(one.severity), one.rule, one.message))


def _unreadable(error: InvalidDocument) -> list[Finding]:
    rule = lint_rules()["structure.unreadable"]
    return [
        Finding(rule.id, rule.severity, m.file, m.line, f"{m.key}: {m.problem}" if m.key else m.problem, rule.fix)
        for m in error.mistakes
    ]


def covers(prompt: Prompt, part: str) -> bool:
    """Whether the system message has a part of the framework: `role`, `audience`, `scope`, `refusal`, `safety`, ..."""
    return words().parts[part].search(Facts(prompt).system) is not None


def is_untrusted(name: str) -> bool:
    """Whether an input of that name holds what a user wrote."""
    return words().untrusted.search(name) is not None


def is_document(name: str) -> bool:
    """Whether an input of that name holds documents."""
    return words().documents.search(name) is not None
