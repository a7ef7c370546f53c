"""What scouting is about and gives: use cases, candidates, what was measured, the result. Knows no catalogue and no run."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.settings import ModelSettings
    from ferrata.stats import Comparison, Estimate, Interval, Scores

__all__ = ["Candidate", "Measured", "Needs", "Outcome", "PassedOver", "ScoutResult", "UseCase", "grouped"]


@dataclass(frozen=True)
class UseCase:
    """What a model is used for.

    Attributes:
        name: of the gate, or of the evaluation.
        gate: whether a gate of that name decides.
        eval: name of the evaluation.
        model: the incumbent, by its name in the section `models`.
        settings: of the incumbent.
    """

    name: str
    gate: bool
    eval: str
    model: str
    settings: ModelSettings


@dataclass(frozen=True)
class Needs:
    """What a use case asks of a model.

    Attributes:
        features: names of abilities, as the catalogue has them.
        temperature: one other than 1 is asked for.
        tokens: that must fit, in and out together.
    """

    features: frozenset[str] = frozenset()
    temperature: bool = False
    tokens: int = 0


@dataclass(frozen=True)
class Candidate:
    """A model that could take the incumbent's place.

    Attributes:
        id: `provider/model`.
        settings: the entry in `models` that it would be.
        reasons: why it is looked at, in sentences; the first is the strongest.
        rank: of the strongest reason; small first.
        declared: its name in `models`; empty where it is the catalogue's.
        request: US dollars for one request of this use case, by the price list; None where it has no price.
        blocked: why it cannot be asked here; empty where it can.
    """

    id: str
    settings: ModelSettings
    reasons: tuple[str, ...]
    rank: int
    declared: str = ""
    request: float | None = None
    blocked: str = ""

    @property
    def title(self) -> str:
        """As people know it: the project's name for it, where it has one."""
        return f"{self.declared} ({self.id})" if self.declared else self.id

    def as_json(self) -> dict[str, Any]:
        """All of it as data."""
        return {
            "model": self.id,
            "declared": self.declared or None,
            "reasons": list(self.reasons),
            "usd_per_request_listed": self.request,
        }


@dataclass(frozen=True)
class PassedOver:
    """A model that is not tried, and why."""

    id: str
    why: str


def grouped(passed: Sequence[PassedOver], most: int = 4) -> list[str]:
    """Those that are not tried, a line for each reason: the first few by name."""
    reasons: dict[str, list[str]] = {}
    for one in passed:
        reasons.setdefault(one.why, []).append(one.id)
    return [
        f"{why}: {', '.join(ids[:most])}{f' and {len(ids) - most:,} more' if len(ids) > most else ''}"
        for why, ids in reasons.items()
    ]


@dataclass(frozen=True)
class Measured:
    """What a run says of a model.

    Attributes:
        run: its name.
        rows: that ended.
        failed: of them, those without an answer; in `scores` they are the worst that the score can be.
        scores: of the metric.
        estimate: of its mean.
        per_1000: US dollars for 1,000 requests to the model, the judges' calls not counted; None where it is not known.
        p50: seconds for an answer, the median.
        median: of plausible values of the median, at 95 %; None with too few answers.
        p95: seconds within which 95 % of the answers came (nearest rank).
        spent: US dollars that this run cost, judges included; 0 where all answers were there already.
    """

    run: str
    rows: int
    failed: int
    scores: Scores
    estimate: Estimate
    per_1000: float | None = None
    p50: float | None = None
    median: Interval | None = None
    p95: float | None = None
    spent: float | None = None

    def as_json(self) -> dict[str, Any]:
        """All of it as data, but for the single scores."""
        return {
            "run": self.run,
            "rows": self.rows,
            "failed": self.failed,
            "quality": self.estimate.as_json(),
            "usd_per_1000_requests": self.per_1000,
            "seconds_p50": self.p50,
            "seconds_p50_interval": None if self.median is None else list(self.median),
            "seconds_p95": self.p95,
            "spent_usd": self.spent,
        }


@dataclass(frozen=True)
class Outcome:
    """One model after it was tried.

    Attributes:
        id: `provider/model`.
        title: as people know it.
        incumbent: it is what the use case asks now.
        candidate: what it would be; None for the incumbent.
        measured: what came of it; None where it was left out.
        left_out: why it was.
        difference: candidate less incumbent, paired by row; None where there is nothing to compare with.
        p_adjusted: two-sided, against no difference, after Holm's correction over the candidates.
        verdict: the gate's: pass, fail or inconclusive; empty where none decides.
        reasons: of that verdict.
        dominated_by: ids of models that are at least as good in all and better in one.
    """

    id: str
    title: str
    incumbent: bool = False
    candidate: Candidate | None = None
    measured: Measured | None = None
    left_out: str = ""
    difference: Comparison | None = None
    p_adjusted: float | None = None
    verdict: str = ""
    reasons: Sequence[str] = ()
    dominated_by: Sequence[str] = ()

    @property
    def on_front(self) -> bool:
        """Whether nothing else is at least as good in all and better in one."""
        return self.measured is not None and not self.dominated_by

    def shown(self, alpha: float = 0.05) -> str:
        """What the comparison shows of quality, after correction: better, worse, or not shown to differ; empty without one."""
        if self.difference is None or self.p_adjusted is None:
            return ""
        if self.p_adjusted > alpha:
            return "not shown to differ"
        up = self.difference.difference > 0
        return "better" if up == self.difference.higher_is_better else "worse"

    def as_json(self) -> dict[str, Any]:
        """All of it as data."""
        found: dict[str, Any] = {
            "model": self.id,
            "incumbent": self.incumbent,
            "measured": None if self.measured is None else self.measured.as_json(),
            "left_out": self.left_out or None,
            "difference": None if self.difference is None else self.difference.as_json(),
            "p_adjusted": self.p_adjusted,
            "quality": self.shown() or None,
            "gate": self.verdict or None,
            "gate_reasons": list(self.reasons),
            "on_front": self.on_front,
            "dominated_by": list(self.dominated_by),
        }
        return (self.candidate.as_json() if self.candidate else {}) | found


@dataclass(frozen=True)
class ScoutResult:
    """What came of scouting for one use case.

    Attributes:
        use_case: for which.
        metric: that quality is.
        outcomes: the incumbent and what was tried.
        passed_over: what was not, and why.
        recommended: id of the model to switch to; empty: stay.
        why: in a sentence.
        dataset: name of the data.
        cost: US dollars that were spent; None where no call's cost is known.
        created: when, ISO 8601 in UTC.
        notes: about the whole, in sentences.
        commands: that test the proposal and apply it.
    """

    use_case: UseCase
    metric: str
    outcomes: Sequence[Outcome]
    passed_over: Sequence[PassedOver]
    recommended: str
    why: str
    dataset: str = ""
    cost: float | None = None
    created: str = ""
    notes: Sequence[str] = ()
    commands: Sequence[str] = ()

    @property
    def front(self) -> list[str]:
        """Ids of the models on the front."""
        return [one.id for one in self.outcomes if one.on_front]

    def as_json(self) -> dict[str, Any]:
        """All of it as data; None where a number has no end."""
        found: dict[str, Any] = {
            "use_case": self.use_case.name,
            "evaluation": self.use_case.eval,
            "gate": self.use_case.name if self.use_case.gate else None,
            "declared_model": self.use_case.model,
            "metric": self.metric,
            "dataset": self.dataset,
            "models": [one.as_json() for one in self.outcomes],
            "passed_over": [{"model": one.id, "why": one.why} for one in self.passed_over],
            "front": self.front,
            "recommended": self.recommended or None,
            "why": self.why,
            "cost_usd": self.cost,
            "created": self.created,
            "notes": list(self.notes),
            "commands": list(self.commands),
        }
        return cast("dict[str, Any]", _finite(found))


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in cast("list[Any]", value)]
    return None if isinstance(value, float) and not isfinite(value) else value
