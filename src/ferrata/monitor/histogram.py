"""A histogram whose buckets grow by 4 %: quantiles within 2 % of a value that was there, and merged without loss.

After DDSketch (Masson, Rim and Lee, 2019, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees"),
with a fixed number of buckets that no real latency, count or price leaves. Knows no unit.
"""

from __future__ import annotations

import struct
from math import ceil, log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["RELATIVE_ERROR", "Histogram"]

_GROWTH = 1.04
RELATIVE_ERROR = (_GROWTH - 1) / (_GROWTH + 1)
"""By how much a quantile is wrong at most: 0.0196 of it, for values of 1e-9 to 1e+15."""

_PER_BUCKET = 1 / log(_GROWTH)
_LOWEST, _HIGHEST = ceil(log(1e-9) * _PER_BUCKET), ceil(log(1e15) * _PER_BUCKET)
_HEAD = struct.Struct("<Bddd")
_VERSION = 1


class Histogram:
    """Counts of values by their size; none may be negative. Zero has a bucket of its own.

    Attributes:
        count: how many values.
        total: their sum.
        least: the smallest; infinity where there is none.
        most: the largest; 0 where there is none.
    """

    __slots__ = ("_buckets", "_zeros", "count", "least", "most", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.least = float("inf")
        self.most = 0.0
        self._zeros = 0
        self._buckets: dict[int, int] = {}

    def add(self, value: float) -> None:
        """Count a value; a finite one that is negative counts as 0."""
        self.count += 1
        if value <= 0:
            self._zeros += 1
            self.least = 0.0
            return
        self.total += value
        if value < self.least:
            self.least = value
        if value > self.most:
            self.most = value
        index = ceil(log(value) * _PER_BUCKET)
        index = _LOWEST if index < _LOWEST else _HIGHEST if index > _HIGHEST else index
        self._buckets[index] = self._buckets.get(index, 0) + 1

    def merge(self, other: Histogram) -> None:
        """Count all that another has counted."""
        self.count += other.count
        self.total += other.total
        self.least = min(self.least, other.least)
        self.most = max(self.most, other.most)
        self._zeros += other._zeros
        for index, number in other._buckets.items():
            self._buckets[index] = self._buckets.get(index, 0) + number

    def quantile(self, share: float) -> float | None:
        """The value that `share` of all values do not exceed (the nearest rank), within `RELATIVE_ERROR`; None of nothing.

        Args:
            share: 0 to 1.
        """
        if not self.count:
            return None
        rank = max(1, ceil(share * self.count))
        seen = self._zeros
        if rank <= seen:
            return 0.0
        for index in sorted(self._buckets):
            seen += self._buckets[index]
            if rank <= seen:
                middle = 2 * _GROWTH**index / (_GROWTH + 1)
                return min(max(middle, self.least), self.most)
        return self.most

    def to_bytes(self) -> bytes:
        """The whole of it, in 25 bytes and two or three for each bucket that is not empty; empty for an empty one."""
        if not self.count:
            return b""
        found = bytearray(_HEAD.pack(_VERSION, self.total, self.least, self.most))
        _put(found, self._zeros)
        before = _LOWEST
        for index in sorted(self._buckets):
            _put(found, index - before)
            _put(found, self._buckets[index])
            before = index
        return bytes(found)

    @classmethod
    def from_bytes(cls, data: bytes) -> Histogram:
        """What `to_bytes` gave.

        Raises:
            ValueError: it is something else.
        """
        found = cls()
        if not data:
            return found
        if len(data) < _HEAD.size or data[0] != _VERSION:
            raise ValueError(f"no histogram of version {_VERSION}: {data[:8]!r}")
        _, found.total, found.least, found.most = _HEAD.unpack_from(data)
        numbers = _numbers_in(data[_HEAD.size :])
        found._zeros = numbers[0]
        before = _LOWEST
        for step, number in zip(numbers[1::2], numbers[2::2], strict=True):
            before += step
            found._buckets[before] = number
        found.count = found._zeros + sum(found._buckets.values())
        return found


def merged(parts: Iterable[bytes]) -> Histogram:
    """One histogram of what several hold."""
    found = Histogram()
    for part in parts:
        if part:
            found.merge(Histogram.from_bytes(part))
    return found


def _put(data: bytearray, number: int) -> None:
    """Append a number in base 128, the lowest digit first."""
    while number > 127:
        data.append(number & 127 | 128)
        number >>= 7
    data.append(number)


def _numbers_in(data: bytes) -> list[int]:
    found: list[int] = []
    number = shift = 0
    for byte in data:
        number |= (byte & 127) << shift
        if byte > 127:
            shift += 7
        else:
            found.append(number)
            number = shift = 0
    if shift or not found:
        raise ValueError("a histogram that ends too early")
    return found
