"""The rows of a run spread over a Ray cluster, some at a time; what comes back is recorded by the process that began the run.

A group of rows that a machine takes down with it is given to another by Ray; it is recorded only when it comes back, so that none is
recorded twice. A process that is killed loses the groups under way, where a run on one machine loses rows. Needs the package ray.
"""

from __future__ import annotations

import asyncio
import pickle
import time
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from ferrata.flows.batch.records import Record, record_of
from ferrata.flows.batch.runner import printed_by, run_row
from ferrata.flows.batch.types import Progress
from ferrata.flows.data import as_data
from ferrata.flows.failures import FlowError
from ferrata.flows.types import LineResult, Status
from ferrata.runs import open_cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ferrata.flows.base import LoadedFlow
    from ferrata.flows.batch.flow_folder import RunFolder
    from ferrata.flows.batch.join import RunRow

__all__ = ["RayRows"]

_GROUPS_PER_CPU = 2
_ROUNDS_PER_GROUP = 4
_RETRIES = 3


class _Sent(NamedTuple):
    """A row that comes back from a worker: its record, its log, and what does not survive being written, pickled."""

    record: Record
    log: str
    kept: bytes | None


class RayRows:
    """Runs rows on a Ray cluster: the one at RAY_ADDRESS, else one of this machine.

    Attributes:
        kept: rows whose values would not come back from the folder as they were.
    """

    def __init__(
        self,
        loaded: LoadedFlow,
        folder: RunFolder,
        *,
        opener: Callable[[], LoadedFlow],
        line_timeout: float | None,
        total: int | None,
        on_progress: Callable[[Progress], None] | None,
        persist: Callable[[Any], Any] = as_data,
    ) -> None:
        """As the rows of one machine are run, but for `opener`.

        Args:
            loaded: the flow, opened here.
            folder: of the run.
            opener: opens the flow in a worker; must be known there by its name, or be small enough to send.
            line_timeout: seconds that a row may take.
            total: rows, where it is known.
            on_progress: called after each row.
            persist: makes of a value what JSON knows; in a worker, so that files it writes are there.

        Raises:
            UsageError: the package ray is not installed.
        """
        self._ray = open_cluster()
        self._folder = folder
        self._total, self._on_progress = total, on_progress
        blob = self._ray.cloudpickle.dumps((opener, line_timeout, loaded.has_aggregation, persist))
        self._opening: bytes = blob
        self.kept: dict[int, LineResult] = {}

    async def run(
        self, rows: Iterable[RunRow], *, concurrency: int, timeout: float | None, stop: asyncio.Event | None
    ) -> FlowError | None:
        """Run the rows; why that was ended early, or None."""
        cpus = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        at_once = max(1, concurrency // cpus)
        todo = (row for row in rows if row.number not in self._folder.index)
        shard = self._ray.remote(num_cpus=1, max_retries=_RETRIES)(run_group)
        opening = self._ray.put(self._opening)
        ends = None if timeout is None else time.monotonic() + timeout
        stopper = asyncio.create_task((stop or asyncio.Event()).wait())
        pending: dict[asyncio.Future[Any], Any] = {}
        try:
            while True:
                while len(pending) < cpus * _GROUPS_PER_CPU and (
                    group := list(islice(todo, at_once * _ROUNDS_PER_GROUP))
                ):
                    reference = shard.remote(opening, group, at_once)
                    pending[asyncio.wrap_future(reference.future())] = reference
                if not pending:
                    return None
                left = None if ends is None else max(0.0, ends - time.monotonic())
                done, _ = await asyncio.wait({*pending, stopper}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                for future in [one for one in pending if one in done]:
                    del pending[future]
                    self._take(future.result())
                if stopper in done:
                    return FlowError("Canceled", "the run was stopped before all rows were done")
                if not done:
                    return FlowError("BatchRunTimeoutError", f"the rows took longer than {timeout:g} s")
        finally:
            stopper.cancel()
            for future, reference in pending.items():
                future.cancel()
                with suppress(Exception):  # it may have ended by now
                    self._ray.cancel(reference)

    def _take(self, sent: Sequence[_Sent]) -> None:
        for record, log, kept in sent:
            if kept is not None:
                inputs, aggregation = pickle.loads(kept)  # noqa: S301 - from a worker that this process started
                self.kept[record.head.number] = LineResult(Status.COMPLETED, inputs, aggregation=aggregation)
            self._folder.append(record)
            if log:
                self._folder.log(log)
            if self._on_progress is not None:
                index = self._folder.index
                self._on_progress(Progress(len(index), index.failed, self._total))


class _Worker(NamedTuple):
    """A flow that is open in this process, with the event loop that all its rows run in."""

    loaded: LoadedFlow
    loop: asyncio.AbstractEventLoop
    line_timeout: float | None
    aggregates: bool
    persist: Callable[[Any], Any]


_workers: dict[bytes, _Worker] = {}


def run_group(opening: bytes, rows: Sequence[RunRow], at_once: int) -> list[_Sent]:
    """Run some rows in a worker; the flow is opened there once.

    Args:
        opening: what the driver sent: how the flow is opened, and its limits.
        rows: to run.
        at_once: so many at a time.
    """
    worker = _workers.get(opening)
    if worker is None:
        opener, line_timeout, aggregates, persist = pickle.loads(opening)  # noqa: S301 - from the driver
        worker = _Worker(opener(), asyncio.new_event_loop(), line_timeout, aggregates, persist)
        _workers[opening] = worker
    return worker.loop.run_until_complete(_run_rows(worker, rows, at_once))


async def _run_rows(worker: _Worker, rows: Sequence[RunRow], at_once: int) -> list[_Sent]:
    gate = asyncio.Semaphore(at_once)

    async def one(row: RunRow) -> _Sent | None:
        async with gate:
            result = await run_row(worker.loaded, row, timeout=worker.line_timeout)
        return None if result.status == Status.CANCELED else _sent(worker, row, result)

    found = await asyncio.gather(*map(one, rows))
    return [sent for sent in found if sent is not None]


def _sent(worker: _Worker, row: RunRow, result: LineResult) -> _Sent:
    def record(of: LineResult) -> Record:
        return record_of(row.number, of, place=row.place, aggregates=worker.aggregates, persist=worker.persist)

    log, found, kept = printed_by(f"line {row.number}", result.nodes), record(result), None
    if found.head.volatile:
        try:
            kept = pickle.dumps((dict(result.inputs), result.aggregation))
        except Exception as error:  # noqa: BLE001 - pickling runs the user's code; the row has failed
            problem = f"a value that the aggregation needs cannot be sent from a worker: {error}"
            failed = FlowError("UnserializableAggregation", problem, hint="return texts, numbers, lists, dictionaries")
            result.status, result.error = Status.FAILED, failed.as_json()
            found = record(result)
    return _Sent(found, log, kept)
