"""How long the commands on models take, as whole processes: `python bench/catalog.py [RUNS]`.

Beside each wall time stands the processor time of the process, which says more on a machine that does other work too.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

COMMANDS = (
    ["--help"],
    ["models", "list"],
    ["models", "list", "--all", "--json"],
    ["models", "show", "gpt-4o-mini"],
    ["models", "compare", "gpt-4o-mini", "claude-haiku-4-5", "gemini-2.5-flash-lite"],
)


def run(words: list[str], environment: dict[str, str], folder: Path) -> tuple[float, float]:
    """Seconds of wall time and of processor time of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "ferrata", *words], env=environment, cwd=folder, check=True, capture_output=True
    )
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def price_in_process() -> float:
    """Microseconds for the cost of one request, at a price that is at hand."""
    from ferrata.catalog import Catalog, load_book
    from ferrata.messages import Usage

    price = Catalog(load_book(None), datetime.now(UTC)).price_of("openai", "gpt-4o-mini")
    assert price is not None
    usage = Usage(12_000, 400, 10_000)
    started = time.perf_counter()
    for _ in range(100_000):
        price.cost(usage)
    return (time.perf_counter() - started) * 10


def main() -> None:
    """Print a table."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "FERRATA_CACHE": str(folder / "cache")}
        cold = run(["models", "list"], environment, folder)
        print(f"| the first `ferrata models list` after installing | {cold[0]:.2f} | {cold[0]:.2f} | {cold[1]:.2f} |")
        for words in COMMANDS:
            times = [run(words, environment, folder) for _ in range(runs)]
            walls, processor = zip(*times, strict=True)
            shown = f"`ferrata {' '.join(words)}`"
            print(
                f"| {shown} | {min(walls):.2f} | {statistics.median(walls):.2f} | {statistics.median(processor):.2f} |"
            )
    print(f"cost of one request: {price_in_process():.1f} microseconds")


if __name__ == "__main__":
    main()
