"""What a rule is and what it finds."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from ferrata.documents import Document

__all__ = ["SEVERITIES", "Finding", "Hit", "Rule", "Severity"]

Severity = Literal["error", "warning", "info"]
# The worst first.
SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "info")


class Rule(Document):
    """A rule, as `rules.yaml` declares it.

    Attributes:
        severity: how bad a finding is.
        title: what a finding says, in general.
        why: what goes wrong.
        fix: what to do.
        bad: prompts in which it finds something; `good`: in which it does not.
    """

    id: str
    severity: Severity
    title: str
    why: str
    fix: str
    bad: list[str]
    good: list[str]


class Hit(NamedTuple):
    """What a check reports: the line of the file, and what is there; `fix` where the rule's own is too general."""

    rule: str
    line: int
    message: str
    fix: str = ""


class Finding(NamedTuple):
    """Something that a rule found.

    Attributes:
        rule: the rule's id.
        severity: error, warning or info.
        file: the prompt's file.
        line: from 1.
        message: what is there.
        fix: what to do about it.
    """

    rule: str
    severity: Severity
    file: str
    line: int
    message: str
    fix: str
