"""Every entry point in turn, several rounds: what each does under load, and what it takes for that.

An entry point is started anew in every round, alone, asked until it is warm, and ended. Figures are medians over the rounds.
"""

from __future__ import annotations

import statistics
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gateway import nginx
from gateway.entries import ENTRIES, Place
from gateway.load import apply_load
from gateway.processes import Request, free_port, note, started

if TYPE_CHECKING:
    from collections.abc import Generator

    from gateway.processes import Started

__all__ = ["Machine", "Plan", "Turn", "measure", "median", "standing", "table"]


class Machine(NamedTuple):
    """Which cores do what.

    Attributes:
        load: the core of clients and of the model.
        entry: the cores of entry points; one with several workers is given as many, from the front, and `load` where they are too few.
    """

    load: int
    entry: list[int]

    def cores(self, workers: int) -> list[int]:
        """Of an entry point."""
        return self.entry[:workers] if workers <= len(self.entry) else [*self.entry, self.load]


class Plan(NamedTuple):
    """What is measured.

    Attributes:
        names: of the entry points.
        rounds: of all of them.
        seconds: that each load lasts.
        connections: of the full load.
        rate: of the paced load, requests a second.
        folder: for whatever is written.
        peers: where other gateways are installed.
        machine: which cores do what.
    """

    names: list[str]
    rounds: int
    seconds: float
    connections: int
    rate: float
    folder: Path
    peers: Path
    machine: Machine


class Turn(NamedTuple):
    """One entry point in one round.

    Attributes:
        rate: requests a second, all connections busy.
        p50: milliseconds of them.
        p99: likewise.
        one_p50: milliseconds with one connection.
        one_p99: likewise.
        paced_p50: milliseconds at the paced load; None: it does not manage that many.
        paced_p99: likewise.
        processor: microseconds a request, of all its processes, all connections busy.
        memory: MB resident after that.
        start: seconds from its start to its first answer.
        timeouts: answers that took more than 10 s.
    """

    rate: float
    p50: float
    p99: float
    one_p50: float
    one_p99: float
    paced_p50: float | None
    paced_p99: float | None
    processor: float | None
    memory: float | None
    start: float | None
    timeouts: int


@contextmanager
def standing(
    plan: Plan, name: str, model: int, *, tokens: int | None = None
) -> Generator[tuple[Request, Started | None, float | None]]:
    """An entry point that answers: how it is asked, its process, and how long it took to start.

    Args:
        plan: where.
        name: which.
        model: the port of the model.
        tokens: of the streams that it is asked for; None: whole answers.
    """
    entry = ENTRIES[name]
    if name == "direct":
        yield entry.launch(Place(plan.folder, model, model, plan.peers)).request(model, tokens=tokens), None, None
        return
    place = Place(Path(tempfile.mkdtemp(dir=plan.folder, prefix=f"{name}-")), free_port(), model, plan.peers)
    launch = entry.launch(place)
    request = launch.request(place.port, tokens=tokens)
    with started(
        launch.command, request, cores=plan.machine.cores(entry.workers), folder=place.folder, name=name,
        environment=launch.environment,
    ) as (process, seconds):  # fmt: skip
        yield request, process, seconds


@contextmanager
def answering(plan: Plan) -> Generator[int]:
    """The port of a model that answers at once."""
    port = free_port()
    asked = Request(port, "/v1/chat/completions", {}, b"{}")
    command = nginx.upstream(plan.folder, port)
    with started(command, asked, cores=[plan.machine.load], folder=plan.folder, name="model"):
        yield port


def _turn(plan: Plan, name: str, model: int) -> Turn:
    core, folder = plan.machine.load, plan.folder
    with standing(plan, name, model) as (request, process, start):
        apply_load(request, connections=plan.connections, seconds=3, core=core, folder=folder)
        before = process.processor() if process else 0.0
        full = apply_load(request, connections=plan.connections, seconds=plan.seconds, core=core, folder=folder)
        used = process.processor() - before if process else 0.0
        memory = process.memory() if process else None
        one = apply_load(request, connections=1, seconds=plan.seconds / 2, core=core, folder=folder)
        paced = None
        if full.rate > 1.25 * plan.rate:
            paced = apply_load(
                request, connections=plan.connections, seconds=plan.seconds, core=core, folder=folder, rate=plan.rate
            )
    return Turn(
        full.rate, full.p50, full.p99, one.p50, one.p99, paced.p50 if paced else None, paced.p99 if paced else None,
        used / full.requests * 1e6 if process else None, memory, start, full.timeouts + one.timeouts,
    )  # fmt: skip


def measure(plan: Plan) -> dict[str, list[Turn]]:
    """All entry points, one after the other, as often as the plan says."""
    turns: dict[str, list[Turn]] = {name: [] for name in plan.names}
    with answering(plan) as model:
        for number in range(plan.rounds):
            for name in plan.names:
                turn = _turn(plan, name, model)
                turns[name].append(turn)
                note(
                    f"round {number + 1}, {name}: {turn.rate:,.0f} requests/s, p50 {turn.p50:.2f} ms, p99 {turn.p99:.2f} ms"
                )
    return turns


def median(turns: list[Turn], field: str) -> float | None:
    """Of one figure over the rounds; None: not known in one of them."""
    given = [getattr(turn, field) for turn in turns]
    return None if None in given else statistics.median(given)


def _cell(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def table(turns: dict[str, list[Turn]], plan: Plan) -> str:
    """Medians, as Markdown; what is added is the difference from no gateway in the same round, where that was measured."""
    paced = f"at {plan.rate:,.0f}/s"
    columns = {
        "rate": (f"requests/s, {plan.connections} connections", 0), "p50": ("p50, ms", 2), "p99": ("p99, ms", 2),
        "one_p50": ("one connection: p50, ms", 2), "one_p99": ("p99, ms", 2), "+one_p50": ("added p50, ms", 2), "+one_p99": ("added p99, ms", 2),
        "paced_p50": (f"{paced}: p50, ms", 2), "paced_p99": ("p99, ms", 2), "+paced_p50": ("added p50, ms", 2), "+paced_p99": ("added p99, ms", 2),
        "processor": ("processor, us a request", 0), "memory": ("RSS, MB", 0), "start": ("start, s", 1),
    }  # fmt: skip
    lines = [["", *(title for title, _ in columns.values())], ["---"] * (len(columns) + 1)]
    for name, ran in turns.items():
        late = sum(turn.timeouts for turn in ran)
        title = ENTRIES[name].named(plan.peers)
        said = f"{title}; {late} answers took over 10 s" if late else title
        bare = turns.get("direct") if name != "direct" else None
        values = (_added(ran, bare, field[1:]) if field[0] == "+" else median(ran, field) for field in columns)
        lines.append(
            [said, *(_cell(value, digits) for value, (_, digits) in zip(values, columns.values(), strict=True))]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _added(ran: list[Turn], bare: list[Turn] | None, field: str) -> float | None:
    if bare is None or median(ran, field) is None or median(bare, field) is None:
        return None
    return statistics.median(getattr(one, field) - getattr(two, field) for one, two in zip(ran, bare, strict=True))
