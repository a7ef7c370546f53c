"""The run itself: so many calls at a time, of the target and of judges, each recorded the moment it is answered.

A worker takes a judge's part of a row that has its answer, or else the next row; so rows in memory are never more than calls at
a time. What is refused for being too much is asked again, later and by fewer.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.evals.evaluators.base import failed as failed_scores
from ferrata.evals.runner.calling import Caller
from ferrata.evals.runner.pace import Pace
from ferrata.evals.runner.recorder import Answer, Recorder, Unit, missing_inputs
from ferrata.evals.runner.records import key_of, read_score, sorted_text
from ferrata.evals.runner.types import Progress, StoppedEarly
from ferrata.evals.runner.values import inputs_of, values_for
from ferrata.evals.together import Places, lend_places
from ferrata.evals.types import Produced, Scoring
from ferrata.telemetry import hear_busy

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    from ferrata.evals.runner.folder import EvalFolder
    from ferrata.evals.runner.reuse import Reuse
    from ferrata.evals.runner.totals import Totals
    from ferrata.evals.runner.types import Asked, EvalPlan, Options
    from ferrata.evals.types import Judging, Score

__all__ = ["Engine"]

# A target that never waits would keep the event loop to itself.
_BREATH = 0.01
# What is stopped has so long to end, in seconds.
_GRACE = 5.0
# Before anybody knows what a call costs, a budget allows so many at a time.
_CAUTIOUS = 4


class _Part(NamedTuple):
    """A judge's part of a row: its place among the row's parts, and which of them are not done yet."""

    place: int
    asked: Asked
    values: Mapping[str, Any]
    unit: Unit
    left: set[int]


class Engine:
    """Runs a plan into a folder.

    Args:
        plan: what is to be done.
        options: how.
        folder: open for writing.
        totals: of the parts that the folder has already.
        reuse: answers of earlier runs.
        on_progress: called after each row.
    """

    def __init__(
        self,
        plan: EvalPlan,
        options: Options,
        folder: EvalFolder,
        totals: Totals,
        *,
        reuse: Reuse | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self._plan = plan
        self._options = options
        self._folder = folder
        self._index = folder.index
        self._totals = totals
        self._reuse = reuse
        self._on_progress = on_progress
        scoring = [(a, values_for(a)) for a in plan.evaluators if isinstance(a.evaluator, Scoring)]
        self._recorder = Recorder(folder, totals, scoring)
        self._judging = [(a, values_for(a)) for a in plan.evaluators if not isinstance(a.evaluator, Scoring)]
        self._inputs = inputs_of(plan.inputs)
        self._parts = 1 + len(self._judging)
        self._total = None if plan.total is None else plan.total * plan.repeats
        self.pace = Pace(options.concurrency, fixed=options.fixed)
        self._caller = Caller(self.pace, options.timeout, self._stop, self._recorder.spent)
        self._places = Places(self._has_room, self._fill)
        self._ready: deque[_Part] = deque()
        self._again: deque[Unit] = deque()
        self._todo: Iterator[Unit] = iter(())
        self._exhausted = False
        self._workers: set[asyncio.Task[None]] = set()
        self._stopped: StoppedEarly | None = None
        self._interrupt: KeyboardInterrupt | None = None
        self._end: asyncio.Event = asyncio.Event()
        self._context = copy_context()
        self._breathed = 0.0
        self._ended = 0

    async def run(self, *, stop: asyncio.Event | None = None) -> StoppedEarly | None:
        """Run what the folder does not have; why that was ended early, or None.

        Raises:
            StoreUnavailable: the folder cannot be written; what was written is good.
            UsageError: the data cannot be read.
            KeyboardInterrupt: it came up in a call.
        """
        rows = self._units()
        self._todo = rows
        stopper = asyncio.create_task(self._stopper(stop)) if stop is not None else None
        try:
            with hear_busy(self.pace.refuse), lend_places(self._places):
                self._context = copy_context()
                self._fill()
                await self._end.wait()
            for task in self._workers:
                if task.done() and not task.cancelled() and (error := task.exception()):
                    raise error
            if self._interrupt is not None:
                raise self._interrupt
            return self._stopped
        finally:
            if stopper is not None:
                stopper.cancel()
            await _end_of(self._workers, grace=_GRACE if self._stopped and not self._interrupt else 0.0)
            rows.close()

    def _units(self) -> Generator[Unit]:
        repeats = self._plan.repeats
        for row in self._plan.rows:
            for repeat in range(repeats):
                yield Unit(row.number * repeats + repeat, row, repeat)

    async def _stopper(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stop(StoppedEarly("Canceled", "the run was stopped before all rows were done"))

    def _stop(self, why: StoppedEarly) -> None:
        if self._stopped is None:
            self._stopped = why
        self._end.set()

    # Workers

    def _fill(self) -> None:
        """Let workers begin, as many as may work and have something to do; without any, the run is at its end."""
        while (
            not self._stopped
            and self._busy < self._allowed()
            and (self._ready or not self._is_dry())
            and self._may_spend()
        ):
            # Whoever lets it begin may be in the middle of a call, whose span is not the worker's.
            context = self._context.copy()
            worker = asyncio.create_task(self._work(), name="the target or an evaluator", context=context)
            self._workers.add(worker)
            worker.add_done_callback(self._left)
        if not self._workers:
            self._end.set()

    @property
    def _busy(self) -> int:
        """Calls at a time, those included that a judge makes beside its own."""
        return len(self._workers) + self._places.lent

    def _has_room(self) -> bool:
        return not self._stopped and not self.pace.pause and self._busy < self._allowed()

    def _is_dry(self) -> bool:
        return self._exhausted and not self._again

    def _allowed(self) -> int:
        if self._options.budget is not None and not self._recorder.dearest:
            return min(self.pace.limit, _CAUTIOUS)
        return self.pace.limit

    def _left(self, worker: asyncio.Task[None]) -> None:
        self._workers.discard(worker)
        if not worker.cancelled() and worker.exception() is not None:
            # A worker fails only where nobody can go on: the disk is full, the data cannot be read.
            self._workers.add(worker)
            self._end.set()
            return
        self._fill()

    async def _work(self) -> None:
        try:
            await self._take_turns()
        except KeyboardInterrupt as error:
            # Out of a task it would end the loop in the middle of whatever else goes on.
            self._interrupt = error
            self._stop(StoppedEarly("Canceled", "the run was interrupted"))

    async def _take_turns(self) -> None:
        while not self._stopped and self._busy <= self._allowed():
            if pause := self.pace.pause:
                if self._is_hopelessly_busy(pause):
                    return
                await asyncio.sleep(pause)
                continue
            if not self._may_spend():
                return
            if self._ready:
                await self._judge(self._ready.popleft())
            elif (found := self._next()) is not None:
                await self._ask(found)
            else:
                return
            if self._workers and self._busy < self._allowed():
                self._fill()
            now = time.monotonic()
            if now - self._breathed > _BREATH:
                await asyncio.sleep(0)
                self._breathed = time.monotonic()

    def _next(self) -> Unit | None:
        """The next row that has not all its parts; those that have are counted."""
        if self._again:
            return self._again.popleft()
        if self._exhausted:
            return None
        for unit in self._todo:
            first = unit.number * self._parts
            if all(map(self._index.is_completed, range(first, first + self._parts))):
                self._ended += 1
                continue
            return unit
        self._exhausted = True
        return None

    def _is_hopelessly_busy(self, pause: float) -> bool:
        """Whether it goes on for too long, or whoever refuses has said that it will."""
        waited = self.pace.refused_for()
        if waited < self._options.patience and pause <= self._options.patience:
            return False
        told = f"for {waited:.0f} s every call was refused for being too many"
        if pause > self._options.patience:
            told = f"calls were refused for being too many, and none is wanted for {pause:,.0f} s"
        self._stop(
            StoppedEarly(
                "RateLimited",
                told,
                hint="go on later, or ask the vendor for a higher limit",
            )
        )
        return True

    def _may_spend(self) -> bool:
        """Whether one call more fits into the budget, if it and those on their way cost what the dearest did."""
        budget = self._options.budget
        if budget is None:
            return True
        spent = self._index.cost or 0.0
        if spent + (self._caller.flying + 1) * self._recorder.dearest <= budget:
            return True
        if not self._caller.flying:
            self._stop(
                StoppedEarly(
                    "BudgetSpent",
                    f"${spent:.4f} of the budget of ${budget:g} is spent, and a call more may take "
                    f"${self._recorder.dearest:.4f}",
                    hint="go on with a larger --budget",
                )
            )
        return False

    # The target

    async def _ask(self, unit: Unit) -> None:
        first = unit.number * self._parts
        if self._index.is_completed(first):  # only a judge is missing
            record = self._folder.line(first) or {}
            self._hand_on(unit, record.get("output") or {})
            return
        began, row = time.time(), unit.row
        if row.problem:
            error = {"code": "InvalidRow", "message": f"{row.place}: {row.problem}", "hint": ""}
            self._recorder.failed(first, unit, error, began, None)
            self._end_row()
            return
        target = self._plan.target
        if target is None:
            self._answered(unit, Answer(Produced({}), began))
            return
        inputs = self._inputs(row.values)
        key = key_of("output", target.digest, sorted_text(inputs), str(unit.repeat)) if target.digest else ""
        known = self._reuse.find(key) if self._reuse is not None and key else None
        if known is not None:
            again = Produced(known["output"], cached=True)
            self._answered(unit, Answer(again, known.get("started", began), float(known.get("seconds") or 0), key=key))
            return
        called = await self._caller.call(lambda: target(inputs), f"row {unit.number}", "row", {"target": target.name})
        if called.put_off:
            self._again.append(unit)
        elif called.error is not None:
            self._recorder.failed(first, unit, called.error, began, called.span)
            self._end_row()
        else:
            self._answered(unit, Answer(called.found, began, called.seconds, called.span, key))

    def _answered(self, unit: Unit, answer: Answer) -> None:
        self._recorder.answered(unit.number * self._parts, unit, answer)
        self._hand_on(unit, answer.produced.values)

    # Judges

    def _hand_on(self, unit: Unit, made: Mapping[str, Any]) -> None:
        """Put the judges' parts of a row where workers find them."""
        first = unit.number * self._parts
        left = {p for p in range(1, self._parts) if not self._index.is_completed(first + p)}
        for p in sorted(left):
            asked, values = self._judging[p - 1]
            found = values(unit.row.values, made)
            part = _Part(p, asked, found.given, unit, left)
            if found.missing:
                self._judged(part, failed_scores(asked.evaluator.measures, missing_inputs(found)))
            else:
                self._ready.append(part)
        if not self._judging:
            self._end_row()
        elif self._ready:
            self._fill()

    async def _judge(self, part: _Part) -> None:
        evaluator = cast("Judging", part.asked.evaluator)
        key = key_of("judge", evaluator.digest, sorted_text(part.values), str(part.unit.repeat))
        known = self._reuse.find(key) if self._reuse is not None else None
        if known is not None:
            scores = [read_score(name, about) for name, about in known["scores"].items()]
            self._judged(part, scores, key=key, seconds=float(known.get("seconds") or 0.0), reused=True)
            return
        name = f"judge {part.asked.alias}"
        called = await self._caller.call(
            lambda: evaluator.judge(part.values), name, "evaluator", {"row": part.unit.row.number}
        )
        if called.put_off:
            self._ready.append(part)
        elif called.error is not None:
            number = part.unit.number * self._parts + part.place
            self._recorder.judge_failed(number, part.unit, part.asked, called.error, called.span)
            self._end_part(part)
        else:
            self._judged(part, called.found, key=key, span=called.span, seconds=called.seconds)

    def _judged(self, part: _Part, scores: Sequence[Score], **how: Any) -> None:
        self._recorder.judged(part.unit.number * self._parts + part.place, part.unit, part.asked, scores, **how)
        self._end_part(part)

    def _end_part(self, part: _Part) -> None:
        part.left.discard(part.place)
        if not part.left:
            self._end_row()

    def _end_row(self) -> None:
        self._ended += 1
        if self._on_progress is not None:
            cost = self._index.cost
            self._on_progress(Progress(self._ended, self._totals.failed, self._total, cost, self.pace.limit))


async def _end_of(tasks: set[asyncio.Task[None]], *, grace: float) -> None:
    """Let what has begun come to its end, so that no answer that is paid for is lost; then cancel it."""
    left = set(tasks)
    if left and grace:
        _, left = await asyncio.wait(left, timeout=grace)
    for task in left:
        task.cancel()
    if left:
        done, _ = await asyncio.wait(left, timeout=_GRACE)
        for task in done:
            if not task.cancelled():
                task.exception()
