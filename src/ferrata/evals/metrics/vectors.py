"""Similarity and distance of vectors given as sequences of numbers. Knows no models that make them."""

from __future__ import annotations

import math
from operator import mul
from typing import TYPE_CHECKING

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["cosine_similarity", "dot_product", "euclidean_distance", "manhattan_distance"]


def dot_product(one: Sequence[float], other: Sequence[float]) -> float:
    """The sum of the products of both vectors' numbers.

    Raises:
        UsageError: the vectors differ in length.
    """
    _check(one, other)
    return math.fsum(map(mul, one, other))


def cosine_similarity(one: Sequence[float], other: Sequence[float]) -> float:
    """The cosine of the angle between two vectors, from -1.0 to 1.0; 0.0 where one is all zeros.

    Raises:
        UsageError: the vectors differ in length.
    """
    _check(one, other)
    # Divided by their lengths first, so that large numbers do not overflow.
    length, width = math.hypot(*one), math.hypot(*other)
    if not length or not width:
        return 0.0
    cosine = math.fsum((a / length) * (b / width) for a, b in zip(one, other, strict=True))
    return max(-1.0, min(1.0, cosine))


def euclidean_distance(one: Sequence[float], other: Sequence[float]) -> float:
    """The straight line between two points.

    Raises:
        UsageError: the vectors differ in length.
    """
    _check(one, other)
    return math.dist(one, other)


def manhattan_distance(one: Sequence[float], other: Sequence[float]) -> float:
    """The sum of the differences along each axis.

    Raises:
        UsageError: the vectors differ in length.
    """
    _check(one, other)
    return math.fsum(abs(a - b) for a, b in zip(one, other, strict=True))


def _check(one: Sequence[float], other: Sequence[float]) -> None:
    if len(one) != len(other):
        raise UsageError(
            f"vectors of {len(one)} and {len(other)} numbers cannot be compared",
            hint="Make both with the same embedding model.",
        )
