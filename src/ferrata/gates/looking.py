"""A run that goes on, looked at row by row for a watch. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ferrata.evals import Judging, row_scored
from ferrata.gates.sides import Scored
from ferrata.gates.types import Side
from ferrata.gates.watching import Ends

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from ferrata.evals import EvalFolder, EvalPlan, RowScores
    from ferrata.gates.watching import Watch

__all__ = ["Looking", "before_run"]


def before_run(plan: EvalPlan) -> tuple[Scored, dict[str, Ends]]:
    """What is known of a candidate before its first row: its evaluators, and what each metric can be."""
    ends: dict[str, Ends] = {}
    main: dict[str, str] = {}
    for asked in plan.evaluators:
        for measure in asked.evaluator.measures:
            name = f"{asked.alias}.{measure.key}"
            main.setdefault(asked.alias, name)
            ends[name] = Ends(measure.low, measure.high, measure.higher_is_better)
            if measure.threshold is not None:
                ends[f"{name}.pass_rate"] = Ends(0.0, 1.0)
    judged = frozenset(asked.alias for asked in plan.evaluators if isinstance(asked.evaluator, Judging))
    digests = {asked.alias: asked.evaluator.digest for asked in plan.evaluators}
    return Scored(Side(""), {}, main=main, evaluators=digests, judged=judged), ends


@dataclass
class Looking:
    """Hands rows to a watch in the order in which they were drawn, as soon as they have ended, and stops the run once it is decided.

    Attributes:
        watch: the rules.
        order: numbers of the rows.
        repeats: of each row.
        place: of the next row in the order.
        folder: of the run, once it has begun.
        stop: ends the run, likewise.
    """

    watch: Watch
    order: Sequence[int]
    repeats: int
    place: int = 0
    folder: EvalFolder | None = None
    stop: asyncio.Event | None = None

    def begin(self, stop: asyncio.Event, folder: EvalFolder) -> None:
        """Take the run."""
        self.stop, self.folder = stop, folder

    def look(self) -> None:
        """Take the rows that have ended since."""
        while self.place < len(self.order) and self.watch.decided_after is None:
            found = self._next()
            if found is None:
                return
            self.place += 1
            if self.watch.add(found) and self.stop is not None:
                self.stop.set()

    def _next(self) -> list[RowScores] | None:
        if self.folder is None:
            return None
        first = self.order[self.place] * self.repeats
        found = [row_scored(self.folder, first + repeat) for repeat in range(self.repeats)]
        return None if None in found else [row for row in found if row is not None]
