"""What speaks for and against each practice: findings, records and answers, weighed.

Knows nothing of points.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, cast

from ferrata.clock import format_time, parse_time
from ferrata.maturity.types import AnswerEvidence, FindingResult, RecordEvidence, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from ferrata.maturity.model import MaturityModel, Practice, RecordRule, Scoring

__all__ = ["Answer", "Evidence", "LedgerRecord", "RecordSource", "collect_evidence", "status_of"]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "gte": operator.ge,
    "lte": operator.le,
    "gt": operator.gt,
    "lt": operator.lt,
}
# How many records of a kind are counted; more would not make them stronger.
_ENOUGH = 100
# Evidence against from which a practice is called contradicted.
_AGAINST = 0.3


class LedgerRecord(Protocol):
    """What is read of a ledger record."""

    @property
    def seq(self) -> int:
        """Its number in the chain."""
        ...

    @property
    def at(self) -> datetime:
        """When it was written."""
        ...

    @property
    def payload(self) -> Mapping[str, Any]:
        """What was done."""
        ...


RecordSource: TypeAlias = "Callable[[str, datetime | None], Iterable[LedgerRecord]]"


class Answer(NamedTuple):
    """What a respondent says of a practice: `value` 0 to 1, None for "don't know"; `at` in ISO 8601."""

    practice: str
    respondent: str
    value: float | None
    note: str = ""
    link: str = ""
    at: str = ""


@dataclass(frozen=True)
class Evidence:
    """All that is known of one practice."""

    findings: tuple[FindingResult, ...] = ()
    records: tuple[RecordEvidence, ...] = ()
    answers: tuple[AnswerEvidence, ...] = field(default=())

    @property
    def weight_for(self) -> float:
        """The strongest evidence for: weak evidence does not add up to strong evidence."""
        found = [f.weight for f in self.findings if f.polarity == "for"]
        return max([*found, *(r.weight for r in self.records), *(a.weight for a in self.answers)], default=0.0)

    @property
    def weight_against(self) -> float:
        """The strongest evidence against; only findings are."""
        return max((f.weight for f in self.findings if f.polarity == "against"), default=0.0)

    @property
    def support(self) -> float:
        """Strongest for, times one minus strongest against."""
        return round(self.weight_for * (1 - self.weight_against), 4)

    @property
    def claimed(self) -> float | None:
        """The mean of what the respondents know; None where nobody does."""
        known = [a.value for a in self.answers if a.value is not None]
        return round(sum(known) / len(known), 4) if known else None

    @property
    def disagreement(self) -> float:
        """The largest difference between two respondents."""
        known = [a.value for a in self.answers if a.value is not None]
        return round(max(known) - min(known), 4) if known else 0.0


def collect_evidence(
    model: MaturityModel,
    *,
    findings: Iterable[FindingResult],
    records: RecordSource,
    answers: Iterable[Answer],
    now: datetime,
) -> dict[str, Evidence]:
    """The evidence of every practice of the model.

    Args:
        model: whose practices.
        findings: what the scan saw.
        records: gives the ledger's records of an action since a moment (None: ever), the newest first.
        answers: the latest of each respondent.
        now: records age against this moment.
    """
    seen: dict[str, list[FindingResult]] = defaultdict(list)
    for finding in findings:
        seen[finding.practice].append(finding)
    said: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        said[answer.practice].append(answer)
    return {
        practice.id: Evidence(
            findings=tuple(seen[practice.id]),
            records=tuple(found for rule in practice.records if (found := _record_evidence(rule, records, now))),
            answers=tuple(_answer_evidence(practice, answer) for answer in said[practice.id]),
        )
        for practice in model.practices
    }


def status_of(evidence: Evidence, scoring: Scoring) -> Status:
    """How a practice stands by its evidence."""
    if evidence.support >= scoring.met:
        return "met"
    if evidence.support >= scoring.partly:
        return "partly"
    return "against" if evidence.weight_against >= _AGAINST else "open"


def _record_evidence(rule: RecordRule, records: RecordSource, now: datetime) -> RecordEvidence | None:
    age = timedelta(days=rule.within_days) if rule.within_days else None
    meeting = (r for r in records(rule.action, now - age if age else None) if _meets(rule.where, r.payload))
    good = list(islice(meeting, max(rule.at_least, _ENOUGH)))
    if len(good) < rule.at_least:
        return None
    newest = good[0]
    # It stops being enough when the oldest of the newest `at_least` records grows too old.
    deciding = good[rule.at_least - 1].at
    return RecordEvidence(
        action=rule.action,
        seq=newest.seq,
        at=format_time(newest.at),
        count=len(good),
        expires=format_time(deciding + age) if age else None,
        weight=rule.strength,
    )


def _meets(where: Mapping[str, Any], payload: Mapping[str, Any]) -> bool:
    return all(_holds(payload.get(name), wanted) for name, wanted in where.items())


def _holds(value: Any, wanted: Any) -> bool:
    """Whether a payload's value meets a condition; of a list, its length is compared and any item may be `in`."""
    if not isinstance(wanted, dict):
        return bool(value == wanted)
    tests = cast("dict[str, Any]", wanted)
    items = cast("list[Any]", value) if isinstance(value, list) else [value]
    if "in" in tests and not any(item in tests["in"] for item in items):
        return False
    limits = {name: limit for name, limit in tests.items() if name != "in"}
    number = len(items) if isinstance(value, list) else value
    if limits and (not isinstance(number, int | float) or isinstance(number, bool)):
        return False
    return all(_COMPARE[name](number, limit) for name, limit in limits.items())


def _answer_evidence(practice: Practice, answer: Answer) -> AnswerEvidence:
    worth = practice.answer.with_link if answer.link else practice.answer.alone
    text = "don't know"
    if answer.value is not None:
        text = min(practice.answers, key=lambda option: abs(option.value - (answer.value or 0.0))).text
    return AnswerEvidence(
        respondent=answer.respondent,
        value=answer.value,
        text=text,
        note=answer.note,
        link=answer.link,
        at=answer.at or format_time(parse_time("1970-01-01")),
        weight=round(worth * (answer.value or 0.0), 4),
    )
