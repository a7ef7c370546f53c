"""What an assertion is, and what comes of one: plain data. Knows no kind of assertion."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Assertion", "AssertionJudge", "AssertionSet", "Outcome"]


@dataclass(frozen=True, slots=True)
class Assertion:
    """One statement about an answer.

    Attributes:
        kind: as promptfoo calls it, without `not-`: `contains`, `is-json`, `llm-rubric`.
        value: what is expected; None where the kind takes nothing.
        negated: it must not hold.
        threshold: where the kind has one; None: the kind's usual one.
        weight: in the mean of a row; 0 is left out of it.
        metric: a name under which scores are gathered; empty: none.
        transform: code that would change the answer first; it is never run, so such an assertion has no score.
        config: further settings of the kind.
    """

    kind: str
    value: Any = None
    negated: bool = False
    threshold: float | None = None
    weight: float = 1.0
    metric: str = ""
    transform: str = ""
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def name(self) -> str:
        """The kind, with `not-` where it is negated."""
        return f"not-{self.kind}" if self.negated else self.kind


@dataclass(frozen=True, slots=True)
class AssertionSet:
    """Assertions that count as one.

    Attributes:
        assertions: what is in it.
        threshold: the least mean that passes; None: all must pass.
        weight: in the mean of the row.
        metric: a name under which its score is gathered; empty: none.
    """

    assertions: tuple[Assertion, ...]
    threshold: float | None = None
    weight: float = 1.0
    metric: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an assertion.

    Attributes:
        score: 0 to 1; None where it could not be looked at, and `reason` says why.
        passed: whether it holds; None where that is not known.
        reason: why.
        metrics: named scores with their weights, of the assertions inside of a set.
    """

    score: float | None
    passed: bool | None
    reason: str = ""
    metrics: Mapping[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])


AssertionJudge = Callable[[Assertion, Mapping[str, Any]], Awaitable[Outcome]]
"""Asks somebody about an assertion and the values of a row. It heeds `negated` by itself; what it raises is the row's failure."""
