"""The rules of the audit, which are data: `rules.yaml`. Knows how no file is read."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ferrata.documents import Document, read_document
from ferrata.flows.audit.types import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["AuditRules", "Fate", "PatternRule", "audit_rules", "fitting"]

FileKind = Literal["python", "notebook", "script", "ci", "requirements", "docker", "yaml", "editor"]


class Fate(Document):
    """What becomes of something.

    Attributes:
        verdict: runs, needs-change or gone.
        what: what is there; empty where the name says it.
        change: what to do.
    """

    verdict: Verdict
    what: str = ""
    change: str


class PatternRule(Fate):
    """What becomes of a line that has a pattern.

    Attributes:
        id: its name.
        files: the kinds of files that it is looked for in.
        pattern: a regular expression.
        installs: outside of files of requirements only lines that install something count.
    """

    id: str
    files: tuple[FileKind, ...] = Field(alias="in")
    pattern: str
    installs: bool = False

    def matches(self, line: str, kind: str, *, installing: bool) -> bool:
        """Whether a line of a file of a kind has it; `installing`: the line is of a command that installs packages."""
        if self.installs and kind != "requirements" and not installing:
            return False
        return re.search(self.pattern, line) is not None


class AuditRules(Document):
    """All of `rules.yaml`.

    Attributes:
        development_ended: of Prompt Flow.
        retired: when it is read only.
        modules: by name.
        commands: of `pf`, by words.
        patterns: for lines.
        tools: by the beginning of their ids.
    """

    development_ended: date
    retired: date
    modules: dict[str, Fate]
    commands: dict[str, Fate]
    patterns: tuple[PatternRule, ...]
    tools: dict[str, Fate]


@cache
def audit_rules() -> AuditRules:
    """The rules, read once.

    Raises:
        InvalidDocument: the file is wrong.
    """
    return read_document(Path(__file__).with_name("rules.yaml"), AuditRules)


def fitting(fates: Mapping[str, Fate], name: str, *, separator: str) -> Fate | None:
    """The fate under the longest beginning of a name, cut at separators; with an empty separator cut anywhere."""
    fits = [key for key in fates if name == key or name.startswith(key + separator)]
    return fates[max(fits, key=len)] if fits else None
