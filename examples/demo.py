"""The demo: a small, deliberately immature project is assessed. Needs no key and no network.

Run by `make demo`. Later steps of the climb are added here, each one real.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
WORK = HERE.parent / ".ferrata" / "demo"
PROJECT = WORK / "support-bot"
FERRATA = (sys.executable, "-m", "ferrata")


def run(*words: str) -> None:
    """Show a command, as you would type it, and run it."""
    print(f"\n$ ferrata {' '.join(words)}", flush=True)
    done = subprocess.run([*FERRATA, *words], cwd=PROJECT, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)


def main() -> None:
    """Copy the example project, so that yours stays as it is, and assess the copy."""
    shutil.rmtree(WORK, ignore_errors=True)
    shutil.copytree(HERE / "support-bot", PROJECT, ignore=shutil.ignore_patterns(".ferrata", "__pycache__"))
    print(f"The project: {PROJECT.relative_to(HERE.parent)}, a customer-support bot, deliberately immature.")
    run("assess", ".")
    run("assess", ".", "--output", "../report.html")
    run("roadmap", "--next", "3")
    print(f"\nThe report, every point opening to its evidence: {(WORK / 'report.html').resolve()}")


if __name__ == "__main__":
    main()
