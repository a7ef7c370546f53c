"""The run itself: so many calls at a time, of the target and of judges, each recorded the moment it is answered.

A worker takes a judge's part of a row that has its answer, or else the next row; so rows in memory are never more than calls at
a time. What is refused for being too much is asked again, later and by fewer.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.errors import ModelBusy, ModelDenied, ModelOverQuota
from ferrata.evals.evaluators.base import failed as failed_scores
from ferrata.evals.runner.pace import Pace
from ferrata.evals.runner.records import compact, error_of, key_of, part_record, read_score, sorted_text
from ferrata.evals.runner.types import Progress, StoppedEarly
from ferrata.evals.runner.values import inputs_of, values_for
from ferrata.evals.types import Produced, Scoring
from ferrata.telemetry import hear_busy, open_span

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    from ferrata.evals.runner.folder import EvalFolder
    from ferrata.evals.runner.reuse import Reuse
    from ferrata.evals.runner.totals import Totals
    from ferrata.evals.runner.types import Asked, DataRow, EvalPlan, Options
    from ferrata.evals.runner.values import Values
    from ferrata.evals.types import Judging, Score
    from ferrata.telemetry import Span

__all__ = ["Engine"]

# A target that never waits would keep the event loop to itself.
_BREATH = 0.01
# What is stopped has so long to end, in seconds.
_GRACE = 5.0
# Calls that would fail for every row alike.
_HOPELESS = (ModelDenied, ModelOverQuota)
# Before anybody knows what a call costs, a budget allows so many at a time.
_CAUTIOUS = 4


class _Row(NamedTuple):
    """A row on its way: its number with repeats counted, and what the target made of it."""

    unit: int
    row: DataRow
    repeat: int
    made: Mapping[str, Any]
    left: set[int]


class _Part(NamedTuple):
    """A judge's part of a row."""

    number: int
    asked: Asked
    values: Mapping[str, Any]
    row: _Row


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
        self._scoring = [(a, values_for(a)) for a in plan.evaluators if isinstance(a.evaluator, Scoring)]
        self._judging = [(a, values_for(a)) for a in plan.evaluators if not isinstance(a.evaluator, Scoring)]
        self._inputs = inputs_of(plan.inputs)
        self._parts = 1 + len(self._judging)
        self._total = None if plan.total is None else plan.total * plan.repeats
        self.pace = Pace(options.concurrency, fixed=options.fixed)
        self._ready: deque[_Part] = deque()
        self._again: deque[tuple[DataRow, int]] = deque()
        self._todo: Iterator[tuple[DataRow, int]] = iter(())
        self._exhausted = False
        self._workers: set[asyncio.Task[None]] = set()
        self._stopped: StoppedEarly | None = None
        self._end: asyncio.Event = asyncio.Event()
        self._breathed = 0.0
        self._ended = 0
        self._flying = 0
        self._dearest = 0.0

    async def run(self, *, stop: asyncio.Event | None = None) -> StoppedEarly | None:
        """Run what the folder does not have; why that was ended early, or None.

        Raises:
            StoreUnavailable: the folder cannot be written; what was written is good.
            UsageError: the data cannot be read.
        """
        rows = self._units()
        self._todo = rows
        stopper = asyncio.create_task(self._stopper(stop)) if stop is not None else None
        try:
            with hear_busy(self.pace.refuse):
                self._fill()
                await self._end.wait()
            for task in self._workers:
                if task.done() and not task.cancelled() and (error := task.exception()):
                    raise error
            return self._stopped
        finally:
            if stopper is not None:
                stopper.cancel()
            await _end_of(self._workers, grace=_GRACE if self._stopped else 0.0)
            rows.close()

    def _units(self) -> Generator[tuple[DataRow, int]]:
        repeats = self._plan.repeats
        for row in self._plan.rows:
            for repeat in range(repeats):
                yield row, repeat

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
            and len(self._workers) < self._allowed()
            and (self._ready or not self._is_dry())
            and self._may_spend()
        ):
            worker = asyncio.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._left)
        if not self._workers:
            self._end.set()

    def _is_dry(self) -> bool:
        return self._exhausted and not self._again

    def _allowed(self) -> int:
        if self._options.budget is not None and not self._dearest:
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
        while not self._stopped and len(self._workers) <= self._allowed():
            if pause := self.pace.pause:
                if self._is_hopelessly_busy():
                    return
                await asyncio.sleep(pause)
                continue
            if not self._may_spend():
                return
            if self._ready:
                await self._judge(self._ready.popleft())
            elif (found := self._next()) is not None:
                await self._ask(*found)
            else:
                return
            if self._workers and len(self._workers) < self._allowed():
                self._fill()
            now = time.monotonic()
            if now - self._breathed > _BREATH:
                await asyncio.sleep(0)
                self._breathed = time.monotonic()

    def _next(self) -> tuple[DataRow, int] | None:
        """The next row that has not all its parts; those that have are counted."""
        if self._again:
            return self._again.popleft()
        if self._exhausted:
            return None
        for row, repeat in self._todo:
            first = (row.number * self._plan.repeats + repeat) * self._parts
            if all(self._index.is_completed(first + p) for p in range(self._parts)):
                self._ended += 1
                continue
            return row, repeat
        self._exhausted = True
        return None

    def _is_hopelessly_busy(self) -> bool:
        waited = self.pace.refused_for()
        if waited < self._options.patience:
            return False
        self._stop(
            StoppedEarly(
                "RateLimited",
                f"for {waited:.0f} s every call was refused for being too many",
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
        if spent + (self._flying + 1) * self._dearest <= budget:
            return True
        if not self._flying:
            self._stop(
                StoppedEarly(
                    "BudgetSpent",
                    f"the budget of ${budget:g} is spent but for ${max(0.0, budget - spent):.4f}",
                    hint="go on with a larger --budget",
                )
            )
        return False

    # The target

    async def _ask(self, row: DataRow, repeat: int) -> None:
        unit = row.number * self._plan.repeats + repeat
        number = unit * self._parts
        if self._index.is_completed(number):  # only a judge is missing
            record = self._folder.line(number) or {}
            self._hand_on(unit, row, repeat, record.get("output") or {})
            return
        began = time.time()
        if row.problem:
            error = {"code": "InvalidRow", "message": f"{row.place}: {row.problem}", "hint": ""}
            self._fail(number, row, repeat, error, began, None)
            return
        inputs = self._inputs(row.values)
        key = self._key_of_output(inputs, repeat)
        known = self._reuse.find(key) if self._reuse is not None and key else None
        if known is not None:
            took = float(known.get("seconds") or 0.0)
            self._answer(
                row, repeat, unit, Produced(known["output"], cached=True), None, key, known.get("started", began), took
            )
            return
        if self._plan.target is None:
            self._answer(row, repeat, unit, Produced({}), None, "", began, 0.0)
            return
        self._flying += 1
        start = time.perf_counter()
        span: Span | None = None
        try:
            with open_span(f"row {unit}", "row", {"target": self._plan.target.name, "row": row.number}) as span:
                if self._options.timeout is None:
                    produced = await self._plan.target(inputs)
                else:
                    async with asyncio.timeout(self._options.timeout):
                        produced = await self._plan.target(inputs)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary of a row: recorded as its failure
            if self._is_of_the_run(error):
                self._again.append((row, repeat))
            else:
                self.pace.answered(time.perf_counter() - start)
                self._fail(number, row, repeat, self._error_of(error), began, span)
        else:
            seconds = time.perf_counter() - start
            self.pace.answered(seconds)
            self._answer(row, repeat, unit, produced, span, key, began, seconds)
        finally:
            self._flying -= 1

    def _key_of_output(self, inputs: Mapping[str, Any], repeat: int) -> str:
        target = self._plan.target
        return key_of("output", target.digest, sorted_text(inputs), str(repeat)) if target and target.digest else ""

    def _is_of_the_run(self, error: BaseException) -> bool:
        """Whether an error is not the row's: then the row is put back, and the run slows down or stops."""
        if isinstance(error, ModelBusy):
            self.pace.refuse(error.retry_after)
            return True
        if isinstance(error, _HOPELESS):
            self._stop(StoppedEarly(type(error).__name__, error.message, error.hint))
            return True
        return False

    def _error_of(self, error: BaseException) -> dict[str, Any]:
        if isinstance(error, TimeoutError) and not str(error):
            message = f"no answer within {self._options.timeout:g} s" if self._options.timeout else "no answer in time"
            return {"code": "Timeout", "message": message, "hint": "give it more by --timeout"}
        return error_of(error)

    def _fail(
        self, number: int, row: DataRow, repeat: int, error: dict[str, Any], began: float, span: Span | None
    ) -> None:
        body: dict[str, Any] = {**_about(row, repeat), "error": error, "started": began}
        usage, cost = (span.usage, span.cost) if span else (None, None)
        self._folder.append(part_record(number, body, completed=False, usage=usage, cost=cost, key=""))
        self._spent(cost)
        self._totals.refused(error)
        self._end_row()

    def _answer(
        self,
        row: DataRow,
        repeat: int,
        unit: int,
        produced: Produced,
        span: Span | None,
        key: str,
        began: float,
        seconds: float,
    ) -> None:
        usage = produced.usage or (span.usage if span else None)
        cost = produced.cost if produced.cost is not None else (span.cost if span else None)
        reused = produced.cached and span is None
        made: Mapping[str, Any] = produced.values
        measured = _measured(seconds, usage, cost)
        scores: dict[str, Any] = {}
        for asked, values in self._scoring:
            found = self._score(asked, values(row.values, {**measured, **made}))
            self._totals.add(asked.alias, found)
            scores[asked.alias] = compact(found)
        body: dict[str, Any] = {
            **_about(row, repeat),
            "output": made,
            "scores": scores,
            "started": began,
            "seconds": round(seconds, 6),
        }
        if reused:
            body["reused"] = True
        if span is not None:
            body["trace"] = span.trace_id
        self._folder.append(part_record(unit * self._parts, body, completed=True, usage=usage, cost=cost, key=key))
        self._spent(cost)
        self._totals.answered(seconds, reused=reused)
        self._hand_on(unit, row, repeat, made)

    @staticmethod
    def _score(asked: Asked, values: Values) -> Sequence[Score]:
        evaluator = cast("Scoring", asked.evaluator)
        if values.missing:
            return failed_scores(evaluator.measures, _no(values))
        try:
            return evaluator.score(values.given)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary of an evaluator: recorded as its failure
            return failed_scores(evaluator.measures, f"{type(error).__name__}: {error}")

    def _spent(self, cost: float | None) -> None:
        if cost is not None and cost > self._dearest:
            self._dearest = cost

    # Judges

    def _hand_on(self, unit: int, row: DataRow, repeat: int, made: Mapping[str, Any]) -> None:
        """Put the judges' parts of a row where workers find them."""
        first = unit * self._parts
        left = {p for p in range(1, self._parts) if not self._index.is_completed(first + p)}
        going = _Row(unit, row, repeat, made, left)
        for p in sorted(left):
            asked, values = self._judging[p - 1]
            found = values(row.values, made)
            if found.missing:
                self._judged(
                    _Part(first + p, asked, found.given, going),
                    failed_scores(asked.evaluator.measures, _no(found)),
                    None,
                    "",
                    0.0,
                )
            else:
                self._ready.append(_Part(first + p, asked, found.given, going))
        if not self._judging:
            self._end_row()
        elif self._ready:
            self._fill()

    async def _judge(self, part: _Part) -> None:
        evaluator = cast("Judging", part.asked.evaluator)
        key = key_of("judge", evaluator.digest, sorted_text(part.values), str(part.row.repeat))
        known = self._reuse.find(key) if self._reuse is not None else None
        if known is not None:
            found = [read_score(name, about) for name, about in known["scores"].items()]
            self._judged(part, found, None, key, float(known.get("seconds") or 0.0), reused=True)
            return
        self._flying += 1
        start = time.perf_counter()
        span: Span | None = None
        try:
            with open_span(f"judge {part.asked.alias}", "evaluator", {"row": part.row.row.number}) as span:
                if self._options.timeout is None:
                    scores = await evaluator.judge(part.values)
                else:
                    async with asyncio.timeout(self._options.timeout):
                        scores = await evaluator.judge(part.values)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary of an evaluator: recorded as its failure
            if self._is_of_the_run(error):
                self._ready.append(part)
            else:
                self.pace.answered(time.perf_counter() - start)
                self._judge_failed(part, self._error_of(error), span)
        else:
            seconds = time.perf_counter() - start
            self.pace.answered(seconds)
            self._judged(part, scores, span, key, seconds)
        finally:
            self._flying -= 1

    def _judged(
        self, part: _Part, scores: Sequence[Score], span: Span | None, key: str, seconds: float, *, reused: bool = False
    ) -> None:
        usage, cost = (span.usage, span.cost) if span else (None, None)
        body: dict[str, Any] = {
            "row": part.row.row.number,
            "evaluator": part.asked.alias,
            "scores": compact(scores),
            "seconds": round(seconds, 6),
        }
        if part.row.repeat:
            body["repeat"] = part.row.repeat
        if reused:
            body["reused"] = True
        self._folder.append(part_record(part.number, body, completed=True, usage=usage, cost=cost, key=key))
        self._spent(cost)
        self._totals.add(part.asked.alias, scores)
        self._end_part(part)

    def _judge_failed(self, part: _Part, error: dict[str, Any], span: Span | None) -> None:
        usage, cost = (span.usage, span.cost) if span else (None, None)
        body: dict[str, Any] = {"row": part.row.row.number, "evaluator": part.asked.alias, "error": error}
        if part.row.repeat:
            body["repeat"] = part.row.repeat
        self._folder.append(part_record(part.number, body, completed=False, usage=usage, cost=cost, key=""))
        self._spent(cost)
        self._totals.miss(part.asked.alias, f"{error['code']}: {error['message']}")
        self._end_part(part)

    def _end_part(self, part: _Part) -> None:
        part.row.left.discard(part.number - part.row.unit * self._parts)
        if not part.row.left:
            self._end_row()

    def _end_row(self) -> None:
        self._ended += 1
        if self._on_progress is not None:
            cost = self._index.cost
            self._on_progress(Progress(self._ended, self._totals.failed, self._total, cost, self.pace.limit))


def _about(row: DataRow, repeat: int) -> dict[str, Any]:
    about: dict[str, Any] = {"row": row.number, "inputs": row.values}
    if repeat:
        about["repeat"] = repeat
    if row.place:
        about["place"] = row.place
    return about


def _measured(seconds: float, usage: Any, cost: float | None) -> dict[str, Any]:
    found: dict[str, Any] = {"latency_seconds": seconds}
    if usage is not None:
        found |= {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
    if cost is not None:
        found["cost_usd"] = cost
    return found


def _no(values: Values) -> str:
    names = " and no ".join(repr(name) for name in values.missing)
    return f"there is no {names}"


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
