"""The rows of an evaluation spread over a Ray cluster, some at a time; what comes back is recorded by the process that began the run.

A worker runs a group of rows by the ordinary engine into memory and sends the records. A group that a machine takes down with it is
given to another by Ray, and its calls are made again. Needs the package ray.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ferrata.evals.runner.engine import Engine
from ferrata.evals.runner.totals import Totals, add_line
from ferrata.evals.runner.types import Progress, StoppedEarly
from ferrata.runs import LineIndex, open_cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ferrata.evals.runner.folder import EvalFolder
    from ferrata.evals.runner.reuse import Reuse
    from ferrata.evals.runner.types import DataRow, EvalPlan, Options
    from ferrata.runs import Record

__all__ = ["RayEngine", "Worker"]

_GROUPS_PER_CPU = 2
_ROUNDS_PER_GROUP = 4
_RETRIES = 3


class Worker(NamedTuple):
    """What a worker runs rows with.

    Attributes:
        plan: its rows are not read.
        reuse: answers of earlier runs; None where there are none.
    """

    plan: EvalPlan
    reuse: Reuse | None


class _Group(NamedTuple):
    """Rows for a worker, and the records that some of them have already."""

    rows: list[DataRow]
    known: list[Record]


class RayEngine:
    """Runs a plan on a Ray cluster: the one at RAY_ADDRESS, else one of this machine. Arguments as of `Engine`, but for `opener`.

    Args:
        opener: makes what a worker needs, in the worker; must be known there by its name, or be small enough to send.

    Raises:
        UsageError: the package ray is not installed.
    """

    def __init__(
        self,
        plan: EvalPlan,
        options: Options,
        folder: EvalFolder,
        totals: Totals,
        *,
        opener: Callable[[], Worker],
        reuse: Reuse | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        del reuse  # each worker opens its own
        self._ray = open_cluster()
        self._plan, self._options, self._folder, self._totals = plan, options, folder, totals
        self._on_progress = on_progress
        self._parts = 1 + sum(not hasattr(asked.evaluator, "score") for asked in plan.evaluators)
        self._opening: bytes = self._ray.cloudpickle.dumps(opener)
        self._limit = options.concurrency

    async def run(self, *, stop: asyncio.Event | None = None) -> StoppedEarly | None:
        """Run what the folder does not have; why that was ended early, or None."""
        cpus = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        each = max(1, self._options.concurrency // cpus)
        options = replace(self._options, concurrency=each, budget=None)
        todo = self._missing()
        shard = self._ray.remote(num_cpus=1, max_retries=_RETRIES)(run_group)
        opening = self._ray.put(self._opening)
        stopper = asyncio.create_task((stop or asyncio.Event()).wait())
        pending: dict[asyncio.Future[Any], Any] = {}
        stopped: StoppedEarly | None = None
        try:
            while True:
                while stopped is None and len(pending) < cpus * _GROUPS_PER_CPU:
                    rows = list(islice(todo, max(1, each * _ROUNDS_PER_GROUP // self._plan.repeats)))
                    if not rows:
                        break
                    reference = shard.remote(opening, options, _Group(rows, self._known(rows)))
                    pending[asyncio.wrap_future(reference.future())] = reference
                if not pending:
                    return stopped
                done, _ = await asyncio.wait({*pending, stopper}, return_when=asyncio.FIRST_COMPLETED)
                for future in [one for one in pending if one in done]:
                    del pending[future]
                    stopped = self._take(*future.result()) or stopped or self._spent()
                if stopper in done:
                    return StoppedEarly("Canceled", "the run was stopped before all rows were done")
        finally:
            stopper.cancel()
            for future, reference in pending.items():
                future.cancel()
                with suppress(Exception):  # it may have ended by now
                    self._ray.cancel(reference)

    def _units(self, row: DataRow) -> range:
        each = self._plan.repeats * self._parts
        return range(row.number * each, (row.number + 1) * each)

    def _missing(self) -> Iterator[DataRow]:
        index = self._folder.index
        return (row for row in self._plan.rows if not all(map(index.is_completed, self._units(row))))

    def _known(self, rows: Sequence[DataRow]) -> list[Any]:
        """Records of these rows that the folder has."""
        index = self._folder.index
        numbers = (number for row in rows for number in self._units(row) if index.is_completed(number))
        return [self._folder.line(number) for number in numbers]

    def _take(self, records: Sequence[Record], stopped: StoppedEarly | None) -> StoppedEarly | None:
        for record in records:
            self._folder.append(record)
            if record.head.number >= 0:
                add_line(self._totals, json.loads(record.line))
        if self._on_progress is not None:
            ended = self._totals.completed + self._totals.failed
            total = None if self._plan.total is None else self._plan.total * self._plan.repeats
            self._on_progress(Progress(ended, self._totals.failed, total, self._folder.index.cost, self._limit))
        return stopped

    def _spent(self) -> StoppedEarly | None:
        """Whether the budget is spent; with what comes from groups under way it may be overspent by their cost."""
        budget = self._options.budget
        if budget is None or (self._folder.index.cost or 0.0) < budget:
            return None
        return StoppedEarly("BudgetSpent", f"the budget of ${budget:g} is spent", "go on with a larger --budget")


class _Memory:
    """A run's folder in memory, with what the engine uses of one."""

    def __init__(self, known: Sequence[dict[str, Any]]) -> None:
        from ferrata.runs import Head

        self.index = LineIndex()
        self.records: list[Record] = []
        self._known = {line["line_number"]: line for line in known}
        for number in self._known:
            self.index.add(Head(number, completed=True), 0)

    def append(self, record: Record) -> None:
        self.records.append(record)
        self.index.add(record.head, 0)

    def line(self, number: int) -> dict[str, Any] | None:
        return self._known.get(number)


_workers: dict[bytes, tuple[Worker, asyncio.AbstractEventLoop]] = {}


def run_group(opening: bytes, options: Options, group: _Group) -> tuple[list[Record], StoppedEarly | None]:
    """Run some rows in a worker; what it runs them with is opened there once.

    Args:
        opening: what the driver sent, pickled: what makes a `Worker`.
        options: of the worker's share.
        group: rows.
    """
    if opening not in _workers:
        opener = cast("Callable[[], Worker]", import_module("pickle").loads(opening))
        _workers[opening] = (opener(), asyncio.new_event_loop())
    worker, loop = _workers[opening]
    memory = _Memory(cast("list[dict[str, Any]]", group.known))
    plan = replace(worker.plan, rows=group.rows)
    totals = Totals({asked.alias: asked.evaluator.measures for asked in plan.evaluators})
    engine = Engine(plan, options, cast("EvalFolder", memory), totals, reuse=worker.reuse)
    stopped = loop.run_until_complete(engine.run())
    return memory.records, stopped
