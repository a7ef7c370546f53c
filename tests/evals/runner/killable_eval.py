"""A run that a test kills: every call of the target and of the judge is written to a file before and after.

python killable_eval.py RUNS CALLS ROWS run|resume
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval_bench import Bench, Echo, Judge, Same

if TYPE_CHECKING:
    from collections.abc import Mapping


def main(runs: str, calls: str, rows: str, how: str) -> None:
    file = os.open(calls, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(text: str) -> None:
        os.write(file, f"{text}\n".encode())

    class Noted(Echo):
        async def __call__(self, inputs: Mapping[str, Any]) -> Any:
            await asyncio.sleep(0.003)
            found = await super().__call__(inputs)
            note(f"target {inputs['query']}")
            return found

    def judged(response: str) -> float:
        note(f"judge {response.lower()}")
        return 4.0

    bench = Bench(Path(runs))
    plan = bench.plan(Noted(), int(rows), Same(), Judge(judged))
    print(bench.run(plan, resume=how == "resume", concurrency=16, fixed=True).as_json())


if __name__ == "__main__":
    main(*sys.argv[1:])
