"""Running rows: so many at a time, each recorded the moment it ends. Knows a flow only as something that runs a line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, Protocol

from ferrata.clock import SystemClock, format_time
from ferrata.errors import UsageError
from ferrata.flows.batch.aggregation import aggregate
from ferrata.flows.batch.images import persisted_in
from ferrata.flows.batch.records import record_of
from ferrata.flows.batch.types import Progress, RunSummary
from ferrata.flows.failures import FlowError, error_of
from ferrata.flows.types import Aggregation, LineResult, Status
from ferrata.telemetry import JsonlSink, emit_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ferrata.clock import Clock
    from ferrata.flows.base import LoadedFlow
    from ferrata.flows.batch.flow_folder import RunFolder
    from ferrata.flows.batch.join import RunRow

__all__ = ["CONCURRENCY", "LINE_TIMEOUT", "Engine", "LocalRows", "printed_by", "run_flow", "run_row"]

CONCURRENCY = 10
LINE_TIMEOUT = 600.0
# A flow that never waits would keep the event loop, and with it cancelling and timeouts, to itself.
_BREATH = 0.01
# Between the first rows of two workers, and from the first to the last, in seconds.
_APART, _BEGINNING = 0.0004, 0.1
# What is stopped has so long to end, in seconds.
_GRACE = 5.0


class Engine(Protocol):
    """Runs rows and records each.

    Attributes:
        kept: rows whose values would not come back from the folder as they were.
    """

    kept: dict[int, LineResult]

    async def run(
        self, rows: Iterable[RunRow], *, concurrency: int, timeout: float | None, stop: asyncio.Event | None
    ) -> FlowError | None:
        """Run the rows that have no record; why that was ended early, or None."""
        ...


async def run_flow(
    loaded: LoadedFlow,
    rows: Iterable[RunRow],
    folder: RunFolder,
    *,
    concurrency: int = CONCURRENCY,
    line_timeout: float | None = LINE_TIMEOUT,
    batch_timeout: float | None = None,
    total: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    stop: asyncio.Event | None = None,
    clock: Clock | None = None,
    engine: Callable[..., Engine] | None = None,
) -> RunSummary:
    """Run the rows that the folder does not have, aggregate, and write down what came of it.

    Args:
        loaded: the flow.
        rows: all rows of the run; read only as far as rows can be run.
        folder: of the run, open for writing.
        concurrency: rows at a time, at least 1.
        line_timeout: seconds that a row may take; None: for ever.
        batch_timeout: seconds that all rows together may take; None: for ever.
        total: how many rows there are, where it is known.
        on_progress: called after each row.
        stop: set by whoever wants the run to end early; rows that are not done stay for a resume.
        clock: the time of day.
        engine: runs the rows elsewhere, as `RayRows` does; None: in this process.

    Raises:
        StoreUnavailable: the folder cannot be written; what was written is good and the run can be resumed.
        FlowError: the rows do not fit together.
        UsageError: the data cannot be read, or an argument makes no sense.
    """
    if concurrency < 1:
        raise UsageError(f"not a number of rows at a time: {concurrency}", hint="give 1 or more")
    began = time.perf_counter()
    before = float(folder.document.get("seconds") or 0.0)
    persist = persisted_in(folder.path, vision=loaded.flow.message_format == "openai-vision")
    batch = (engine or LocalRows)(
        loaded, folder, line_timeout=line_timeout, total=total, on_progress=on_progress, persist=persist
    )
    folder.save(status=Status.RUNNING, error=None, total=total)
    aggregation, error = None, None
    try:
        with closing(JsonlSink(folder.path / "spans.jsonl")) as sink, emit_to(sink):
            error = await batch.run(rows, concurrency=concurrency, timeout=batch_timeout, stop=stop)
            if error is None and loaded.has_aggregation:
                aggregation = await aggregate(loaded, folder, kept=batch.kept)
    except BaseException as raised:
        _save_error(folder, raised, seconds=before + time.perf_counter() - began)
        raise
    seconds = before + time.perf_counter() - began
    summary = _summary(folder, aggregation, error, seconds=seconds, total=total)
    _save(folder, summary, aggregation, ended=format_time((clock or SystemClock()).now()))
    return summary


def _save_error(folder: RunFolder, raised: BaseException, *, seconds: float) -> None:
    status = Status.FAILED if isinstance(raised, FlowError) else Status.CANCELED
    error = error_of(raised) if isinstance(raised, Exception) else None
    with suppress(Exception):  # what was raised is the one to tell, also where this cannot be written
        folder.save(status=status, error=error, seconds=seconds)


def _summary(
    folder: RunFolder, aggregation: Aggregation | None, error: FlowError | None, *, seconds: float, total: int | None
) -> RunSummary:
    index = folder.index
    of_aggregation = aggregation.error if aggregation else None
    if error is not None:
        status = Status.CANCELED
    elif not index.completed:
        status = Status.FAILED
    else:
        status = Status.COMPLETED_WITH_ERRORS if index.failed or of_aggregation else Status.COMPLETED
    return RunSummary(
        name=folder.name,
        status=status,
        total=max(len(index), total or 0) if error else len(index),
        completed=index.completed,
        failed=index.failed,
        metrics=aggregation.metrics if aggregation else {},
        error=error.as_json() if error else None,
        aggregation_error=of_aggregation,
        seconds=round(seconds, 6),
        input_tokens=index.input_tokens,
        output_tokens=index.output_tokens,
        cost=index.cost,
    )


def _save(folder: RunFolder, summary: RunSummary, aggregation: Aggregation | None, *, ended: str) -> None:
    about: dict[str, Any] | None = None
    if aggregation is not None:
        folder.save_metrics(aggregation.metrics)
        _log(folder, printed_by("aggregation", aggregation.nodes))
        nodes = {name: {"status": node.status} for name, node in aggregation.nodes.items()}
        about = {"error": aggregation.error, "nodes": nodes}
        if aggregation.output is not None:
            about["output"] = aggregation.output
    folder.save(
        status=summary.status,
        ended=ended,
        seconds=summary.seconds,
        total=summary.total,
        completed=summary.completed,
        failed=summary.failed,
        tokens=[summary.input_tokens, summary.output_tokens],
        cost_usd=summary.cost,
        metrics=dict(summary.metrics),
        aggregation=about,
        error=summary.error,
    )


def _log(folder: RunFolder, text: str) -> None:
    if text:
        folder.log(text)


def printed_by(row: str, nodes: Mapping[str, Any]) -> str:
    """What nodes printed, each line with row and node before it."""
    printed = [(node.name, line) for node in nodes.values() if node.logs for line in node.logs.splitlines()]
    return "".join(f"[{row}] [{name}] {line}\n" for name, line in printed)


async def run_row(loaded: LoadedFlow, row: RunRow, *, timeout: float | None) -> LineResult:
    """Run a row; whatever goes wrong in it is in the result."""
    started = time.time()
    if row.error is not None:
        return LineResult(Status.FAILED, error=row.error.as_json(), started=started, ended=started)
    try:
        return await loaded.line(row.inputs, number=row.number, timeout=timeout)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary of a row: recorded as its failure
        return LineResult(Status.FAILED, inputs=row.inputs, error=error_of(error), started=started, ended=time.time())


class LocalRows:
    """Runs rows in this process.

    Attributes:
        kept: rows whose values would not come back from the folder as they were.
    """

    def __init__(
        self,
        loaded: LoadedFlow,
        folder: RunFolder,
        *,
        line_timeout: float | None,
        total: int | None,
        on_progress: Callable[[Progress], None] | None,
        persist: Callable[[Any], Any],
    ) -> None:
        self._loaded = loaded
        self._folder = folder
        self._timeout = line_timeout
        self._total = total
        self._on_progress = on_progress
        self._persist = persist
        self._aggregates = loaded.has_aggregation
        self._stopping = self._exhausted = False
        self._breathed = 0.0
        self._begun = set[asyncio.Task[None]]()
        self.kept: dict[int, LineResult] = {}

    async def run(
        self, rows: Iterable[RunRow], *, concurrency: int, timeout: float | None, stop: asyncio.Event | None
    ) -> FlowError | None:
        """Run the rows; why that was ended early, or None."""
        ends = None if timeout is None else time.monotonic() + timeout
        todo = iter(rows)
        stopper = asyncio.create_task((stop or asyncio.Event()).wait())
        pending = set[asyncio.Task[None]]()
        pending.add(asyncio.create_task(self._begin(todo, pending, concurrency)))
        try:
            while pending:
                left = None if ends is None else max(0.0, ends - time.monotonic())
                done, _ = await asyncio.wait({*pending, stopper}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                pending -= done
                for task in done - {stopper}:
                    task.result()
                if stopper in done and pending:
                    return FlowError("Canceled", "the run was stopped before all rows were done")
                if not done and pending:
                    return FlowError("BatchRunTimeoutError", f"the rows took longer than {timeout:g} s")
            return None
        finally:
            self._stopping = True
            stopper.cancel()
            await _cancel(self._begun | pending)
            if isinstance(todo, Generator):
                todo.close()

    async def _begin(self, rows: Iterator[RunRow], workers: set[asyncio.Task[None]], concurrency: int) -> None:
        """Let one worker begin after another.

        Rows that ask a model and begin at once would wait for each other's work again at every answer, all along.
        """
        for _ in range(concurrency):
            if self._exhausted:
                return
            worker = asyncio.create_task(self._work(rows))
            workers.add(worker)
            self._begun.add(worker)
            await asyncio.sleep(min(_APART, _BEGINNING / concurrency))

    async def _work(self, rows: Iterator[RunRow]) -> None:
        index = self._folder.index
        for row in rows:
            if row.number in index:
                continue
            await self._one(row)
            now = time.monotonic()
            if now - self._breathed > _BREATH:
                await asyncio.sleep(0)
                self._breathed = time.monotonic()
            if self._stopping:
                return
        self._exhausted = True

    async def _one(self, row: RunRow) -> None:
        result = await run_row(self._loaded, row, timeout=self._timeout)
        if result.status == Status.CANCELED:
            return
        record = record_of(row.number, result, place=row.place, aggregates=self._aggregates, persist=self._persist)
        self._folder.append(record)
        if record.head.volatile:
            self.kept[row.number] = result
        _log(self._folder, printed_by(f"line {row.number}", result.nodes))
        if self._on_progress is not None:
            self._on_progress(Progress(len(self._folder.index), self._folder.index.failed, self._total))


async def _cancel(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        done, _ = await asyncio.wait(tasks, timeout=_GRACE)
        for task in done:
            if not task.cancelled():
                task.exception()
