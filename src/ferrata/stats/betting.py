"""The mean of bounded values without any assumption on their shape, from a sample of fixed size.

For values that are nearly all the same, where neither Student's t nor a bootstrap can know of the values that were not seen.
Tests that may be looked at while rows come in are elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, inf, log
from typing import TYPE_CHECKING

import numpy as np

from ferrata.stats.clusters import cluster_totals
from ferrata.stats.inference import Bounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.stats.types import Values

__all__ = ["BettingMean", "betting_mean"]

# Shares of the capital that are staked in each bet, as fractions of the most that cannot lead to ruin: the whole, for values that
# are all at one end, then falling by a factor of about 1.4, as the best one does where rows double. All get the same money.
STAKES = np.array([1.0, 0.84, 0.59, 0.42, 0.3, 0.21, 0.15, 0.105, 0.074, 0.052, 0.037, 0.026, 0.018])


@dataclass(frozen=True, eq=False)
class BettingMean(Bounded):
    """A mean in [low, high], by bets against each boundary.

    Who bets on values above a boundary that is not exceeded on average gets rich only with a small probability: the capital has an
    expectation of at most 1, so that 1 / capital is a p-value (Markov). Stakes are constant and the capital is their average (the
    grid of Waudby-Smith & Ramdas, Estimating means of bounded random variables by betting, JRSS-B 86 (2024) 1-27), so that the
    order of rows does not matter.

    Attributes:
        totals: shape (units,): sums of the values of each independent unit, a row or a cluster.
        sizes: shape (units,): rows of each.
    """

    totals: Values = field(default_factory=lambda: np.zeros(0), repr=False)
    sizes: Values = field(default_factory=lambda: np.zeros(0), repr=False)

    def _above(self, boundary: float) -> float:
        return _p_value((self.totals - self.sizes * boundary) / self.sizes.max(), boundary - self.low)

    def _below(self, boundary: float) -> float:
        return _p_value((self.sizes * boundary - self.totals) / self.sizes.max(), self.high - boundary)


def _p_value(gains: Values, most_lost: float) -> float:
    """1 / capital after bets whose gains, at stake 1, are these; none loses more than `most_lost`."""
    if most_lost <= 0:
        return 0.0 if bool(np.any(gains > 0)) else 1.0
    with np.errstate(divide="ignore", over="ignore"):
        # Gains without bound are as good as very large ones.
        steps = 1 + STAKES[:, None] * np.clip(gains / most_lost, -1.0, 1e300)
        logs = np.log(steps).sum(axis=1)
    top = float(logs.max())
    if top == -inf:
        return 1.0
    capital = top + log(float(np.exp(logs - top).mean()))
    return exp(min(0.0, -capital))


def betting_mean(
    values: Values, *, low: float, high: float, clusters: Sequence[str] | None = None, notes: tuple[str, ...] = ()
) -> BettingMean:
    """Infer the mean of values in [low, high]; with clusters, each is one bet of at most the largest cluster's size.

    Args:
        values: shape (rows,), each in [low, high].
        low: the least that a value can be.
        high: the greatest.
        clusters: of the rows.
        notes: to carry.
    """
    totals, sizes = (values, np.ones(len(values))) if clusters is None else cluster_totals(values, clusters)
    return BettingMean(
        estimate=float(values.mean()),
        n=len(values),
        method="betting",
        low=low,
        high=high,
        notes=notes,
        totals=totals,
        sizes=sizes,
    )
