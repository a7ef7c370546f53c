"""What an audit says: of each part of a project whether it runs here, must change, or has no successor. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

__all__ = ["AuditItem", "ProjectAudit", "Statement", "Verdict", "worst"]


class Verdict(StrEnum):
    """What becomes of a part; from the best to the worst."""

    RUNS = "runs"
    NEEDS_CHANGE = "needs-change"
    GONE = "gone"

    @property
    def rank(self) -> int:
        """0 for the best."""
        return list(Verdict).index(self)


class Statement(NamedTuple):
    """One thing to know.

    Attributes:
        verdict: of this thing alone.
        file: relative to the project, with `/`.
        line: from 1.
        what: what is there.
        change: what to do; empty: nothing.
    """

    verdict: Verdict
    file: str
    line: int
    what: str
    change: str = ""


class AuditItem(NamedTuple):
    """A part of the project.

    Attributes:
        kind: `flow`, `flex flow`, `prompty`, `run file`, `experiment`, `connection`, `tool package`, `code`, `notebook`, `script`,
            `ci`, `requirements`, `docker`, `deployment`, `editor`.
        path: relative to the project, with `/`.
        statements: what is to be changed, or has gone, line by line.
    """

    kind: str
    path: str
    statements: tuple[Statement, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst of its statements."""
        return worst(statement.verdict for statement in self.statements)


@dataclass(frozen=True)
class ProjectAudit:
    """The whole.

    Attributes:
        root: the project's folder.
        on: the day of the audit.
        development_ended: of Prompt Flow.
        retired: when it is read only.
        items: the parts, by kind and path.
        files: how many files were looked at.
    """

    root: str
    on: date
    development_ended: date
    retired: date
    items: tuple[AuditItem, ...]
    files: int

    @property
    def days_left(self) -> int:
        """Until Prompt Flow is read only; less than 0 after it."""
        return (self.retired - self.on).days

    @property
    def verdict(self) -> Verdict:
        """The worst of all parts."""
        return worst(item.verdict for item in self.items)

    def counts(self) -> dict[str, int]:
        """How many parts run, must change, are gone."""
        return {str(verdict): sum(item.verdict == verdict for item in self.items) for verdict in Verdict}

    def as_json(self) -> dict[str, Any]:
        """The audit as data."""
        return {
            "root": self.root,
            "on": self.on.isoformat(),
            "development_ended": self.development_ended.isoformat(),
            "retired": self.retired.isoformat(),
            "days_left": self.days_left,
            "files": self.files,
            "counts": self.counts(),
            "items": [
                {
                    "kind": item.kind,
                    "path": item.path,
                    "verdict": str(item.verdict),
                    "statements": [
                        {**statement._asdict(), "verdict": str(statement.verdict)} for statement in item.statements
                    ],
                }
                for item in self.items
            ],
        }


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several; `runs` where there is none."""
    return max(verdicts, key=lambda verdict: verdict.rank, default=Verdict.RUNS)
