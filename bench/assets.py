"""The registry's speed: whole processes as a user runs them, on a registry of 100,000 versions, and 1,000 unchanged files.

`python bench/assets.py [VERSIONS]`. Beside each other in one run: an empty Python, Python with SQLAlchemy, and every command; then
some of them in the same project with a `ferrata.yaml`. Modules are compiled once, as they are where Ferrata is installed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from ferrata.app import open_app
from ferrata.assets import Draft, Parent
from ferrata.clock import FrozenClock
from ferrata.refs import Ref

TURNS = 11
# Without compiled modules, a command takes half as long again.
HERE = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
SETTINGS = """\
project: shop
models:
  default: openai/gpt-4o-mini-2024-07-18
packs:
  trusted: []
"""
PROMPT = """\
---
name: support
inputs:
  question: {type: string}
sample:
  question: Where is my order?
---
system:
You answer questions about orders.

user:
{{question}}
"""


def fill(project: Path, versions: int) -> None:
    """A hundred versions each of many prompts, and one flow that came from the first prompts; made long ago."""
    names = max(1, versions // 100)
    with open_app(project, clock=FrozenClock(datetime(2025, 1, 1, tzinfo=UTC))) as app:
        for n in range(versions // names):
            drafts = [
                Draft(Ref("prompt", f"p{m}"), {"a.prompty": f"{m} {n} ".encode() * 100}, f"Try {n}")
                for m in range(names)
            ]
            app.registry.register_all(drafts)
        parents = [Parent("prompt", Ref("prompt", f"p{m}", version=7)) for m in range(min(names, 20))]
        app.registry.register(Ref("flow", "answer"), {"flow.json": b"{}"}, parents=parents)
        for to in (1, 2, 3):
            app.registry.move(Ref("prompt", "p1", alias="production"), to=to)


def measure(words: list[str], folder: Path) -> tuple[float, float, float]:
    """Least and median seconds of the process, and the least of its processor time."""
    walls: list[float] = []
    spent: list[float] = []
    for _ in range(TURNS):
        before, start = os.times(), time.perf_counter()
        done = subprocess.run(words, cwd=folder, env=HERE, capture_output=True, text=True, check=False)
        walls.append(time.perf_counter() - start)
        after = os.times()
        spent.append(after.children_user - before.children_user + after.children_system - before.children_system)
        assert done.returncode == 0, done.stderr
    return min(walls), statistics.median(walls), min(spent)


def main() -> None:
    versions = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as name:
        project = Path(name) / "project"
        project.mkdir()
        start = time.perf_counter()
        fill(project, versions)
        size = sum(path.stat().st_size for path in (project / ".ferrata").iterdir()) / 1e6
        print(f"{versions:,} versions made in {time.perf_counter() - start:.0f} s, {size:.0f} MB\n")
        files = project / "files"
        files.mkdir()
        for n in range(1000):
            (files / f"f{n}.prompty").write_text(f"{n} " * 500)
        (project / "new.txt").write_text("new")
        ferrata = [sys.executable, "-m", "ferrata"]
        subprocess.run(
            [*ferrata, "asset", "register-all", "file", "files"], cwd=project, check=True, capture_output=True
        )
        rows = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "python -c 'import sqlalchemy'": [sys.executable, "-c", "import sqlalchemy"],
        }
        commands = [
            "asset list",
            "asset list --kind flow --json",
            "asset show prompt/p1@production",
            "asset versions prompt/p1",
            "asset history prompt/p1@production",
            "asset lineage flow/answer",
            "asset diff prompt/p1@1 prompt/p1@100" if versions >= 100_000 else "asset diff prompt/p1@1 prompt/p1",
            "asset register prompt/p1 new.txt",
            "asset gc --dry-run --older-than 9999d",
            "asset gc --dry-run",
            "asset register-all file files",
        ]
        rows |= {f"ferrata {command}": [*ferrata, *command.split()] for command in commands}
        show(rows, project)
        moves = [[*ferrata, "asset", "alias", "prompt/p1", "bench", "--to", str(n)] for n in range(1, TURNS + 1)]
        times = []
        for words in moves:
            start = time.perf_counter()
            subprocess.run(words, cwd=project, env=HERE, check=True, capture_output=True)
            times.append(time.perf_counter() - start)
        print(f"| `ferrata asset alias` | {min(times):.3f} | {statistics.median(times):.3f} | |")
        with_settings(project, ferrata)


def show(rows: dict[str, list[str]], project: Path) -> None:
    """A table of processes."""
    print("| command | least, s | median, s | processor, s |\n| --- | --- | --- | --- |")
    for title, words in rows.items():
        least, median, spent = measure(words, project)
        print(f"| `{title}` | {least:.3f} | {median:.3f} | {spent:.3f} |", flush=True)


def with_settings(project: Path, ferrata: list[str]) -> None:
    """The same project with a `ferrata.yaml`, which is checked once and then remembered as long as it stays as it is."""
    HERE["FERRATA_CACHE"] = str(project.parent / "cache")
    (project / "ferrata.yaml").write_text(SETTINGS)
    (project / "a.prompty").write_text(PROMPT)
    (project / "b.prompty").write_text(PROMPT.replace("You answer", "You kindly answer"))
    with open_app(project) as app:
        for name in ("a.prompty", "b.prompty"):
            app.registry.register(Ref("prompt", "own"), {"own.prompty": (project / name).read_bytes()})
    print("\nWith a `ferrata.yaml`:\n")
    commands = [
        "asset list",
        "asset gc --dry-run",
        "asset diff prompt/own@1 prompt/own@2",
        "prompt diff a.prompty b.prompty",
    ]
    show({f"ferrata {command}": [*ferrata, *command.split()] for command in commands}, project)


if __name__ == "__main__":
    main()
