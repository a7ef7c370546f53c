"""What stays resident after many requests and under many connections that say nothing, and how long a start takes."""

from __future__ import annotations

import contextlib
import http.client
import resource
import select
import statistics
import time
from typing import TYPE_CHECKING, NamedTuple

from gateway.entries import ENTRIES
from gateway.load import apply_load
from gateway.processes import Failed, note
from gateway.rounds import answering, standing

if TYPE_CHECKING:
    from gateway.processes import Request
    from gateway.rounds import Plan

__all__ = ["Idle", "Memory", "Starts", "measure_idle", "measure_memory", "measure_starts", "rows"]

_SLICE = 5.0


class Memory(NamedTuple):
    """What many requests leave behind.

    Attributes:
        samples: requests answered so far, and MB resident then; the first after a load that warmed up.
    """

    samples: list[tuple[int, float]]

    def line(self) -> dict[str, str]:
        """A row of a table."""
        last = self.samples[-1]
        half = next(sample for sample in self.samples if sample[0] >= last[0] / 2)
        growth = (last[1] - half[1]) / max(last[0] - half[0], 1) * 1e5
        return {
            "requests": f"{last[0]:,}",
            "RSS at first, MB": f"{self.samples[0][1]:.1f}",
            "after half": f"{half[1]:.1f}",
            "at the end": f"{last[1]:.1f}",
            "most": f"{max(size for _, size in self.samples):.1f}",
            "growth in the second half, MB per 100,000": f"{growth:+.2f}",
        }


class Idle(NamedTuple):
    """What connections take that say nothing.

    Attributes:
        connections: opened; each was answered once.
        kept: still open at the end.
        before: MB resident without them.
        after: MB resident with them.
        share: of one core, while nothing is asked.
        p50: milliseconds of a request on one more connection, meanwhile.
        p99: likewise.
    """

    connections: int
    kept: int
    before: float
    after: float
    share: float
    p50: float
    p99: float

    def line(self) -> dict[str, str]:
        """A row of a table."""
        return {
            "connections": f"{self.connections:,}",
            "still open": f"{self.kept:,}",
            "RSS before, MB": f"{self.before:.1f}",
            "with them": f"{self.after:.1f}",
            "kB each": f"{(self.after - self.before) * 1e3 / self.connections:.1f}",
            "of a core": f"{self.share:.1%}",
            "one more: p50, ms": f"{self.p50:.2f}",
            "p99, ms": f"{self.p99:.2f}",
        }


class Starts(NamedTuple):
    """Seconds from the start of a process to its first answer, of several starts."""

    seconds: list[float]

    def line(self) -> dict[str, str]:
        """A row of a table."""
        return {
            "starts": str(len(self.seconds)),
            "median, s": f"{statistics.median(self.seconds):.2f}",
            "least": f"{min(self.seconds):.2f}",
            "most": f"{max(self.seconds):.2f}",
        }


def measure_memory(plan: Plan, requests: int) -> dict[str, Memory]:
    """Each entry point asked so often, all connections busy; its memory after every few seconds."""
    found = dict[str, Memory]()
    with answering(plan) as model:
        for name in (name for name in plan.names if name != "direct"):
            with standing(plan, name, model) as (request, process, _):
                assert process is not None
                samples = list[tuple[int, float]]()
                done = 0
                while done < requests:
                    seconds = _SLICE if samples else 2.0
                    load = apply_load(
                        request,
                        connections=plan.connections,
                        seconds=seconds,
                        core=plan.machine.load,
                        folder=plan.folder,
                    )
                    done += load.requests
                    samples.append((done, process.memory()))
                found[name] = Memory(samples)
            note(f"{name}: {found[name].line()}")
    return found


def measure_idle(plan: Plan, connections: int) -> dict[str, Idle]:
    """Each entry point with so many connections open, for as long as a load lasts.

    Raises:
        Failed: the system allows fewer open files.
    """
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if limit != resource.RLIM_INFINITY and limit < connections + 500:
        raise Failed(f"{connections} connections need `ulimit -Hn` above {connections + 500}; it is {limit}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    found = dict[str, Idle]()
    with answering(plan) as model:
        for name in (name for name in plan.names if name != "direct"):
            found[name] = _idle(plan, name, model, connections)
            note(f"{name}: {found[name].line()}")
    return found


def _idle(plan: Plan, name: str, model: int, connections: int) -> Idle:
    core, folder = plan.machine.load, plan.folder
    with standing(plan, name, model) as (request, process, _), contextlib.ExitStack() as opened:
        assert process is not None
        apply_load(request, connections=plan.connections, seconds=3, core=core, folder=folder)
        before = process.memory()
        sockets = [_open(request, opened) for _ in range(connections)]
        used, began = process.processor(), time.perf_counter()
        time.sleep(plan.seconds)
        share = (process.processor() - used) / (time.perf_counter() - began)
        after = process.memory()
        load = apply_load(request, connections=1, seconds=plan.seconds / 2, core=core, folder=folder)
        return Idle(connections, _still_open(sockets), before, after, share, load.p50, load.p99)


def _open(request: Request, opened: contextlib.ExitStack) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", request.port, timeout=30)
    opened.callback(connection.close)
    connection.request("POST", request.path, request.body, request.headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200 or connection.sock is None:
        raise Failed(f"a connection was answered with {answer.status}, or closed after its first answer")
    return connection.sock.fileno()


def _still_open(sockets: list[int]) -> int:
    poll = select.poll()
    for number in sockets:
        poll.register(number, select.POLLIN | select.POLLHUP)
    return len(sockets) - len(poll.poll(0))  # nothing is asked, so one that can be read has been closed


def measure_starts(plan: Plan) -> dict[str, Starts]:
    """Each entry point started as often as there are rounds, in turn; the first start may find cold caches of the disk."""
    found: dict[str, list[float]] = {name: [] for name in plan.names if name != "direct"}
    with answering(plan) as model:
        for _ in range(plan.rounds):
            for name, seconds in found.items():
                with standing(plan, name, model) as (_, _, took):
                    assert took is not None
                    seconds.append(took)
                note(f"{name}: {took:.2f} s")
    return {name: Starts(seconds) for name, seconds in found.items()}


def rows(found: dict[str, Memory] | dict[str, Idle] | dict[str, Starts], plan: Plan) -> str:
    """Markdown."""
    lines = {ENTRIES[name].named(plan.peers): one.line() for name, one in found.items()}
    columns = ["", *next(iter(lines.values()))]
    said = [columns, ["---"] * len(columns), *([title, *line.values()] for title, line in lines.items())]
    return "\n".join(f"| {' | '.join(line)} |" for line in said)
