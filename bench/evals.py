"""How close an evaluation comes to the physical limit: `rows * latency / concurrency`, as a whole process with everything on.

`python bench/evals.py [--only whole full million] [--promptfoo BIN]`. The endpoint answers after a fixed time, in a process of its own.
Each process is bound to one core, the endpoint to the other, where the machine has two. promptfoo, where it is given, has the same
prompt, rows and endpoint in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from flows_given import FERRATA, HERE, Measured, measure, processor_name
from flows_model import answering

PROMPT = (
    "---\nname: answer\nmodel: {id: small, options: {temperature: 0, maxOutputTokens: 50}}\n"
    "inputs:\n  - {name: question, kind: string, example: Where is it?}\n---\n"
    "system:\nYou answer in one sentence.\n\nuser:\n{{question}}\n"
)
CORES = os.sched_getaffinity(0)


def project(folder: Path, url: str, rows: int, target: str = "prompts/answer.prompty") -> None:
    """A project with a prompt, a model behind `url`, a function, and rows."""
    (folder / "bot.py").write_text("async def answer(question):\n    return 'It is on its way.'\n")
    (folder / "prompts").mkdir(exist_ok=True)
    (folder / "prompts" / "answer.prompty").write_text(PROMPT)
    (folder / "ferrata.yaml").write_text(
        "project: bench\nmodels:\n"
        f"  default: {{vendor: openai-compatible, model: small, url: '{url}', key: '${{env:FERRATA_BENCH_KEY}}'}}\n"
        "evals:\n  bench:\n    data: rows.jsonl\n"
        f"    target: {target}\n    evaluators: [f1_score, exact_match]\n    model: default\n"
    )
    with (folder / "rows.jsonl").open("w") as file:
        for number in range(rows):
            row = {"question": f"Where is the parcel of order {number}?", "ground_truth": "It is on its way."}
            file.write(json.dumps(row) + "\n")


def pinned(core: int) -> list[str]:
    """Words before a command that bind it to a core."""
    has = shutil.which("taskset") and len(CORES) > 1
    return ["taskset", "-c", str(sorted(CORES)[core])] if has else []


def ours(folder: Path, concurrency: int, *, fixed: bool = True) -> Measured:
    """`ferrata eval run`, whole."""
    words = [*pinned(0), *FERRATA, "eval", "run", "bench", "--concurrency", str(concurrency), "--json"]
    environment = {**HERE, "FERRATA_BENCH_KEY": "none"}
    return measure([*words, *(["--fixed"] if fixed else [])], environment=environment, folder=folder)


def promptfoo(binary: Path, folder: Path, url: str, concurrency: int) -> Measured:
    """promptfoo over the same rows."""
    tests = [
        {"vars": json.loads(line), "assert": [{"type": "equals", "value": "It is on its way."}]}
        for line in (folder / "rows.jsonl").read_text().splitlines()
    ]
    config = {
        "prompts": ["You answer in one sentence. {{question}}"],
        "providers": [
            {
                "id": "openai:chat:small",
                "config": {"apiBaseUrl": url, "apiKey": "none", "temperature": 0, "max_tokens": 50},
            }
        ],
        "tests": tests,
    }
    (folder / "promptfooconfig.json").write_text(json.dumps(config))
    words = [*pinned(0), str(binary), "eval", "-c", "promptfooconfig.json", "-j", str(concurrency), "--no-cache"]
    words += ["--no-table", "--no-progress-bar", "-o", "out.json"]
    quiet = {
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "PROMPTFOO_DISABLE_UPDATE": "1",
        "PROMPTFOO_DISABLE_REMOTE_GENERATION": "1",
        "PROMPTFOO_CONFIG_DIR": str(folder / "foo"),
    }
    return measure(words, environment=quiet, folder=folder)


def told(name: str, rows: int, seconds: float, concurrency: int, runs: list[Measured]) -> float:
    """Print a line for some runs of one thing; the median of their times."""
    ideal = rows * seconds / concurrency
    wall = statistics.median(run.wall for run in runs)
    processor = statistics.median(run.processor for run in runs)
    each = ", ".join(f"{run.wall:.2f}" for run in runs)
    print(
        f"{name:10} {rows:>9,} x {seconds:g} s at {concurrency}: {wall:.2f} s ({each}), ideal {ideal:.2f} s: "
        f"{wall / ideal:.2f} times, {ideal / wall:.1%}; processor {processor:.1f} s, "
        f"{1e6 * processor / rows:.0f} us a row, {max(run.megabytes for run in runs):.0f} MB",
        flush=True,
    )
    return wall


def inside(run: Measured, rows: int, seconds: float, concurrency: int) -> None:
    """Print what the run itself says it took, without the start of the process."""
    took = json.loads(run.output[run.output.index("{") :])["seconds"]
    ideal = rows * seconds / concurrency
    print(f"{'':10} the run without the start of its process: {took:.2f} s, {ideal / took:.1%} of the ideal")


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=["whole", "full", "million"], default=["whole", "full"])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--promptfoo", type=Path)
    asked = parser.parse_args()
    print(f"{processor_name()}, {len(CORES)} cores, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if "whole" in asked.only:
            with answering(0.05) as url:
                project(folder, url, 2000)
                took = told("ferrata", 2000, 0.05, 64, [ours(folder, 64) for _ in range(asked.runs)])
                if asked.promptfoo:
                    theirs = told("promptfoo", 2000, 0.05, 64, [promptfoo(asked.promptfoo, folder, url, 64)])
                    print(f"{'':10} {theirs / took:.1f} times as long as ferrata")
        if "full" in asked.only:
            for seconds in (0.05, 0.1, 0.2, 0.5):
                with answering(seconds) as url:
                    project(folder, url, 20_000)
                    runs = [ours(folder, 256) for _ in range(asked.runs)]
                    told("ferrata", 20_000, seconds, 256, runs)
                    inside(runs[-1], 20_000, seconds, 256)
        if "million" in asked.only:
            for rows in (10_000, 100_000, 1_000_000):
                project(folder, "http://127.0.0.1:9/v1", rows, "bot.py:answer")
                run = ours(folder, 64)
                print(
                    f"{rows:>9,} rows of a function: {run.wall:.1f} s, {rows / run.wall:,.0f} rows/s, {run.megabytes:.0f} MB"
                )
                shutil.rmtree(folder / ".ferrata")


if __name__ == "__main__":
    main()
