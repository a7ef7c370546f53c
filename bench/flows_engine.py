"""What the engine takes beside a bare asyncio loop that calls the same functions, at 16 rows at a time, in one process.

The bare loop has as many tasks as rows at a time; each takes a row and calls the functions one after another, those that are not
asynchronous by `asyncio.to_thread`. The two take turns.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from flows_given import FUNCTIONS, IMPORTS

from ferrata.clock import SystemClock
from ferrata.flows import Given, RunPlan, inside, new_run, open_flow, run_flow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from flows_given import Project

    from ferrata.flows import LoadedFlow

__all__ = ["Overhead", "overhead"]

AT_ONCE = 16


class Took(NamedTuple):
    """Seconds for all rows: by the clock, and of the processor."""

    wall: float
    processor: float


class Overhead(NamedTuple):
    """What all rows took in each turn: in the bare loop, in the engine, and in a run that also records rows and spans."""

    nodes: int
    rows: int
    bare: list[Took]
    engine: list[Took]
    run: list[Took]

    def milliseconds(self, of: list[Took]) -> float:
        """Median over the turns of the time by the clock, a row."""
        return statistics.median(one.wall for one in of) * 1e3 / self.rows

    def ratio(self, of: list[Took]) -> float:
        """Median over the turns of the time by the clock beside that of the bare loop in the same turn."""
        return statistics.median(one.wall / bare.wall for one, bare in zip(of, self.bare, strict=True))

    def microseconds(self, of: list[Took]) -> float:
        """Median over the turns of the processor time that a node takes more than in the bare loop."""
        per = 1e6 / self.rows / self.nodes
        return statistics.median(
            (one.processor - bare.processor) * per for one, bare in zip(of, self.bare, strict=True)
        )


def overhead(project: Project, data: Path, source: str, *, nodes: int, rows: int, turns: int) -> Overhead:
    """Run a chain of nodes of one source in the three ways.

    Args:
        project: with the flows.
        data: a file of that many rows.
        source: name of the nodes' source.
        nodes: in the chain.
        rows: to run.
        turns: how often.
    """
    path = project.chain(source, nodes)
    found = Overhead(nodes, rows, [], [], [])
    for turn in range(turns + 1):
        bare, engine, run = asyncio.run(_turn(path, source, data, nodes, rows, project.folder / f"{path.name}_{turn}"))
        if turn:  # the first one warms up
            found.bare.append(bare)
            found.engine.append(engine)
            found.run.append(run)
    return found


async def _turn(path: Path, source: str, data: Path, nodes: int, rows: int, folder: Path) -> tuple[Took, Took, Took]:
    space: dict[str, Any] = {}
    exec(IMPORTS + FUNCTIONS[source], space)  # the same function, without the flow around it
    function = space["call"]
    awaited = asyncio.iscoroutinefunction(function)

    async def alone(text: str) -> None:
        for _ in range(nodes):
            text = await (function(text) if awaited else asyncio.to_thread(function, text))

    pool = ThreadPoolExecutor(AT_ONCE)  # the default one has fewer threads, and would be slower
    asyncio.get_running_loop().set_default_executor(pool)
    bare = await _timed(alone, rows)
    loaded = open_flow(path)
    try:
        engine = await _timed(lambda text: loaded.line({"text": text}), rows)
        run = await _recorded(loaded, data, folder)
    finally:
        loaded.close()
    return bare, engine, run


async def _timed(call: Callable[[str], Awaitable[Any]], rows: int) -> Took:
    todo = iter(range(rows))

    async def work() -> None:
        for number in todo:
            await call(f"row {number}")

    started, processor = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return Took(time.perf_counter() - started, time.process_time() - processor)


async def _recorded(loaded: LoadedFlow, data: Path, folder: Path) -> Took:
    folder.mkdir(parents=True)
    with inside(loaded):
        started, processor = time.perf_counter(), time.process_time()
        ready = new_run(folder, loaded, RunPlan(Given(loaded.folder), data=data), clock=SystemClock())
        summary = await run_flow(loaded, ready.rows(), ready.folder, concurrency=AT_ONCE, total=ready.total)
        ready.close()
        took = Took(time.perf_counter() - started, time.process_time() - processor)
    assert summary.completed == ready.total, summary
    return took
