"""Streams through every entry point: how much later the first token comes, and what a token takes.

The client asks for short streams, with one connection and with several, and then for long ones. What a token takes is the difference of
the processor time of a long and of a short stream, over the difference of their tokens.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.entries import ENTRIES
from gateway.processes import Failed, Request, clean_environment, free_port, need, note, started
from gateway.rounds import standing

if TYPE_CHECKING:
    from collections.abc import Generator

    from gateway.processes import Started
    from gateway.rounds import Plan

__all__ = ["StreamTurn", "measure_streams", "stream_table"]

SHORT, LONG, AT_ONCE, DISTANCE_MS = 8, 200, 16, 4.0
_HERE = Path(__file__).resolve().parent


class Streams(NamedTuple):
    """What one load of streams came to.

    Attributes:
        count: of streams, all whole.
        p50: milliseconds until the first token.
        p99: likewise.
        processor: microseconds of the entry point's processor, a stream; None where there is none.
    """

    count: int
    p50: float
    p99: float
    processor: float | None


class StreamTurn(NamedTuple):
    """One entry point in one round.

    Attributes:
        one: short streams, one at a time.
        many: short streams, several at a time.
        long: long streams, several at a time.
        rate: tokens a second of the long ones.
    """

    one: Streams
    many: Streams
    long: Streams
    rate: float

    @property
    def token(self) -> float | None:
        """Microseconds of the processor that a token more takes."""
        if self.many.processor is None or self.long.processor is None:
            return None
        return (self.long.processor - self.many.processor) / (LONG - SHORT)

    def figures(self) -> dict[str, Any]:
        """All of it as plain values."""
        loads = {"one": self.one._asdict(), "many": self.many._asdict(), "long": self.long._asdict()}
        return {**loads, "tokens_per_second": self.rate, "processor_us_per_token": self.token}


@contextmanager
def _model(plan: Plan) -> Generator[int]:
    port = free_port()
    command = [sys.executable, str(_HERE / "streaming_model.py"), str(port), str(DISTANCE_MS)]
    asked = Request(port, "/v1/chat/completions", {}, b'{"max_tokens": 1}')
    with started(command, asked, cores=[plan.machine.load], folder=plan.folder, name="streaming-model"):
        yield port


def _load(
    plan: Plan, request: Request, process: Started | None, *, at_once: int, tokens: int, seconds: float = 0.0
) -> tuple[Streams, float]:
    before = process.processor() if process else 0.0
    given = {"port": request.port, "path": request.path, "headers": request.headers, "body": request.body.decode()}
    command = [need("taskset"), "-c", str(plan.machine.load), sys.executable, str(_HERE / "reader.py")]
    ran = subprocess.run(
        [*command, str(at_once), str(seconds or plan.seconds), str(tokens)], input=json.dumps(given), capture_output=True, text=True,
        timeout=plan.seconds + 120, env=clean_environment(), check=False,
    )  # fmt: skip
    if ran.returncode:
        raise Failed(f"the reader of streams failed:\n{ran.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(ran.stdout)
    if found["wrong"] or len(found["first"]) < 2:
        raise Failed(f"a stream was not whole, of {tokens} tokens: {found['wrong'][:1]}")
    used = (process.processor() - before) * 1e6 / len(found["first"]) if process else None
    parts = statistics.quantiles(found["first"], n=100, method="inclusive")
    return Streams(len(found["first"]), parts[49] * 1e3, parts[98] * 1e3, used), found["seconds"]


def _turn(plan: Plan, name: str, model: int) -> StreamTurn:
    with standing(plan, name, model, tokens=SHORT) as (request, process, _):
        _load(plan, request, process, at_once=AT_ONCE, tokens=SHORT, seconds=2)  # warms up
        one, _ = _load(plan, request, process, at_once=1, tokens=SHORT)
        many, _ = _load(plan, request, process, at_once=AT_ONCE, tokens=SHORT)
        asked = json.loads(request.body) | {"max_tokens": LONG}
        longer = request._replace(body=json.dumps(asked).encode())
        long, seconds = _load(plan, longer, process, at_once=AT_ONCE, tokens=LONG)
    return StreamTurn(one, many, long, long.count * LONG / seconds)


def measure_streams(plan: Plan) -> dict[str, list[StreamTurn]]:
    """All entry points, one after the other, as often as the plan says."""
    turns: dict[str, list[StreamTurn]] = {name: [] for name in plan.names}
    with _model(plan) as model:
        for number in range(plan.rounds):
            for name in plan.names:
                turn = _turn(plan, name, model)
                turns[name].append(turn)
                note(
                    f"round {number + 1}, {name}: first token {turn.one.p50:.2f} ms, {AT_ONCE} at a time {turn.many.p50:.2f} ms"
                )
    return turns


def stream_table(turns: dict[str, list[StreamTurn]], plan: Plan) -> str:
    """Medians, as Markdown; added times are differences from no gateway in the same round, where that was measured."""
    head = ["", "first token, one stream: p50, ms", "p99, ms", "added p50, ms", "added p99, ms"]
    head += [
        f"{AT_ONCE} streams: p50, ms",
        "p99, ms",
        "added p50, ms",
        "added p99, ms",
        "tokens/s",
        "processor, us a token",
        "us a stream",
    ]
    lines = [head, ["---"] * len(head)]
    nothing = turns.get("direct", [])
    for name, ran in turns.items():
        cells = [ENTRIES[name].named(plan.peers)]
        for load in ("one", "many"):
            for field in ("p50", "p99"):
                cells.append(f"{statistics.median(getattr(getattr(turn, load), field) for turn in ran):.2f}")
            for field in ("p50", "p99"):
                pairs = [
                    (getattr(getattr(turn, load), field), getattr(getattr(bare, load), field))
                    for turn, bare in zip(ran, nothing, strict=False)
                ]
                cells.append(
                    f"{statistics.median(value - bare for value, bare in pairs):.2f}"
                    if pairs and name != "direct"
                    else ""
                )
        cells.append(f"{statistics.median(turn.rate for turn in ran):,.0f}")
        used = [turn.token for turn in ran if turn.token is not None]
        streams = [turn.many.processor for turn in ran if turn.many.processor is not None]
        cells += [f"{statistics.median(given):,.0f}" if given else "" for given in (used, streams)]
        lines.append(cells)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
