"""The mean of scores: Student's t where it holds, without its skewness where values are skewed, bets where nearly all are the same.

Knows neither rates nor comparisons.
"""

from __future__ import annotations

from math import inf, isfinite, sqrt
from typing import TYPE_CHECKING

import numpy as np

from ferrata.errors import UsageError
from ferrata.stats.betting import betting_mean
from ferrata.stats.clusters import cluster_notes, cluster_totals, clustered
from ferrata.stats.inference import Bounded, StudentT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferrata.stats.types import Values

__all__ = ["check_values", "infer_mean", "skewness"]

# Values off the most frequent one below which the normal theory is false where at least half of the rows have that one. With 10
# of 50 rows off it (5 at 1, 15 at 4, 80 at 5 per cent) t missed the truth in 8.6 % above, where 2.5 are meant.
OFF_MODE = 20
# Rows below which an interval rests on the shape of the values, which cannot be seen from so few.
FEW_ROWS = 20
# Skewness, in its standard errors, from which on it is taken out: what 5 % of normal samples show.
SKEWED = 2.0
# With clusters, which are few, from half of that on: 5 clusters cannot be as skewed as that asks for.
SKEWED_CLUSTERS = 1.0


def check_values(values: Values, *, metric: str = "", keys: Sequence[str] | None = None) -> None:
    """Raise UsageError where there is no value, or one that is not a finite number, naming the first."""
    of = f" of {metric!r}" if metric else ""
    if not len(values):
        raise UsageError(f"there is no value{of} to infer from", hint="score at least one row")
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        place = f"row {keys[int(wrong[0])]!r}" if keys is not None else f"value {int(wrong[0]) + 1}"
        found = float(values[wrong[0]])
        raise UsageError(
            f"{place}{of} is {found!r}, not a number that can be averaged", hint="leave rows without a score out"
        )


def skewness(values: Values) -> float:
    """Third central moment over the cubed standard deviation; 0 where values do not vary."""
    centred: Values = values - values.mean()
    spread = float((centred**2).mean())
    return float((centred**3).mean()) / spread**1.5 if spread > 0 else 0.0


def infer_mean(
    values: Values, *, low: float | None = None, high: float | None = None, clusters: Sequence[str] | None = None
) -> Bounded:
    """Infer the mean of the rows that these were drawn from.

    - Student's t; where the sample's skewness exceeds twice its own standard error (sqrt(6 / n)), wide enough for t without its
      skewness as well (Hall 1992; see `StudentT` for the simulation behind it).
    - Where at least half of the rows have one value and fewer than 20 another: by betting where `low` and `high` are known, else
      t with as many degrees of freedom as there are rows off that value, less 1; an infinite interval where fewer than 2 are.
    - With clusters: the same with the clusters' error, degrees of freedom (`clustered`) and skewness (from one standard error on), and ties of
      their means.

    It is deterministic, and the order of rows does not matter.

    Args:
        values: shape (rows,).
        low: the least that a value can be; None: no bound.
        high: the greatest; None: no bound.
        clusters: shape (rows,), of each row; None: rows are independent.

    Raises:
        UsageError: no value, a value that is not finite, or one outside [low, high].
    """
    check_values(values)
    floor, ceiling = -inf if low is None else low, inf if high is None else high
    outside = np.flatnonzero((values < floor) | (values > ceiling))
    if len(outside):
        raise UsageError(
            f"value {int(outside[0]) + 1} is {float(values[outside[0]])!r}, outside of {floor!r} to {ceiling!r}",
            hint="correct the scale or the value",
        )
    groups = len(set(clusters)) if clusters is not None else len(values)
    notes = cluster_notes(groups) if clusters is not None else ()
    off = _off_mode(values if clusters is None else np.divide(*cluster_totals(values, clusters)))
    if off is not None or groups < 2:
        return _tied(values, floor, ceiling, clusters=clusters, off=off or 0, notes=notes)
    return _student(values, floor, ceiling, clusters=clusters, notes=(*notes, *few_notes(len(values))))


def few_notes(n: int) -> tuple[str, ...]:
    """What to know where there are few rows."""
    if n >= FEW_ROWS:
        return ()
    return (f"With only {n} rows, the interval rests on the assumption that values are about normally distributed.",)


def _off_mode(values: Values) -> int | None:
    """How many values (of rows, or means of clusters) are not the most frequent one, where these are too few; else None."""
    _, counts = np.unique(np.round(values, 12), return_counts=True)
    most = int(counts.max())
    off = len(values) - most
    return off if off < OFF_MODE and 2 * most >= len(values) and (most > 1 or len(values) == 1) else None


def _student(
    values: Values,
    low: float,
    high: float,
    *,
    clusters: Sequence[str] | None,
    notes: tuple[str, ...],
    df: float | None = None,
) -> Bounded:
    n = len(values)
    mean = float(values.mean())
    if clusters is None:
        se, own_df, skew, units = float(values.std()) / sqrt(n - 1), n - 1.0, skewness(values), n - 1.0
    else:
        found = clustered(values, clusters)
        se, own_df, skew, units = found.se, found.df, found.skew, float(len(found.sizes))
    if se <= 0:
        return _unknown(values, low, high, notes=(*notes, "The clusters' means are all the same."))
    skewed = abs(skew) * sqrt(units / 6) > (SKEWED if clusters is None else SKEWED_CLUSTERS)
    return StudentT(
        estimate=mean,
        n=n,
        method="".join(
            ("t", ", clustered" if clusters is not None else "", ", widened for skewness" if skewed else "")
        ),
        low=low,
        high=high,
        notes=notes,
        df=own_df if df is None else min(df, own_df),
        se=se,
        skew=skew if skewed else 0.0,
        units=units,
    )


def _tied(
    values: Values, low: float, high: float, *, clusters: Sequence[str] | None, off: int, notes: tuple[str, ...]
) -> Bounded:
    """Where the variance in the sample says little of the variance of what was sampled."""
    n = len(values)
    groups = len(set(clusters)) if clusters is not None else n
    if n > 1 and groups > 1:
        notes = (*notes, _ties_note(groups, off, "values" if clusters is None else "clusters' means"))
    if isfinite(low) and isfinite(high):
        return betting_mean(values, low=low, high=high, clusters=clusters, notes=notes)
    if off < 2 or groups < 2:
        return _unknown(values, low, high, notes=notes)
    return _student(values, low, high, clusters=clusters, notes=notes, df=off - 1.0)


def _ties_note(n: int, off: int, what: str) -> str:
    if not off:
        return f"All {n} {what} are the same; how far others could lie is not seen."
    return f"Only {off} of {n} {what} differ from the most frequent one; the interval allows for what was not seen."


def _unknown(values: Values, low: float, high: float, *, notes: tuple[str, ...]) -> Bounded:
    note = "The values do not vary enough to tell how exact their mean is; more rows or a known scale would."
    return Bounded(float(values.mean()), len(values), "none", low, high, (*notes, note))
