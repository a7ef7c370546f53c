"""Which rows a gate looks at, in which order: drawn by a seed. Knows no score."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ferrata.evals import DataRow, EvalPlan

__all__ = ["drawn", "looks_of"]


class _Drawn:
    """Rows that are held, to be gone through as often as anybody wants."""

    def __init__(self, rows: Sequence[DataRow]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[DataRow]:
        return iter(self._rows)


def drawn(plan: EvalPlan, rows: int | None, seed: int) -> tuple[EvalPlan, list[int]]:
    """A plan over so many rows in an order drawn by a seed, and their numbers. A smaller draw is the beginning of a larger one.

    Args:
        plan: over all rows, which are held in memory from then on.
        rows: how many; None, or more than there are: all.
        seed: of the draw.
    """
    every = list(plan.rows)
    Random(seed).shuffle(every)  # noqa: S311 - a sample, no secret
    chosen = every if rows is None else every[:rows]
    about = {**plan.about, "drawn": {"rows": len(chosen), "of": len(every), "seed": seed}}
    return replace(plan, rows=_Drawn(chosen), total=len(chosen), about=about), [row.number for row in chosen]


def looks_of(rows: int, total: int) -> list[int]:
    """With how many rows a gate that extends looks: the first draw, then doubled up to all."""
    found = [min(rows, total)]
    while found[-1] < total:
        found.append(min(2 * found[-1], total))
    return found
