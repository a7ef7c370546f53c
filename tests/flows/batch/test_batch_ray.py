"""Rows on a Ray cluster of this machine. Needs the package ray."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from functools import partial
from pathlib import Path

import pytest
from function_flow import FunctionFlow

from ferrata.clock import SystemClock
from ferrata.errors import UsageError
from ferrata.flows import Given, RayRows, RunFolder, RunPlan, Status, new_run, plan_of, resume_run, run_flow


async def work(x):
    with Path(os.environ["BEGUN"]).open("a") as file:
        file.write(f"{os.getpid()} {x}\n")
    if x == 13 and not Path(os.environ["BEGUN"] + ".killed").exists():
        Path(os.environ["BEGUN"] + ".killed").touch()
        os.kill(os.getpid(), 9)  # the machine goes down with its rows
    await asyncio.sleep(0.001)
    if x == 7:
        raise ValueError("seven")
    return (x, x) if x == 3 else x


def opened(folder: Path) -> FunctionFlow:
    return FunctionFlow(
        folder, work, total=lambda i, o: {"n": len(o["${work.output}"]), "three": o["${work.output}"][3]}
    )


def test_without_the_package_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    loaded = FunctionFlow(tmp_path, lambda x: x)
    folder = RunFolder.create(tmp_path / "runs", "r", {})
    with pytest.raises(UsageError, match="needs the package ray") as caught:
        RayRows(loaded, folder, opener=lambda: loaded, line_timeout=1, total=1, on_progress=None)
    folder.close()
    assert caught.value.hint == "pip install 'ferrata[ray]'"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_rows_are_spread_over_a_cluster_and_survive_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray")
    monkeypatch.setenv("BEGUN", str(tmp_path / "begun"))
    here = os.pathsep.join([*sys.path, str(Path(__file__).parent)])
    variables = {"PYTHONPATH": here, "BEGUN": str(tmp_path / "begun")}
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, runtime_env={"env_vars": variables})
    try:
        (tmp_path / "flow").mkdir()
        data = tmp_path / "data.jsonl"
        data.write_text("".join(json.dumps({"x": i}) + "\n" for i in range(200)))
        loaded = opened(tmp_path / "flow")
        plan = RunPlan(Given(tmp_path / "flow"), data=data, name="r")
        ready = new_run(tmp_path / "runs", loaded, plan, clock=SystemClock())
        engine = partial(RayRows, opener=partial(opened, tmp_path / "flow"))
        told = []
        run = run_flow(loaded, ready.rows(), ready.folder, total=200, engine=engine, on_progress=told.append)
        summary = asyncio.run(run)
        ready.close()
        assert (summary.status, summary.completed, summary.failed) == (Status.COMPLETED_WITH_ERRORS, 199, 1)
        assert summary.metrics == {"n": 199, "three": (3, 3)}
        assert told[-1] == (200, 1, 200)
        assert len({line.split()[0] for line in (tmp_path / "begun").read_text().splitlines()}) > 1
        with RunFolder.read(tmp_path / "runs", "r") as folder:
            lines = list(folder.lines())
            plan = plan_of(folder.document)
        assert [line["line_number"] for line in lines] == list(range(200))
        assert [line["output"]["y"] for line in lines if line["line_number"] not in (3, 7)] == [
            i for i in range(200) if i not in (3, 7)
        ]
        assert len((tmp_path / "runs/r/lines.jsonl").read_text().splitlines()) == 200

        (tmp_path / "begun").unlink()
        ready = resume_run(tmp_path / "runs", "r", loaded, plan)
        asyncio.run(run_flow(loaded, ready.rows(), ready.folder, engine=engine))
        ready.close()
        # The failed row, and the one whose tuple JSON does not keep.
        assert sorted(line.split()[1] for line in (tmp_path / "begun").read_text().splitlines()) == ["3", "7"]
    finally:
        ray.shutdown()
