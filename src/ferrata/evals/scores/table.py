"""Scores as they come, row by row, into arrays: repeats of a row are averaged. Knows no run and no file."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ferrata.stats import Scores

__all__ = ["ScoreTable"]


class ScoreTable:
    """Rows by their key, and for each metric the sum and number of their values: 16 bytes a row and metric.

    Attributes:
        keys: row's key -> its number here.
    """

    def __init__(self) -> None:
        self.keys: dict[str, int] = {}
        self._clusters: dict[int, str] = {}
        self._failed: set[int] = set()
        self._sums: dict[str, array[float]] = {}
        self._counts: dict[str, array[int]] = {}
        self._missing: dict[str, set[int]] = {}

    def row(self, key: str, cluster: str | None = None) -> int:
        """The number of a row, which is new or known.

        Raises:
            UsageError: its cluster was another before.
        """
        number = self.keys.setdefault(key, len(self.keys))
        if cluster is not None and self._clusters.setdefault(number, cluster) != cluster:
            raise UsageError(f"the row {key!r} is in two clusters: {self._clusters[number]!r} and {cluster!r}")
        return number

    def add(self, row: int, metric: str, value: float) -> None:
        """Take in a value."""
        sums = self._sums.setdefault(metric, array("d"))
        counts = self._counts.setdefault(metric, array("l"))
        if len(sums) <= row:
            sums.extend([0.0] * (row + 1 - len(sums)))
            counts.extend([0] * (row + 1 - len(counts)))
        sums[row] += value
        counts[row] += 1

    def miss(self, row: int, metric: str) -> None:
        """Nobody could say this row's value."""
        self._missing.setdefault(metric, set()).add(row)

    def fail(self, row: int) -> None:
        """The row's target failed."""
        self._failed.add(row)

    @property
    def metrics(self) -> list[str]:
        """That have a value or miss one, in the order of their coming."""
        return list(dict.fromkeys([*self._sums, *self._missing]))

    def scores(self, metric: str, **about: Any) -> Scores:
        """The scores of a metric.

        Args:
            metric: its name.
            about: scale, bounds and direction, as `Scores` has them.

        Raises:
            UsageError: only some rows have a cluster.
        """
        import numpy as np

        from ferrata.stats import Scores

        counts = np.asarray(self._counts.get(metric, array("l")), dtype=np.int64)
        sums = np.asarray(self._sums.get(metric, array("d")), dtype=np.float64)
        there = np.flatnonzero(counts)
        names = list(self.keys)
        rows: list[int] = there.tolist()
        return Scores(
            metric,
            [names[row] for row in rows],
            sums[there] / counts[there],
            self._clusters_of(rows, names),
            missing=self._named(self._missing.get(metric, set()) - set(rows), names),
            failed=self._named(self._failed - set(rows), names),
            **about,
        )

    def _clusters_of(self, rows: list[int], names: list[str]) -> list[str] | None:
        if not self._clusters:
            return None
        if without := [names[row] for row in rows if row not in self._clusters]:
            raise UsageError(f"{len(without):,} rows have no cluster, the first is {without[0]!r}")
        return [self._clusters[row] for row in rows]

    @staticmethod
    def _named(rows: Iterable[int], names: list[str]) -> list[str]:
        return [names[row] for row in sorted(rows)]
