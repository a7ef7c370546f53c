"""What evaluators take and give: plain data, and the protocols. Knows no metric, no judge, no dataset and no run.

Names of keys are those that azure-ai-evaluation made usual: of a score K, `K` and `K_score` its value, `K_result` pass or fail,
`K_passed`, `K_threshold`, `K_reason`, `K_status` and `K_properties`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ferrata.messages import Usage

__all__ = ["Evaluator", "Judging", "Measure", "Produced", "Score", "ScoreStatus", "Scoring", "Target", "passes"]

ScoreStatus = Literal["completed", "skipped", "failed"]
Scale = Literal["binary", "ordinal", "continuous"]


@dataclass(frozen=True, slots=True)
class Measure:
    """What one score of an evaluator is.

    Attributes:
        key: its name in results, as `groundedness`.
        scale: `binary` (0 or 1), `ordinal` (1 to 5) or `continuous`.
        low: the least value; None: no bound.
        high: the greatest value; None: no bound.
        higher_is_better: the direction.
        threshold: at least this passes (at most, where lower is better); None: it does not decide.
    """

    key: str
    scale: Scale = "continuous"
    low: float | None = 0.0
    high: float | None = 1.0
    higher_is_better: bool = True
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """What an evaluator says of one row under one measure.

    Attributes:
        key: the measure's.
        value: None where there is none: skipped or failed. Never NaN.
        passed: against the threshold; None where that does not decide.
        threshold: that was applied.
        label: in words, where the evaluator has some.
        reason: why.
        status: `completed`; `skipped` where the row is not one for this evaluator; `failed` where no value could be had.
        properties: further numbers and facts.
    """

    key: str
    value: float | None
    passed: bool | None = None
    threshold: float | None = None
    label: str = ""
    reason: str = ""
    status: ScoreStatus = "completed"
    properties: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def as_keys(self) -> dict[str, Any]:
        """The conventional keys."""
        key = self.key
        found: dict[str, Any] = {
            key: self.value,
            f"{key}_score": self.value,
            f"{key}_result": None if self.passed is None else "pass" if self.passed else "fail",
            f"{key}_passed": self.passed,
            f"{key}_threshold": self.threshold,
            f"{key}_status": self.status,
        }
        if self.reason:
            found[f"{key}_reason"] = self.reason
        if self.label:
            found[f"{key}_label"] = self.label
        if self.properties:
            found[f"{key}_properties"] = dict(self.properties)
        return found


def passes(value: float | None, measure: Measure) -> bool | None:
    """Whether a value passes a measure's threshold; None where it has none, or there is no value."""
    if value is None or measure.threshold is None:
        return None
    return value >= measure.threshold if measure.higher_is_better else value <= measure.threshold


@runtime_checkable
class Evaluator(Protocol):
    """Scores rows. It is `Scoring` or `Judging` as well.

    A row reaches it as a mapping from the names in `needs` and `takes` to values.
    """

    @property
    def name(self) -> str:
        """Of the kind of evaluator, as `f1_score`."""
        ...

    @property
    def needs(self) -> frozenset[str]:
        """Inputs without which it cannot score."""
        ...

    @property
    def takes(self) -> frozenset[str]:
        """Further inputs that it uses where they are there."""
        ...

    @property
    def measures(self) -> Sequence[Measure]:
        """The scores that it gives, the main one first."""
        ...

    @property
    def digest(self) -> str:
        """Changes when its scores could: of code, prompt, model and parameters. Hexadecimal."""
        ...


@runtime_checkable
class Scoring(Evaluator, Protocol):
    """Computes: needs no model, is quick, and gives the same for the same row."""

    def score(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """The scores of a row, one for each measure.

        Raises:
            Exception: anything; it is recorded as the failure of this evaluator on this row.
        """
        ...


@runtime_checkable
class Judging(Evaluator, Protocol):
    """Asks somebody: a model, a service. Its answers are recorded one by one and never asked for twice."""

    async def judge(self, values: Mapping[str, Any]) -> Sequence[Score]:
        """The scores of a row, one for each measure; what cannot be had is a `failed` score, not an exception.

        Tokens and cost are told to the open span (`telemetry.add_usage`).

        Raises:
            ModelError: nobody answered; the row's part is failed and is tried again by a resume.
        """
        ...


@dataclass(frozen=True, slots=True)
class Produced:
    """What a target made of a row's inputs.

    Attributes:
        values: by name, `response` the answer itself.
        usage: tokens of all models asked for it; None where nobody counted.
        cost: US dollars; None where it is not known.
        cached: it came from a cache, so nothing was asked.
    """

    values: Mapping[str, Any]
    usage: Usage | None = None
    cost: float | None = None
    cached: bool = False


class Target(Protocol):
    """Whatever takes inputs and gives an output: a prompt on a model, a flow, a URL, a function."""

    @property
    def name(self) -> str:
        """For people, as `prompt/support@3`."""
        ...

    @property
    def digest(self) -> str:
        """Changes when its outputs could, as far as can be known; hexadecimal. Empty where nothing can be known."""
        ...

    async def __call__(self, inputs: Mapping[str, Any]) -> Produced:
        """The output.

        Raises:
            Exception: anything; it is recorded as the row's failure.
        """
        ...
