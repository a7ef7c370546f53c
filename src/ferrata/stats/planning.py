"""How many rows it takes: power, sample sizes, smallest effects. Knows what was assumed or seen in a pilot, no runs.

Power is always for an effect that somebody names, never for the one that was observed: "observed power" is the p-value in other
words and says nothing more (Hoenig & Heisey, The American Statistician 55 (2001) 19-24).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, inf, sqrt
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.special import nctdtr, ndtr

from ferrata.errors import UsageError
from ferrata.stats.clusters import clustered, design_effect
from ferrata.stats.inference import quantile
from ferrata.stats.intervals import check_scores, is_binary

if TYPE_CHECKING:
    from ferrata.stats.types import Inference, Scores, Values

__all__ = ["Pilot", "pilot_from", "power_of", "rows_needed", "rows_to_decide", "smallest_effect"]

# Rows above which a plan is no plan.
MOST_ROWS = 10_000_000
# Standard errors of an effect above which its power is 1, and above which the wrong side counts for nothing.
FAR, WRONG_SIDE = 37.0, 4.0


@dataclass(frozen=True)
class Pilot:
    """What is known, or assumed, of the rows to come.

    Attributes:
        sd: standard deviation between rows; of differences where paired, of one run's scores otherwise. Without the repeats' part.
        within: standard deviation between repeats of one row (of the difference, where paired: sqrt(2) times a run's).
        repeats: of each row.
        paired: both runs see the same rows; else each sees rows of its own.
        discordance: for paired rows that succeed or fail, the share that comes out differently in the two runs; then `sd` is not used.
        rate: for unpaired rows that succeed or fail, the baseline's rate; then `sd` is not used.
        cluster_size: rows of a cluster (the mean weighted by rows, where they differ).
        icc: correlation of two rows of a cluster.
    """

    sd: float = 0.0
    within: float = 0.0
    repeats: int = 1
    paired: bool = True
    discordance: float | None = None
    rate: float | None = None
    cluster_size: float = 1.0
    icc: float = 0.0

    @property
    def design_effect(self) -> float:
        """How many rows in clusters are worth one independent row."""
        return 1 + (self.cluster_size - 1) * max(0.0, self.icc)

    @property
    def total_sd(self) -> float:
        """Of a row's mean over its repeats (Miller, Adding error bars to evals (2024), section 3)."""
        return sqrt(self.sd**2 + self.within**2 / self.repeats)


def pilot_from(baseline: Scores, candidate: Scores, *, within: float = 0.0, repeats: int = 1) -> Pilot:
    """What two runs over the same rows tell of the rows to come.

    Args:
        baseline: of one metric.
        candidate: of the same.
        within: standard deviation between repeats of one row's difference; 0: not known, its part stays in `sd`.
        repeats: that the scores are means of.

    Raises:
        UsageError: fewer than two rows in both; else see `check_scores`.
    """
    for scores in (baseline, candidate):
        check_scores(scores)
    place = {key: i for i, key in enumerate(baseline.keys)}
    second = [i for i, key in enumerate(candidate.keys) if key in place]
    first = [place[candidate.keys[i]] for i in second]
    if len(first) < 2:
        raise UsageError(
            f"the two runs of {baseline.metric!r} share {len(first)} rows", hint="a pilot needs two or more in both"
        )
    differences: Values = candidate.values[second] - baseline.values[first]
    variance = float(differences.var(ddof=1))
    size, icc = 1.0, 0.0
    if baseline.clusters is not None and variance > 0:
        of = [baseline.clusters[i] for i in first]
        if len(set(of)) > 1:
            found = clustered(differences, of)
            size = float(np.sum(found.sizes**2)) / len(differences)
            icc = (design_effect(found, float(differences.var())) - 1) / (size - 1) if size > 1 else 0.0
    binary = is_binary(baseline) and is_binary(candidate)
    return Pilot(
        sd=sqrt(max(0.0, variance - within**2 / repeats)),
        within=within,
        repeats=repeats,
        discordance=float((differences != 0).mean()) if binary else None,
        cluster_size=size,
        icc=icc,
    )


def power_of(pilot: Pilot | float, n: int, effect: float, *, alpha: float = 0.05, sided: Literal[1, 2] = 2) -> float:
    """Probability to see a true difference with n rows (of each run, where they are not the same).

    Means: t, noncentral. Paired successes: McNemar's test, Connor (Biometrics 43 (1987) 207-211). Unpaired successes: the two-rate z test.
    Clusters divide n by the design effect and leave as many degrees of freedom as there are clusters, less one.

    Args:
        pilot: what is known of rows; a number is the standard deviation of paired differences.
        n: rows.
        effect: the true difference; with `sided` 1, its sign does not matter: the test looks to its side.
        alpha: error of the test.
        sided: 2, or 1 for a test to one side.

    Raises:
        UsageError: alpha not between 0 and 1, n below 1, or a pilot that cannot be.
    """
    known = _checked(pilot, alpha)
    if n < 1:
        raise UsageError(f"{n!r} rows show nothing", hint="give at least one row")
    worth, df = n / known.design_effect, n / known.cluster_size - 1
    size = abs(effect)
    level = alpha / sided
    if known.paired and known.discordance is not None:
        part = max(known.discordance, size)
        if not part:
            return alpha
        return _normal(size, sqrt(part / worth), sqrt(max(part - size**2, 0.0) / worth), level, sided, df, known)
    if not known.paired and known.rate is not None:
        return max(_rates_power(known.rate, moved, worth, level, sided, df, known) for moved in (size, -size))
    se = known.total_sd * sqrt((1 if known.paired else 2) / worth)
    if not se:
        return 1.0 if size else alpha
    if df <= 0:
        return alpha
    return _noncentral(size / se, df if known.paired else 2 * df, level, sided)


def _rates_power(rate: float, moved: float, worth: float, level: float, sided: int, df: float, known: Pilot) -> float:
    """Of the two-rate z test; 0 where the other rate would lie outside of 0 to 1."""
    other = rate + moved
    if not 0 <= other <= 1:
        return 0.0
    middle = (rate + other) / 2
    null, real = 2 * middle * (1 - middle), rate * (1 - rate) + other * (1 - other)
    return _normal(abs(moved), sqrt(null / worth), sqrt(real / worth), level, sided, 2 * df, known)


def _normal(effect: float, null: float, real: float, level: float, sided: int, df: float, known: Pilot) -> float:
    """Power where the standard error is `null` if there is no difference and `real` if there is; t quantiles with clusters."""
    if known.cluster_size > 1 and df <= 0:
        return level * sided
    wide = quantile(1 - level, df if known.cluster_size > 1 else inf) * null
    if real <= 0:
        return 1.0 if effect > wide else 0.0
    power = float(ndtr((effect - wide) / real))
    return power + (float(ndtr((-effect - wide) / real)) if sided == 2 else 0.0)


def _noncentral(shift: float, df: float, level: float, sided: int) -> float:
    wide = quantile(1 - level, df)
    if shift > FAR:
        return 1.0
    power = 1 - float(nctdtr(df, shift, wide))
    # The wrong side, below 1e-9 from there on; scipy gives nan where it is far smaller.
    return power + (float(nctdtr(df, shift, -wide)) if sided == 2 and shift < WRONG_SIDE else 0.0)


def rows_needed(
    pilot: Pilot | float,
    effect: float,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    sided: Literal[1, 2] = 2,
) -> int | None:
    """The fewest rows (of each run, where they are not the same) that see a true difference with this probability.

    Returns:
        None where 10 million rows would not do.

    Raises:
        UsageError: an effect of 0, a power not between alpha and 1; else see `power_of`.
    """
    _checked(pilot, alpha)
    if not effect or not alpha < power < 1:
        raise UsageError(
            f"an effect of {effect!r} with a power of {power!r} cannot be planned for",
            hint="name an effect other than 0, and a power between alpha and 1",
        )
    low, high = 1, 2
    while power_of(pilot, high, effect, alpha=alpha, sided=sided) < power:
        low, high = high, high * 2
        if high > MOST_ROWS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        reached = power_of(pilot, middle, effect, alpha=alpha, sided=sided) >= power
        low, high = (low, middle) if reached else (middle, high)
    return high


def smallest_effect(
    pilot: Pilot | float,
    n: int,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    sided: Literal[1, 2] = 2,
) -> float | None:
    """The smallest true difference that n rows see with this probability; None where no difference would be.

    Raises:
        UsageError: see `power_of`.
    """
    known = _checked(pilot, alpha)
    rates = known.discordance is not None if known.paired else known.rate is not None
    high = 1.0 if rates else known.total_sd
    if rates and not known.paired and known.rate is not None:
        high = max(known.rate, 1 - known.rate)
    if not rates:
        if not high or n / known.cluster_size <= 1:
            return None
        while power_of(known, n, high, alpha=alpha, sided=sided) < power:
            high *= 2
    elif power_of(known, n, high, alpha=alpha, sided=sided) < power:
        return None
    low = 0.0
    for _ in range(50):
        middle = (low + high) / 2
        reached = power_of(known, n, middle, alpha=alpha, sided=sided) >= power
        low, high = (low, middle) if reached else (middle, high)
    return high


def rows_to_decide(
    inference: Inference,
    boundary: float,
    *,
    direction: Literal["greater", "less"],
    alpha: float = 0.025,
    power: float = 0.8,
) -> int | None:
    """How many rows in all would decide that the quantity is above (or below) a boundary, were the truth what is seen now.

    The present statistic grows with the square root of the rows until it would be significant with probability `power`.

    Args:
        inference: from the rows so far.
        boundary: to be above, or below.
        direction: which.
        alpha: one-sided error.
        power: probability to decide.

    Returns:
        The present number where they decide already; None where no number would: the estimate is not on that side.

    Raises:
        UsageError: alpha or power not between 0 and 1.
    """
    if not (0 < alpha < 0.5 and 0.5 <= power < 1):
        raise UsageError(
            f"an error of {alpha!r} with a power of {power!r} cannot be planned for",
            hint="give an error below 0.5 and a power from 0.5 to below 1",
        )
    greater = direction == "greater"
    p = inference.p_greater(boundary) if greater else inference.p_less(boundary)
    if p <= alpha:
        return inference.n
    gap = inference.estimate - boundary if greater else boundary - inference.estimate
    if gap <= 0:
        return None
    wide, more = quantile(1 - alpha), quantile(power)
    if p < 0.5:
        factor = (wide + more) / quantile(1 - p)
    else:
        # By betting, p can be 1 on the right side as well; then by the reach of the interval.
        ends = inference.interval(1 - 2 * alpha)
        reach = inference.estimate - ends.low if greater else ends.high - inference.estimate
        factor = reach / gap * (wide + more) / wide
    rows = inference.n * factor**2
    return ceil(rows) if rows <= MOST_ROWS else None


def _checked(pilot: Pilot | float, alpha: float) -> Pilot:
    known = pilot if isinstance(pilot, Pilot) else Pilot(sd=float(pilot))
    rates = [rate for rate in (known.discordance, known.rate) if rate is not None]
    if not 0 < alpha < 1:
        raise UsageError(f"an error of {alpha!r} makes no sense", hint="give one between 0 and 1, as 0.05 for 5 %")
    if known.sd < 0 or known.within < 0 or known.repeats < 1 or known.cluster_size < 1:
        raise UsageError(
            f"{known!r} cannot be", hint="deviations are 0 or more, repeats and rows of a cluster 1 or more"
        )
    if not all(0 <= rate <= 1 for rate in rates):
        raise UsageError(f"{known!r} cannot be", hint="rates and discordance are between 0 and 1")
    return known
