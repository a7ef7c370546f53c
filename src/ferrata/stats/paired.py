"""Two runs over the same rows: the difference within pairs. Knows no keys and no power."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import bdtr

from ferrata.errors import UsageError
from ferrata.stats.clusters import cluster_notes, clustered, design_effect
from ferrata.stats.inference import Bounded, Scored, StudentT, two_sided
from ferrata.stats.means import infer_mean
from ferrata.stats.ranks import Tested, sign_flips, signed_ranks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.stats.types import Scale, Values

__all__ = ["PairedRates", "infer_paired_rates", "mcnemar", "paired_difference"]


@dataclass(frozen=True, eq=False)
class PairedRates(Scored):
    """A difference of two rates over the same rows, by Tango's score (Statistics in Medicine 17 (1998) 891-908).

    Attributes:
        gained: share of pairs that only the candidate has.
        lost: share of pairs that only the baseline has.
        worth: independent pairs that the pairs are worth: their number, less where they are clustered.
    """

    gained: float = 0.0
    lost: float = 0.0
    worth: float = 1.0

    def statistic(self, boundary: float) -> float:
        """The score statistic, its variance as it would be were the difference `boundary`."""
        n = self.worth
        b, c = self.gained * n, self.lost * n
        linear = -b - c + (2 * n - b + c) * boundary
        constant = -c * boundary * (1 - boundary)
        only_baseline = (sqrt(max(0.0, linear * linear - 8 * n * constant)) - linear) / (4 * n)
        variance = n * (2 * only_baseline + boundary * (1 - boundary))
        gap = b - c - n * boundary
        # Where nothing can vary, the difference is known.
        return gap / sqrt(variance) if variance > 1e-12 * n else inf * np.sign(gap) if abs(gap) > 1e-9 else 0.0


def infer_paired_rates(gained: int, lost: int, n: int) -> PairedRates:
    """Infer the difference of two rates over the same n rows.

    Args:
        gained: rows at which the candidate alone succeeded.
        lost: rows at which the baseline alone did.
        n: rows.

    Raises:
        UsageError: no row, or more pairs that differ than pairs.
    """
    if n < 1 or gained < 0 or lost < 0 or gained + lost > n:
        raise UsageError(
            f"{gained!r} rows gained and {lost!r} lost of {n!r} make no sense", hint="give counts that fit in n"
        )
    return PairedRates((gained - lost) / n, n, "Tango", -1.0, 1.0, gained=gained / n, lost=lost / n, worth=float(n))


def _clustered_rates(differences: Values, clusters: Sequence[str]) -> Bounded:
    """Tango's score with the effective number of pairs, on t with the clusters' degrees of freedom.

    Where no pair differs, pairs of a cluster are taken to be copies of each other.
    """
    groups, n = len(set(clusters)), len(differences)
    if groups < 2:
        return infer_mean(differences, low=-1.0, high=1.0, clusters=clusters)
    found = clustered(differences, clusters)
    gained, lost = float((differences > 0).mean()), float((differences < 0).mean())
    worth = n / design_effect(found, float(differences.var())) if gained or lost else float(groups)
    return PairedRates(
        estimate=gained - lost,
        n=n,
        method="Tango, clustered",
        low=-1.0,
        high=1.0,
        notes=cluster_notes(groups),
        df=found.df,
        gained=gained,
        lost=lost,
        worth=worth,
    )


def mcnemar(gained: int, lost: int) -> Tested:
    """McNemar's mid-p test that as many are gained as lost (Fagerland, Lydersen & Laake, BMC Med Res Methodol 13:91 (2013)).

    Two-sided: twice the exact tail, less the probability of what was seen.
    """
    n, least = gained + lost, min(gained, lost)
    if not n:
        return Tested(1.0, "McNemar mid-p")
    exact = float(bdtr(least, n, 0.5))
    seen = exact - (float(bdtr(least - 1, n, 0.5)) if least else 0.0)
    return Tested(min(1.0, 2 * exact - seen), "McNemar mid-p")


def paired_difference(
    baseline: Values,
    candidate: Values,
    *,
    scale: Scale,
    low: float | None = None,
    high: float | None = None,
    clusters: Sequence[str] | None = None,
) -> tuple[Bounded, Tested]:
    """The mean difference of pairs, candidate less baseline, and the test of no difference.

    - 0 or 1 in every row: Tango's score, McNemar mid-p; with clusters, both by the score with the effective number of pairs.
    - Else `infer_mean` of the differences, and as test: Wilcoxon's signed ranks where the scale is ordinal; where nearly all
      differences are the same, exact sign flips (signed ranks, where more than 20 are not 0), which take both runs as
      exchangeable where they do not differ; else the inference's own p-value, the paired t-test's unless it is skewed.
    - Else with clusters: `infer_mean` and its own p-value.

    Args:
        baseline: shape (pairs,).
        candidate: shape (pairs,).
        scale: of single scores.
        low: the least that a score can be; None: no bound.
        high: the greatest; None: no bound.
        clusters: shape (pairs,).
    """
    differences = _even(candidate - baseline, baseline, candidate)
    if scale == "binary" and bool(np.all(np.isin((baseline, candidate), (0.0, 1.0)))):
        if clusters is not None:
            rates = _clustered_rates(differences, clusters)
            return rates, Tested(two_sided(rates), rates.method)
        gained, lost = int(np.sum(differences > 0)), int(np.sum(differences < 0))
        return infer_paired_rates(gained, lost, len(differences)), mcnemar(gained, lost)
    if scale == "binary":
        low, high = 0.0, 1.0
    widest = None if low is None or high is None else high - low
    inference = infer_mean(
        differences,
        low=None if widest is None else -widest,
        high=widest,
        clusters=clusters,
    )
    if clusters is not None:
        return inference, Tested(two_sided(inference), f"paired {inference.method}")
    if scale == "ordinal":
        return inference, signed_ranks(differences)
    if isinstance(inference, StudentT):
        return inference, Tested(two_sided(inference), f"paired {inference.method}")
    return inference, sign_flips(differences) or signed_ranks(differences)


def _even(differences: Values, baseline: Values, candidate: Values) -> Values:
    """Differences without their rounding errors, in the last digits of the greatest score: ties decide the method."""
    size = float(np.max(np.abs((baseline, candidate)), initial=0.0))
    if not size:
        return differences
    return np.round(differences, 12 - int(np.floor(np.log10(size))))
