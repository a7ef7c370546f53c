"""Tests by ranks, for scores of which only the order counts. Knows neither runs nor intervals."""

from __future__ import annotations

from math import comb, inf, sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ferrata.stats.inference import tail

if TYPE_CHECKING:
    from ferrata.stats.types import Values

__all__ = ["Tested", "brunner_munzel", "mid_ranks", "sign_flips", "signed_ranks"]

# Pairs up to which the exact distribution is made: some 10 ms.
EXACT_PAIRS = 200
# Differences that are not zero, up to which all signs are tried: a million sums.
EXACT_FLIPS = 20


class Tested(NamedTuple):
    """A two-sided p-value and the name of the test that gave it."""

    p_value: float
    test: str


def mid_ranks(values: Values) -> Values:
    """Ranks from 1; equal values share the mean of their ranks."""
    _, of, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[of]


def signed_ranks(differences: Values) -> Tested:
    """Wilcoxon's signed-rank test; zeros are ranked and then dropped (Pratt, JASA 54 (1959) 655-667), so that they weigh.

    Exact for up to 200 pairs, ties included; above, normal with the ranks' own variance and continuity corrected.

    Args:
        differences: shape (pairs,).
    """
    ranks = mid_ranks(np.abs(differences))
    moved = differences != 0
    doubled = np.rint(2 * ranks[moved]).astype(np.int64)
    if not len(doubled):
        return Tested(1.0, "Wilcoxon signed-rank (Pratt)")
    up = int(doubled[differences[moved] > 0].sum())
    total = int(doubled.sum())
    least = min(up, total - up)
    if len(differences) <= EXACT_PAIRS:
        return Tested(min(1.0, 2 * float(_sums(doubled)[: least + 1].sum())), "Wilcoxon signed-rank (Pratt), exact")
    # Doubled ranks: a continuity correction of half a rank is 1.
    z = max(0.0, total / 2 - least - 1) / (sqrt(float(np.sum(doubled.astype(np.float64) ** 2))) / 2)
    return Tested(min(1.0, 2 * tail(z)), "Wilcoxon signed-rank (Pratt)")


def _sums(weights: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Values:
    """Probability of each sum of `weights` of which each is in or out with probability 1/2."""
    found = np.zeros(int(weights.sum()) + 1)
    found[0] = 1.0
    for weight in weights:
        shifted = np.zeros_like(found)
        shifted[weight:] = found[: len(found) - weight]
        found = (found + shifted) / 2
    return found


def sign_flips(differences: Values) -> Tested | None:
    """Exact test of no difference: every difference could as well have had the other sign; None where there are too many.

    Args:
        differences: shape (pairs,), at most 20 of them not zero.
    """
    sizes = np.abs(differences[differences != 0])
    if len(sizes) > EXACT_FLIPS:
        return None
    sums = np.zeros(1)
    for size in sizes:
        sums = np.concatenate((sums + size, sums - size))
    seen = abs(float(differences.sum()))
    # A sum that is equal but for rounding counts as equal.
    return Tested(float(np.mean(np.abs(sums) >= seen - 1e-9 * max(seen, 1e-300))), "sign flips, exact")


def brunner_munzel(baseline: Values, candidate: Values) -> Tested:
    """Brunner & Munzel's test that neither sample tends to be greater (Biometrical Journal 42 (2000) 17-25).

    Where the samples do not overlap its variance is 0: there the probability of that order, 2 / C(n, n1), is the p-value.
    """
    n, m = len(baseline), len(candidate)
    both = mid_ranks(np.concatenate((baseline, candidate)))
    first, second = both[:n], both[n:]
    gap = float(second.mean() - first.mean())
    if n < 2 or m < 2:
        return Tested(1.0, "Brunner-Munzel")
    spread = [
        float(np.sum((of_both - of_own - of_both.mean() + of_own.mean()) ** 2)) / (len(of_own) - 1)
        for of_both, of_own in ((first, mid_ranks(baseline)), (second, mid_ranks(candidate)))
    ]
    variance = n * spread[0] + m * spread[1]
    if variance <= 0:
        return Tested(1.0 if gap == 0 else min(1.0, 2 / comb(n + m, n)), "Brunner-Munzel")
    parts = (n * spread[0]) ** 2 / (n - 1) + (m * spread[1]) ** 2 / (m - 1)
    df = variance**2 / parts if parts else inf
    return Tested(min(1.0, 2 * tail(abs(n * m * gap / ((n + m) * sqrt(variance))), df)), "Brunner-Munzel")
