"""What a gate is and says: rules, results by rule, the verdict. Knows no run, no file and no terminal."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.stats import Comparison, Inference, Interval, Scores

__all__ = ["Change", "Distribution", "GateResult", "Rule", "RuleKind", "RuleResult", "Side", "Standing", "Verdict"]

Verdict = Literal["pass", "fail", "inconclusive"]
RuleKind = Literal["superiority", "non_inferiority", "at_least", "at_most"]


@dataclass(frozen=True)
class Rule:
    """One rule of a gate.

    Attributes:
        metric: `ALIAS.KEY`, or `ALIAS.KEY.pass_rate`.
        kind: `superiority`: better than the baseline by more than `limit`; `non_inferiority`: not worse than it by `limit` or
            more; `at_least` and `at_most`: the candidate's mean, whatever the baseline's.
        limit: in the score's units; a share of the baseline's mean where `relative`.
        relative: `limit` is a share, as 0.1 for 10 %.
    """

    metric: str
    kind: RuleKind
    limit: float
    relative: bool = False

    @property
    def compares(self) -> bool:
        """Whether it needs a baseline."""
        return self.kind in ("superiority", "non_inferiority")

    @property
    def text(self) -> str:
        """As a person would say it."""
        limit = f"{100 * self.limit:.4g} %" if self.relative else f"{self.limit:.4g}"
        words = {
            "superiority": f"better than the baseline by more than {limit}"
            if self.limit
            else "better than the baseline",
            "non_inferiority": f"worse than the baseline by less than {limit}",
            "at_least": f"at least {limit}",
            "at_most": f"at most {limit}",
        }
        return f"{self.metric} {words[self.kind]}"


class Standing(Protocol):
    """What is known of the judge behind a metric."""

    @property
    def may_decide(self) -> bool:
        """Whether its scores may decide a gate without other rules."""
        ...

    @property
    def reason(self) -> str:
        """In a sentence: why, or why not."""
        ...

    def corrected(self, scores: Scores) -> Inference | None:
        """The mean, corrected by the judge's measured error; None where that cannot be had."""
        ...


@dataclass(frozen=True)
class Distribution:
    """A metric's values in one run, for a picture.

    Attributes:
        edges: of the bins, one more than counts.
        counts: rows in each.
    """

    edges: Sequence[float]
    counts: Sequence[int]


@dataclass(frozen=True)
class Change:
    """A row whose score changed.

    Attributes:
        metric: whose.
        row: its number in the data.
        key: what it is known by in all runs.
        before: the baseline's score.
        after: the candidate's.
        inputs: of the row.
        output_before: the baseline's answer.
        output_after: the candidate's.
    """

    metric: str
    row: int
    key: str
    before: float
    after: float
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    output_before: str = ""
    output_after: str = ""


@dataclass(frozen=True)
class RuleResult:
    """What came of one rule.

    Attributes:
        rule: which.
        verdict: by itself, after correction for the other rules.
        deciding: whether it counts alone: it is computed, or its judge's agreement with people was measured and is current.
        n: rows or pairs behind it.
        estimate: candidate's mean, or candidate less baseline.
        interval: of the estimate, at `confidence`.
        confidence: two-sided; a bound of it is one-sided at half the error.
        boundary: the value of the estimate at which the rule turns.
        p_value: one-sided, that the rule is broken; small: pass.
        p_adjusted: the same after correction over the gate's rules.
        p_fail: one-sided, that the rule is kept, after correction over the gate's rules; small: fail.
        test: that gave the p-values.
        effect: in standard deviations; None where they do not vary.
        power: to pass if the truth were as good as the rule hopes (no difference for non-inferiority); None where unknown.
        smallest: the smallest margin that these rows can see with a power of 0.8; None where unknown.
        rows_needed: in all, to decide at the present estimate; None where decided, or where no number would.
        higher_is_better: the direction.
        baseline: its mean over the pairs.
        candidate: its mean.
        comparison: with the baseline; None for a threshold.
        corrected: estimate corrected for the judge's error; None without calibration.
        corrected_interval: likewise.
        reasons: why, in sentences, and what to know before one believes it.
        distributions: baseline's and candidate's, for a picture.
    """

    rule: Rule
    verdict: Verdict
    deciding: bool = True
    n: int = 0
    estimate: float | None = None
    interval: Interval | None = None
    confidence: float = 0.95
    boundary: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    p_fail: float | None = None
    test: str = ""
    effect: float | None = None
    power: float | None = None
    smallest: float | None = None
    rows_needed: int | None = None
    higher_is_better: bool = True
    baseline: float | None = None
    candidate: float | None = None
    comparison: Comparison | None = None
    corrected: float | None = None
    corrected_interval: Interval | None = None
    reasons: Sequence[str] = ()
    distributions: Mapping[str, Distribution] = field(default_factory=dict[str, Distribution])

    def as_json(self) -> dict[str, Any]:
        """All of it as data."""
        both = self.interval
        found: dict[str, Any] = {
            "metric": self.rule.metric,
            "rule": self.rule.kind,
            "limit": self.rule.limit,
            "relative": self.rule.relative,
            "text": self.rule.text,
            "verdict": self.verdict,
            "deciding": self.deciding,
            "n": self.n,
            "baseline": self.baseline,
            "candidate": self.candidate,
            "estimate": self.estimate,
            "interval": None if both is None else [both.low, both.high],
            "confidence": self.confidence,
            "boundary": self.boundary,
            "p_value": self.p_value,
            "p_adjusted": self.p_adjusted,
            "p_fail": self.p_fail,
            "test": self.test,
            "effect": self.effect,
            "power": self.power,
            "smallest_detectable": self.smallest,
            "rows_needed": self.rows_needed,
            "higher_is_better": self.higher_is_better,
            "reasons": list(self.reasons),
        }
        if self.corrected is not None:
            between = self.corrected_interval
            found["corrected"] = {"estimate": self.corrected, "interval": None if between is None else list(between)}
        if self.comparison is not None:
            found["comparison"] = self.comparison.as_json()
        return found


@dataclass(frozen=True)
class Side:
    """Candidate or baseline.

    Attributes:
        run: the run's name, or the file of scores.
        target: what was run, by name.
        digest: of the target; empty where it cannot be known.
        versions: asset references that it is made of, as `prompt/support@3`.
    """

    run: str
    target: str = ""
    digest: str = ""
    versions: Sequence[str] = ()


@dataclass(frozen=True)
class GateResult:
    """A gate's verdict and all that it rests on.

    Attributes:
        gate: its name.
        verdict: of all rules together.
        rules: one by one.
        candidate: what was judged.
        baseline: what it was compared with; None where no rule compares.
        dataset: its name or version.
        dataset_digest: of its rows.
        rows: of the candidate's run.
        alpha: probability, at most, that a gate passes of which any rule is broken.
        correction: over the rules: `holm` or `none`.
        seed: of all that is drawn.
        sequential: decided with tests that hold however often one looks.
        stopped_after: rows after which it was decided; None where all were used.
        on_inconclusive: the policy: `fail`, `pass` or `extend`.
        changes: rows that changed most, the worst first.
        notes: about the whole, in sentences.
        waived: why a person let it pass all the same; empty where nobody did.
        created: when, ISO 8601 in UTC.
        settings_digest: of the gate's declaration.
    """

    gate: str
    verdict: Verdict
    rules: Sequence[RuleResult]
    candidate: Side
    baseline: Side | None = None
    dataset: str = ""
    dataset_digest: str = ""
    rows: int = 0
    alpha: float = 0.05
    correction: str = "holm"
    seed: int = 0
    sequential: bool = False
    stopped_after: int | None = None
    on_inconclusive: str = "fail"
    changes: Sequence[Change] = ()
    notes: Sequence[str] = ()
    waived: str = ""
    created: str = ""
    settings_digest: str = ""

    @property
    def exit_status(self) -> int:
        """0 pass, 1 fail, 3 inconclusive; an inconclusive one follows the policy, and a waived one is 0."""
        if self.waived or self.verdict == "pass":
            return 0
        if self.verdict == "fail":
            return 1
        return 0 if self.on_inconclusive == "pass" else 3

    def as_json(self) -> dict[str, Any]:
        """All of it as data; None where an interval has no end."""
        found: dict[str, Any] = {
            "gate": self.gate,
            "verdict": self.verdict,
            "exit_status": self.exit_status,
            "candidate": vars(self.candidate) | {"versions": list(self.candidate.versions)},
            "baseline": None
            if self.baseline is None
            else vars(self.baseline) | {"versions": list(self.baseline.versions)},
            "dataset": {"name": self.dataset, "digest": self.dataset_digest},
            "rows": self.rows,
            "alpha": self.alpha,
            "correction": self.correction,
            "seed": self.seed,
            "sequential": self.sequential,
            "stopped_after": self.stopped_after,
            "on_inconclusive": self.on_inconclusive,
            "rules": [one.as_json() for one in self.rules],
            "changes": [vars(one) | {"inputs": dict(one.inputs)} for one in self.changes],
            "notes": list(self.notes),
            "waived": self.waived,
            "created": self.created,
            "settings_digest": self.settings_digest,
        }
        return {key: _finite(value) for key, value in found.items()}


def _finite(value: Any) -> Any:
    """The value with None for numbers that JSON does not know."""
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in cast("list[Any]", value)]
    return None if isinstance(value, float) and not isfinite(value) else value
