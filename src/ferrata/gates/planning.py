"""By which a gate decides, and what its rows can show. Knows no rule and no score."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from ferrata.stats import Inference

__all__ = ["How", "error", "factor", "power", "rows_needed"]

# More rows than anybody will ask for: no number would decide.
_MOST_ROWS = 10_000_000


@dataclass(frozen=True)
class How:
    """By which a gate decides.

    Attributes:
        alpha: the probability, at most, that it passes although a rule is broken.
        power: with which a difference should be seen.
        correction: of the p-values for passing: `holm` or `none`.
    """

    alpha: float = 0.05
    power: float = 0.8
    correction: Literal["holm", "none"] = "holm"

    @property
    def confidence(self) -> float:
        """Of the intervals that are shown: each bound is the test at alpha."""
        return 1 - 2 * self.alpha


def _quantile(probability: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(probability))


def factor(how: How) -> float:
    """Standard errors that a difference must have to be seen with the wanted power."""
    return _quantile(1 - how.alpha) + _quantile(how.power)


def error(inference: Inference, how: How) -> float | None:
    """The standard error behind an interval of whatever kind; None where it is without bounds."""
    low, high = inference.interval(how.confidence)
    width = (high - low) / 2
    return width / _quantile(1 - how.alpha) if isfinite(width) and width > 0 else None


def power(margin: float, error: float, how: How) -> float:
    """The probability to pass a margin where the two sides are equally good."""
    from scipy.special import ndtr

    return float(ndtr(margin / error - _quantile(1 - how.alpha)))


def rows_needed(inference: Inference, boundary: float, how: How) -> int | None:
    """Rows that would decide, on whichever side of the boundary the estimate lies."""
    from ferrata.stats import rows_to_decide

    if inference.estimate == boundary:
        return None
    direction: Literal["greater", "less"] = "greater" if inference.estimate > boundary else "less"
    found = rows_to_decide(inference, boundary, direction=direction, alpha=how.alpha, power=how.power)
    return None if found is None or found > _MOST_ROWS else found
