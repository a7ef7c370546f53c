"""Several comparisons at once: p-values adjusted so that all together are wrong as seldom as one. Knows no scores."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ferrata.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["holm", "shaffer"]


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given (Scandinavian Journal of Statistics 6 (1979) 65-70).

    Reject those of at most alpha: the probability of one wrong rejection or more is at most alpha, whatever the dependence.

    Raises:
        UsageError: a p-value that is not between 0 and 1.
    """
    return _step_down(p_values, range(len(p_values), 0, -1))


def shaffer(p_values: Sequence[float], *, candidates: int) -> list[float]:
    """Shaffer's adjusted p-values for all comparisons of `candidates` by twos (JASA 81 (1986) 826-831, procedure S1).

    Where one pair differs, not all others can be equal: with three candidates, of three hypotheses none, one or all are true. The
    second and third p-value are then multiplied by 1, where Holm's are by 2 and 1.

    Args:
        p_values: one for each pair, in any order.
        candidates: how many are compared.

    Raises:
        UsageError: not one p-value for each pair, or one that is not between 0 and 1.
    """
    pairs = candidates * (candidates - 1) // 2
    if candidates < 2 or len(p_values) != pairs:
        raise UsageError(
            f"{len(p_values)} p-values are not those of all pairs of {candidates!r} candidates",
            hint=f"give {pairs} p-values, or use Holm's adjustment" if candidates > 1 else "compare two or more",
        )
    possible = true_counts(candidates)
    return _step_down(p_values, [max(s for s in possible if s <= pairs - rejected) for rejected in range(pairs)])


@cache
def true_counts(candidates: int) -> frozenset[int]:
    """How many of all pairs of candidates can be equal at once: groups of equal ones, each with all of its pairs."""
    if candidates < 2:
        return frozenset({0})
    return frozenset(
        size * (size - 1) // 2 + rest for size in range(1, candidates + 1) for rest in true_counts(candidates - size)
    )


def _step_down(p_values: Sequence[float], factors: Sequence[int]) -> list[float]:
    for p in p_values:
        if not 0 <= p <= 1:
            raise UsageError(f"{p!r} is no p-value", hint="give numbers between 0 and 1")
    adjusted = [0.0] * len(p_values)
    reached = 0.0
    for place, factor in zip(sorted(range(len(p_values)), key=lambda i: p_values[i]), factors, strict=True):
        reached = max(reached, min(1.0, factor * p_values[place]))
        adjusted[place] = reached
    return adjusted
