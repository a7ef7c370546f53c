"""Checks a dataset: all that is wrong with it, in two readings. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferrata.datasets.checks import (
    SEVERITIES,
    Balance,
    Broken,
    Columns,
    Contradictions,
    Duplicates,
    Finding,
    Ids,
    Known,
    Leakage,
    Lengths,
    Paraphrases,
    Personal,
    References,
    Roles,
    Size,
)
from ferrata.errors import UsageError

if TYPE_CHECKING:
    from ferrata.datasets.checks import Check
    from ferrata.datasets.dataset import Dataset
    from ferrata.datasets.meaning import Meaning
    from ferrata.datasets.types import Summary

__all__ = ["CHECKS", "CheckedDataset", "check_dataset"]

CHECKS = (
    "broken-row no-rows few-rows missing-column wrong-kind empty-column mixed-kinds duplicate-id leakage duplicate near-duplicate "
    "contradiction empty-query empty-reference no-reference pii imbalance no-split length-outlier unlike-splits "
    "leakage-of-meaning near-meaning"
).split()
"""The names of all checks."""


@dataclass(frozen=True)
class CheckedDataset:
    """What was found.

    Attributes:
        name: the dataset's.
        summary: what one reading shows.
        findings: the worst first.
    """

    name: str
    summary: Summary
    findings: tuple[Finding, ...]

    def failing(self, what: str) -> list[Finding]:
        """The findings of a severity or worse, or of a check.

        Args:
            what: a severity, the name of a check, or `never`.

        Raises:
            UsageError: it is none of these.
        """
        if what == "never":
            return []
        if what in CHECKS:
            return [one for one in self.findings if one.check == what]
        for i, severity in enumerate(SEVERITIES):
            if what == severity:
                return [one for one in self.findings if one.severity in SEVERITIES[: i + 1]]
        raise UsageError(
            f"neither a severity nor a check: {what!r}", hint=f"write never, {', '.join([*SEVERITIES, *CHECKS])}"
        )

    def as_json(self) -> dict[str, Any]:
        """The result as data."""
        about = {"dataset": self.name, **self.summary.as_json()}
        return {**about, "findings": [finding.as_json() for finding in self.findings]}


def check_dataset(
    dataset: Dataset, *, against: Dataset | None = None, similarity: float = 0.8, meaning: Meaning | None = None
) -> CheckedDataset:
    """All that the checks find in a dataset.

    Args:
        dataset: what is checked.
        against: other data that may not ask the same, as the data that a model was tuned on.
        similarity: from which likeness of words on (0.5 to 1) two questions are nearly the same.
        meaning: compare questions by embeddings as well, and with which.

    Raises:
        UsageError: the similarity is out of its range, or a file cannot be read at all.
        NotFound, InvalidDocument: likewise.
        FerrataError: whatever the embeddings of `meaning` raise.
    """
    if not 0.5 <= similarity <= 1:
        raise UsageError(f"a similarity of {similarity:g}", hint="give a number from 0.5 to 1")
    summary = dataset.summary
    roles = _roles(dataset)
    checks: list[Check] = [
        Broken(),
        Size(),
        Columns(dataset.description.columns),
        Ids(roles.id[0] if roles.id else None),
        Duplicates(roles, similarity),
        Contradictions(roles),
        References(roles),
        Personal(),
        Balance(roles),
        Lengths(roles),
    ]
    known = None
    if against is not None:
        known = Known(against.name, against.rows(), _roles(against), similarity)
        checks.append(Leakage(known, roles))
    if meaning is not None:
        checks.append(Paraphrases(roles, similarity, meaning, known))
    for example in dataset.read():
        for check in checks:
            check.add(example)
    found = [finding for check in checks for finding in check.findings()]
    found.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return CheckedDataset(dataset.name, summary, tuple(found))


def _roles(dataset: Dataset) -> Roles:
    return Roles(dataset.description, [column.name for column in dataset.summary.columns])
