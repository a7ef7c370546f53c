"""Rows that are not independent: standard errors from clusters, and how many independent rows they are worth.

Knows neither scores nor comparisons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.stats.types import Values

__all__ = ["Clustered", "cluster_notes", "cluster_totals", "clustered", "design_effect"]

# Below this many clusters an interval rests on little more than the assumption that clusters are alike.
FEW = 10


class Clustered(NamedTuple):
    """A mean over rows with its error between clusters.

    Attributes:
        mean: over rows.
        se: standard error, 0 where clusters do not vary.
        df: degrees of freedom for Student's t.
        skew: skewness of the clusters' contributions.
        totals: per cluster, the sum of its rows' deviations from the mean.
        sizes: rows of each cluster.
    """

    mean: float
    se: float
    df: float
    skew: float
    totals: Values
    sizes: Values


def clustered(values: Values, clusters: Sequence[str]) -> Clustered:
    """Mean, standard error and degrees of freedom of rows in clusters, two at the least.

    The variance is CR2 (Bell & McCaffrey 2002), the degrees of freedom are Satterthwaite's under equal variance, in the closed
    form for a mean that clubSandwich is tested against. With clusters of equal size that is the ordinary cluster-robust t with
    G - 1 degrees of freedom; with one of 80 rows and 19 of 4, the ordinary one misses the truth in 28 % of samples instead of
    5 %, this one in 5 % (rows alike within a cluster; tests/stats/test_clusters.py).

    Args:
        values: shape (rows,).
        clusters: shape (rows,), of each row.
    """
    mean = float(values.mean())
    totals, sizes = cluster_totals(values - mean, clusters)
    n = float(sizes.sum())
    share = sizes / n
    se = float(np.sqrt(np.sum(totals**2 / (1 - share)))) / n
    rest = n - sizes
    df = n**2 / (n**2 * np.sum((sizes / rest) ** 2) - 2 * n * np.sum(sizes**3 / rest**2) + np.sum(sizes**2 / rest) ** 2)
    spread = float(np.sum(totals**2))
    skew = float(np.sum(totals**3)) / spread**1.5 * len(sizes) ** 0.5 if spread > 0 else 0.0
    return Clustered(mean, se, float(df), skew, totals, sizes)


def cluster_totals(values: Values, clusters: Sequence[str]) -> tuple[Values, Values]:
    """Sum of values and number of rows of each cluster."""
    _, of_row = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
    totals: Values = np.bincount(of_row, weights=values).astype(np.float64)
    return totals, np.bincount(of_row).astype(np.float64)


def design_effect(found: Clustered, variance: float) -> float:
    """How many clustered rows are worth one independent row, at least 1.

    The larger of two estimates: the clusters' variance over that of independent rows, and 1 + (rows of a cluster - 1) times the
    rows' correlation within clusters (analysis of variance). The first alone is far too small where rows of a cluster are
    copies and the rare outcome is seen in two small clusters: a rate's lower end was above the truth in 12.7 % of samples.

    Args:
        found: of the clusters.
        variance: of a single row, with the divisor n.
    """
    n, groups = float(found.sizes.sum()), len(found.sizes)
    if variance <= 0:
        return 1.0
    robust = found.se**2 * (n - 1) / variance
    if groups == n:
        return max(1.0, robust)
    between = float(np.sum(found.totals**2 / found.sizes))
    # Rounding can leave a little less than nothing within clusters.
    mean_within = max(0.0, n * variance - between) / (n - groups)
    mean_between = between / (groups - 1)
    squares = float(np.sum(found.sizes**2)) / n
    usual = (n - squares) / (groups - 1)
    alike = (mean_between - mean_within) / (mean_between + (usual - 1) * mean_within)
    return max(1.0, robust, 1 + (squares - 1) * alike)


def cluster_notes(count: int) -> tuple[str, ...]:
    """What to know where there are few."""
    if count >= FEW:
        return ()
    what = "one cluster" if count == 1 else f"{count} clusters"
    return (f"The rows come from only {what}; what differs between clusters is hardly seen. Sample more of them.",)
