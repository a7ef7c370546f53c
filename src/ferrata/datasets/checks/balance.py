"""Labels and splits of very different size, and texts of very different length."""

from __future__ import annotations

import math
from collections import Counter
from statistics import median, quantiles
from typing import TYPE_CHECKING

from ferrata.datasets.checks.base import Finding, Places
from ferrata.datasets.types import is_empty, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ferrata.datasets.checks.base import Roles
    from ferrata.datasets.types import Example

__all__ = ["Balance", "Lengths"]

_FEWEST = 20  # rows from which on shares are spoken of
_MOST_LABELS = 50
_SMALL_SHARE = 0.2  # of what an equal division would give
_SMALLEST_SPLIT = 10
_LONGER = 2.0  # times as long in the median as another split


class Balance:
    """Labels and splits with very few rows.

    Args:
        roles: which column is a label.
    """

    def __init__(self, roles: Roles) -> None:
        self._label = roles.label[0] if roles.label else None
        self._labels: Counter[str] = Counter()
        self._splits: Counter[str] = Counter()

    def add(self, example: Example) -> None:
        """Take a row."""
        if example.problem:
            return
        self._splits[example.split] += 1
        if self._label and not is_empty(example.values.get(self._label)):
            self._labels[text_of(example.values[self._label])] += 1

    def findings(self) -> Iterator[Finding]:
        """Of labels and of splits."""
        total = self._labels.total()
        if total >= _FEWEST and 1 < len(self._labels) <= _MOST_LABELS:
            small = [label for label, n in self._labels.items() if n < _SMALL_SHARE * total / len(self._labels)]
            if small:
                largest, most = self._labels.most_common(1)[0]
                said = ", ".join(f"{label[:40]!r} {self._labels[label]:,}" for label in sorted(small)[:10])
                message = f"the column {self._label!r} is unbalanced: {said}, against {most:,} {largest[:40]!r}"
                hint = "add rows of the small ones, or report results by label"
                yield Finding("imbalance", "warning", message, sum(self._labels[label] for label in small), hint=hint)
        elif total >= _FEWEST and len(self._labels) == 1:
            said = f"the column {self._label!r} has one value only"
            yield Finding("imbalance", "warning", said, total, hint="add rows with others")
        if self._splits.keys() == {""}:
            return
        if self._splits[""]:
            none = self._splits[""]
            said = f"{none:,} row{'' if none == 1 else 's'} of no split"
            yield Finding("no-split", "warning", said, self._splits[""], hint="name their split, or declare ratios")
        for split, count in sorted(self._splits.items()):
            if split and count < _SMALLEST_SPLIT:
                said = f"the split {split!r} has {count:,} row{'' if count == 1 else 's'}"
                yield Finding("imbalance", "warning", said, count, hint="move rows there, or merge it with another")


class Lengths:
    """Texts that are far longer or shorter than the others, and splits whose texts differ in length.

    Args:
        roles: which column is measured: what is asked.
    """

    def __init__(self, roles: Roles) -> None:
        self._roles = roles
        self._lengths: list[int] = []
        self._places: list[str] = []
        self._splits: dict[str, list[int]] = {}

    def add(self, example: Example) -> None:
        """Take a row."""
        length = 0 if example.problem else len(self._roles.asked(example.values))
        if length:
            self._lengths.append(length)
            self._places.append(example.place)
            self._splits.setdefault(example.split, []).append(length)

    def findings(self) -> Iterator[Finding]:
        """Outliers by Tukey's outer fences on the logarithm of the length, and unlike splits."""
        if len(self._lengths) < _FEWEST:
            return
        logs = [math.log(length) for length in self._lengths]
        low, _, high = quantiles(logs, n=4)
        # A spread of at least a quarter, or texts of one length would make every other one an outlier.
        width = 3 * max(high - low, 0.25)
        outside = Places()
        for length, log, place in zip(self._lengths, logs, self._places, strict=True):
            if not low - width <= log <= high + width:
                outside.add(f"{place}: {length:,} characters")
        if outside:
            said = f"{{rows}} far from the usual length ({median(self._lengths):,.0f} characters in the median)"
            yield outside.finding("length-outlier", "note", said, "see whether they belong here")
        medians = {split: median(found) for split, found in self._splits.items() if len(found) >= _FEWEST and split}
        if len(medians) > 1 and max(medians.values()) > _LONGER * min(medians.values()):
            said = ", ".join(f"{split!r} {value:,.0f}" for split, value in sorted(medians.items()))
            message = f"splits differ in length of what is asked, characters in the median: {said}"
            yield Finding("unlike-splits", "warning", message, hint="split by a hash (`ratios`), not by time or order")
