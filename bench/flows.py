"""How fast flows run here and in promptflow, as whole processes, and what the engine takes beside a bare asyncio loop.

    python bench/flows.py [--promptflow PYTHON] [--only PART ...] [--rows 200000] [--turns 5]

PYTHON is the interpreter of an environment with promptflow; without it its rows are left out. Where both are measured they take
turns. Promptflow's telemetry and tracing are switched off; its background service, which `pf flow test` starts in a home of its own, runs
before anything is measured, and is stopped at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from flows_engine import overhead
from flows_given import FERRATA, HERE, Measured, Project, measure, processor_name, write_rows
from flows_model import answering

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

PF = "import sys; from promptflow._cli.pf import main; sys.argv[0] = 'pf'; sys.exit(main())"
VERSION = "from importlib.metadata import version; print('promptflow', version('promptflow'))"
CALLS = ((500, 0.2, 50), (1000, 0.5, 100))  # rows, seconds a call takes, rows at a time


class Bench:
    """The parts of the bench, each of which prints a table."""

    def __init__(self, folder: Path, promptflow: str | None, turns: int, rows: int) -> None:
        self.folder = folder
        self.project = Project(folder)
        self.promptflow = promptflow
        self.turns = turns
        self.rows = rows
        self.home = {"PF_HOME_DIRECTORY": str(folder / "home"), "PF_DISABLE_TRACING": "true"}

    def pf(self, *words: str) -> Measured:
        """A command of promptflow's."""
        assert self.promptflow is not None
        return measure([self.promptflow, "-c", PF, *words], environment=self.home, folder=self.folder)

    def ferrata(self, *words: str) -> Measured:
        """A command of Ferrata's."""
        return measure([*FERRATA, *words], environment=HERE, folder=self.folder)

    @contextmanager
    def ready(self) -> Generator[None]:
        """Promptflow with telemetry off and its service running, for the block."""
        if self.promptflow is None:
            yield
            return
        home = self.folder / "home"
        home.mkdir()
        (home / "pf.yaml").write_text("telemetry:\n  enabled: false\n")
        try:
            self.pf("flow", "test", "--flow", str(self.project.chain("upper", 1)), "--inputs", "text=a")
            yield
        finally:
            self.pf("service", "stop")  # that of this home, on whatever port it runs

    def by_turns(self, ways: dict[str, Callable[[], Measured]]) -> None:
        """Run each way as often as there are turns, one after another, and print a line each."""
        found: dict[str, list[Measured]] = {way: [] for way in ways}
        for _ in range(self.turns):
            for way, call in ways.items():
                found[way].append(call())
        _head("process", "least, s", "median, s", "most, s", "processor, s", "MB")
        for way, measured in found.items():
            walls = sorted(one.wall for one in measured)
            most = max(one.megabytes for one in measured)
            processor = statistics.median(one.processor for one in measured)
            _line(
                way,
                f"{walls[0]:.2f}",
                f"{statistics.median(walls):.2f}",
                f"{walls[-1]:.2f}",
                f"{processor:.2f}",
                f"{most:.0f}",
            )
        if len(found) > 1:
            ours, theirs = ([one.wall for one in measured] for measured in found.values())
            ratio = statistics.median(their / our for our, their in zip(ours, theirs, strict=True))
            print(f"\nPromptflow takes {ratio:.1f} times as long (median of the turns).")

    def test(self) -> None:
        """`flow test` of one python node."""
        flow = str(self.project.chain("upper", 1))
        ways = {"`ferrata flow test`": partial(self.ferrata, "flow", "test", flow, "--inputs", "text=a")}
        if self.promptflow:
            ways["`pf flow test`"] = partial(self.pf, "flow", "test", "--flow", flow, "--inputs", "text=a")
        self.by_turns(ways)

    def lines(self) -> None:
        """`flow run` of 1,000 rows through one python node."""
        flow, data = str(self.project.chain("upper", 1)), str(write_rows(self.folder / "thousand.jsonl", 1000))
        ways = {"`ferrata flow run`": partial(self.ferrata, "flow", "run", flow, "--data", data)}
        if self.promptflow:
            words = (
                "run",
                "create",
                "--flow",
                flow,
                "--data",
                data,
                "--column-mapping",
                "text=${data.text}",
                "--stream",
            )
            ways["`pf run create --stream`"] = partial(self.pf, *words)
        self.by_turns(ways)

    def engine(self) -> None:
        """What the engine takes more than a bare loop."""
        more = "processor, us a node more"
        _head("functions, 3 in a chain", "bare loop, ms a row", "engine", "times", more, "recorded run", "times", more)
        for source, rows in (("sleep", 1500), ("sleep_async", 1500), ("instant", 3000), ("instant_async", 3000)):
            data = write_rows(self.folder / f"{rows}.jsonl", rows)
            found = overhead(self.project, data, source, nodes=3, rows=rows, turns=self.turns)
            cells: list[str] = []
            for of in (found.engine, found.run):
                cells += [f"{found.milliseconds(of):.3f}", f"{found.ratio(of):.2f}", f"{found.microseconds(of):.0f}"]
            _line(source, f"{found.milliseconds(found.bare):.3f}", *cells)

    def models(self) -> None:
        """Calls to a model that takes a fixed time."""
        flow = str(self.project.asking())
        _head("rows", "a call, s", "at once", "seconds, each turn", "processor, s", "rows / at once x call", "limit")
        for rows, seconds, at_once in CALLS:
            data = str(write_rows(self.folder / f"{rows}.jsonl", rows))
            with answering(seconds) as url:
                connections = self.folder / "connections.yaml"
                connections.write_text(f"fake: {{type: open_ai, api_key: k, base_url: '{url}'}}\n")
                words = ("flow", "run", flow, "--data", data, "--connections", str(connections))
                took = [self.ferrata(*words, "--concurrency", str(at_once)) for _ in range(self.turns)]
            least = rows * seconds / at_once
            walls = ", ".join(f"{one.wall:.2f}" for one in took)
            processor = statistics.median(one.processor for one in took)
            _line(
                f"{rows:,}",
                f"{seconds:g}",
                str(at_once),
                walls,
                f"{processor:.2f}",
                f"{least:.2f}",
                f"{1.05 * least + 0.5:.2f}",
            )

    def many(self) -> None:
        """Many rows: does memory grow with them?"""
        flow = str(self.project.chain("upper", 1))
        data = write_rows(self.folder / "many.jsonl", self.rows)
        runs = self.folder / ".ferrata" / "runs"
        seen: list[tuple[int, float]] = []

        def watch(process: int) -> None:
            memory = _memory(process)
            if memory is not None and (runs / "many" / "lines.jsonl").exists():
                seen.append(((runs / "many" / "lines.jsonl").stat().st_size, memory))

        words = ("flow", "run", flow, "--data", str(data), "--name", "many")
        measured = measure([*FERRATA, *words], environment=HERE, folder=self.folder, watch=watch)
        _head("rows", "seconds", "rows/s", "MB at 1 %", "at 50 %", "at 99 %", "most", "MB on disk: records", "spans")
        sizes = [(runs / "many" / name).stat().st_size for name in ("lines.jsonl", "spans.jsonl")]
        at = [min(seen, key=lambda one: abs(one[0] - share * sizes[0]))[1] for share in (0.01, 0.5, 0.99)]
        cells = [
            *(f"{memory:.1f}" for memory in at),
            f"{measured.megabytes:.1f}",
            *(f"{size / 1e6:.0f}" for size in sizes),
        ]
        _line(f"{self.rows:,}", f"{measured.wall:.1f}", f"{self.rows / measured.wall:,.0f}", *cells)

    def large(self) -> None:
        """One row of 50 MB."""
        data = self.folder / "large.jsonl"
        data.write_text(json.dumps({"text": "The order has not arrived. " * (50_000_000 // 27)}) + "\n")
        ways = {}
        for source in ("length", "upper"):
            flow = str(self.project.chain(source, 1))
            ways[f"`ferrata flow run`, {source}"] = partial(self.ferrata, "flow", "run", flow, "--data", str(data))
        for way, call in ways.items():
            self.by_turns({way: call})


def _memory(process: int) -> float | None:
    """Resident memory in MB; None where the process has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), None)


def _head(*cells: str) -> None:
    _line(*cells)
    _line(*["---"] * len(cells))


def _line(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def _conditions() -> str:
    cores, (load, _, _) = os.cpu_count(), os.getloadavg()
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    return f"{now}, {cores} cores ({processor_name()}), {platform.system()}, Python {platform.python_version()}, load {load:.1f}"


def main(words: Sequence[str] | None = None) -> None:
    """Measure what is asked for."""
    parts = ("test", "lines", "engine", "models", "many", "large")
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--promptflow", metavar="PYTHON", help="an interpreter with promptflow")
    options.add_argument("--only", nargs="+", choices=parts, default=parts, metavar="PART", help=", ".join(parts))
    options.add_argument("--turns", type=int, default=5)
    options.add_argument("--rows", type=int, default=200_000, help="of the part `many`")
    chosen = options.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="ferrata-bench-") as name:
        bench = Bench(Path(name), chosen.promptflow, chosen.turns, chosen.rows)
        print(_conditions())
        if chosen.promptflow:
            print(measure([chosen.promptflow, "-c", VERSION]).output.strip())
        with bench.ready():
            for part in chosen.only:
                print(f"\n{getattr(bench, part).__doc__}\n")
                getattr(bench, part)()
        print(f"\n{_conditions()}")


if __name__ == "__main__":
    main()
