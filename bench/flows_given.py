"""What the bench of flows runs: small flows, their data, and how a process is measured.

Knows no figures that anything is compared with.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import ferrata

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["FERRATA", "FUNCTIONS", "HERE", "IMPORTS", "Measured", "Project", "measure", "processor_name", "write_rows"]

FERRATA = (sys.executable, "-m", "ferrata")
# Of the tree that this bench measures, whatever folder a process runs in.
HERE = {"PYTHONPATH": str(Path(ferrata.__file__).parents[1])}

# Name -> a function; in a flow it stands under the decorator.
FUNCTIONS = {
    "upper": "def call(text: str) -> str:\n    return text.upper()\n",
    "length": "def call(text: str) -> int:\n    return len(text)\n",
    "instant": "def call(text: str) -> str:\n    return text\n",
    "instant_async": "async def call(text: str) -> str:\n    return text\n",
    "sleep": "def call(text: str) -> str:\n    time.sleep(0.002)\n    return text\n",
    "sleep_async": "async def call(text: str) -> str:\n    await asyncio.sleep(0.002)\n    return text\n",
}
IMPORTS = "import asyncio\nimport time\n"
# Another tree's code, and a setting without which Python compiles every module anew in each process.
_NOT_OURS = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
TEMPLATE = "system:\nYou answer in one sentence.\nuser:\n{{text}}\n"


class Measured(NamedTuple):
    """A process that ended: seconds by the clock and of the processor, most memory in MB, and what it printed."""

    wall: float
    processor: float
    megabytes: float
    output: str


@dataclass(frozen=True)
class Project:
    """A folder with the flows of the bench."""

    folder: Path

    def chain(self, source: str, nodes: int) -> Path:
        """A flow of nodes one after another, all of one source; its only input is `text`, its only output `out`."""
        place = self.folder / f"{source}_{nodes}"
        place.mkdir(exist_ok=True)
        (place / "call.py").write_text(f"{IMPORTS}\nfrom promptflow.core import tool\n\n\n@tool\n{FUNCTIONS[source]}")
        lines = ["inputs:", "  text: {type: string}", "outputs:"]
        lines += [f"  out: {{type: string, reference: '${{n{nodes}.output}}'}}", "nodes:"]
        for number in range(1, nodes + 1):
            before = "${inputs.text}" if number == 1 else f"${{n{number - 1}.output}}"
            lines += [f"- name: n{number}", "  type: python", "  source: {type: code, path: call.py}"]
            lines += [f"  inputs: {{text: '{before}'}}"]
        (place / "flow.dag.yaml").write_text("\n".join(lines) + "\n")
        return place

    def asking(self) -> Path:
        """A flow of one `llm` node with the connection `fake`."""
        place = self.folder / "asking"
        place.mkdir(exist_ok=True)
        (place / "ask.jinja2").write_text(TEMPLATE)
        (place / "flow.dag.yaml").write_text(
            "inputs:\n  text: {type: string}\noutputs:\n  out: {type: string, reference: '${ask.output}'}\nnodes:\n"
            "- name: ask\n  type: llm\n  source: {type: code, path: ask.jinja2}\n  connection: fake\n  api: chat\n"
            "  provider: OpenAI\n  inputs: {model: small, max_tokens: '50', temperature: '0', text: '${inputs.text}'}\n"
        )
        return place


def write_rows(path: Path, rows: int) -> Path:
    """A file of JSON lines, each with a short `text`."""
    with path.open("w") as file:
        for number in range(rows):
            file.write(json.dumps({"text": f"the order of row {number} has not arrived"}) + "\n")
    return path


def measure(
    words: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    watch: Callable[[int], None] | None = None,
) -> Measured:
    """Run a process to its end.

    Args:
        words: the command.
        environment: variables beside those of this process; `HERE` for Ferrata's.
        folder: where it runs.
        watch: called with its id every tenth of a second.

    Raises:
        SystemExit: it failed; with what it printed.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        list(words),
        env={**{name: value for name, value in os.environ.items() if name not in _NOT_OURS}, **(environment or {})},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    ended = threading.Event()

    def look() -> None:
        while watch is not None and not ended.wait(0.1):
            watch(process.pid)

    looking = threading.Thread(target=look)
    looking.start()
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    ended.set()
    looking.join()
    process.stdout.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(words)} ended with {process.returncode}:\n{output[-2000:]}")
    return Measured(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output)


def processor_name() -> str:
    """The processor's, as the system has it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return "unknown processor"
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "unknown processor")
