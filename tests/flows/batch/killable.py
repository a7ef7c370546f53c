"""A process that runs or resumes a run, to be killed at any moment: `killable.py FOLDER NAME ROWS`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from function_flow import FunctionFlow

from ferrata.clock import SystemClock
from ferrata.flows import Given, RunPlan, new_run, resume_run, run_flow


def main(root: Path, name: str) -> None:
    begun = os.open(root / "begun", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    async def work(x):
        os.write(begun, f"{x}\n".encode())
        await asyncio.sleep(0.002)
        if x % 50 == 7:
            raise ValueError("seven")
        return {"twice": 2 * x, "text": "é" * 300}

    loaded = FunctionFlow(root / "flow", work, total=lambda inputs, outputs: {"rows": len(inputs["x"])})
    plan = RunPlan(Given(root / "flow"), data=root / "data.jsonl", name=name)
    runs = root / "runs"
    if (runs / name / "run.json").exists():
        ready = resume_run(runs, name, loaded, plan)
    else:
        ready = new_run(runs, loaded, plan, clock=SystemClock())
    summary = asyncio.run(run_flow(loaded, ready.rows(), ready.folder, concurrency=8, total=ready.total))
    ready.close()
    print(summary.status, summary.completed, summary.failed, summary.metrics["rows"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
