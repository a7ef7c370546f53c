"""Numbers as arrays, refused where they are no numbers. Knows no statistic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Values = NDArray[np.float64]

__all__ = ["cluster_sums", "floats", "within"]


def floats(values: ArrayLike, what: str, *, keys: Sequence[str] | None = None, least: int = 1) -> Values:
    """Values as an array of shape (rows,).

    Args:
        values: the numbers.
        what: they are, for messages: the metric, or the role in a comparison.
        keys: of the rows, for messages; None: their numbers, from 1.
        least: rows that are needed.

    Raises:
        UsageError: a value is NaN or infinite, or there are fewer than `least`.
    """
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1:
        raise UsageError(f"{what}: one value a row is needed, not an array of shape {found.shape}")
    if len(found) < least:
        raise UsageError(f"{what}: {len(found)} rows, and at least {least} are needed", hint="Score more rows.")
    wrong = np.flatnonzero(~np.isfinite(found))
    if len(wrong):
        row = keys[wrong[0]] if keys is not None else f"{wrong[0] + 1}"
        raise UsageError(
            f"{what}: the value of row {row} is {found[wrong[0]]}, which is no number",
            hint="Leave rows without a score out, and say how many they are.",
        )
    return found


def within(values: Values, what: str, *, low: float, high: float) -> Values:
    """The same values, all of which lie between low and high, both included.

    Raises:
        UsageError: one does not.
    """
    wrong = np.flatnonzero((values < low) | (values > high))
    if len(wrong):
        raise UsageError(
            f"{what}: the value of row {wrong[0] + 1} is {values[wrong[0]]:g}, outside of {low:g} to {high:g}",
            hint="Give the bounds that the score really has.",
        )
    return values


def cluster_sums(values: NDArray[np.float64], clusters: Sequence[str] | None) -> NDArray[np.float64]:
    """Sums by cluster, shape (clusters, columns), of values of shape (rows, columns); without clusters, each row is one.

    Raises:
        UsageError: there are not as many clusters' names as rows.
    """
    if clusters is None:
        return values
    if len(clusters) != len(values):
        raise UsageError(f"{len(clusters)} clusters were given for {len(values)} rows", hint="Give one to each row.")
    _, index = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
    sums = np.zeros((int(index.max()) + 1, values.shape[1]))
    np.add.at(sums, index, values)
    return sums
