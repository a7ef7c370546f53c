"""Beginning runs: names, what is written down, what is looked at first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from function_flow import FunctionFlow

from ferrata.clock import FrozenClock
from ferrata.errors import NotFound, UsageError
from ferrata.flows import (
    FlowError,
    Given,
    RunFolder,
    RunPlan,
    all_variants,
    new_run,
    plan_of,
    run_name,
    side_by_side,
    variant_id,
)
from ferrata.flows.batch.digests import digest_of_data, digest_of_flow
from ferrata.flows.batch.types import RunSummary
from ferrata.flows.types import Status

if TYPE_CHECKING:
    from pathlib import Path

CLOCK = FrozenClock(datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC))


@pytest.fixture
def flow(tmp_path: Path) -> FunctionFlow:
    (tmp_path / "web-flow").mkdir()
    return FunctionFlow(tmp_path / "web-flow", lambda x: x, variants=("v0", "v1"))


def test_a_run_is_named_by_flow_variant_and_time(flow: FunctionFlow) -> None:
    stamp = CLOCK.now().astimezone().strftime("%Y%m%d_%H%M%S_%f")
    assert run_name(flow.flow, clock=CLOCK) == f"web_flow_variant_0_{stamp}"
    assert run_name(flow.flow, "${work.v1}", clock=CLOCK) == f"web_flow_v1_{stamp}"


def test_a_plan_is_read_back_from_the_run_without_values_that_may_be_secret(flow: FunctionFlow, tmp_path: Path) -> None:
    data = tmp_path / "d.jsonl"
    data.write_text('{"x": 1}\n')
    given = Given(flow.flow.folder, None, tmp_path / "c.yaml", init=("key",), environment=("TOKEN",))
    plan = RunPlan(
        given,
        data=data,
        mapping={"x": "${data.x}"},
        variant="${work.v1}",
        name="r",
        display_name="nightly ${variant_id} ${timestamp}",
        description="d",
        tags={"a": "b"},
        properties={"p": "q"},
    )
    ready = new_run(tmp_path / "runs", flow, plan, clock=CLOCK)
    ready.close()
    with RunFolder.read(tmp_path / "runs", "r") as folder:
        found = plan_of(folder.document)
        assert folder.document["created"] == "2026-03-01T12:30:15.123456Z"
        assert folder.document["data"]["bytes"] == 9
    shown = f"nightly v1 {CLOCK.now().astimezone():%Y%m%d%H%M}"
    assert found == RunPlan(
        given,
        data=data,
        mapping={"x": "${data.x}"},
        variant="${work.v1}",
        name="r",
        display_name=shown,
        description="d",
        tags={"a": "b"},
        properties={"p": "q"},
    )


def test_nothing_is_made_where_a_run_cannot_begin(flow: FunctionFlow, tmp_path: Path) -> None:
    data = tmp_path / "d.jsonl"
    given = Given(flow.flow.folder)
    with pytest.raises(NotFound, match=r"no such data: .*d\.jsonl"):
        new_run(tmp_path / "runs", flow, RunPlan(given, data=data), clock=CLOCK)
    data.write_text('{"z": 1}\n')
    with pytest.raises(FlowError, match=r"names what is not there: \$\{data\.x\}"):
        new_run(tmp_path / "runs", flow, RunPlan(given, data=data), clock=CLOCK)
    with pytest.raises(NotFound, match="there is no run 'old'"):
        new_run(tmp_path / "runs", flow, RunPlan(given, run="old"), clock=CLOCK)
    assert not (tmp_path / "runs").exists()


def test_an_earlier_run_whose_data_is_gone_is_joined_by_its_outputs_only(flow: FunctionFlow, tmp_path: Path) -> None:
    data = tmp_path / "d.jsonl"
    data.write_text('{"x": 1}\n')
    runs = tmp_path / "runs"
    ready = new_run(runs, flow, RunPlan(Given(flow.flow.folder), data=data, name="first"), clock=CLOCK)
    from ferrata.flows import LineResult
    from ferrata.flows.batch.records import record_of

    ready.folder.append(record_of(0, LineResult(Status.COMPLETED, {}, {"y": 5})))
    ready.folder.save(status="Completed")
    ready.close()
    data.unlink()
    plan = RunPlan(Given(flow.flow.folder), run="first", mapping={"x": "${run.inputs.x}"})
    with pytest.raises(NotFound, match=r"the data of run 'first' is gone"):
        new_run(runs, flow, plan, clock=CLOCK)
    plan = RunPlan(Given(flow.flow.folder), run="first", mapping={"x": "${run.outputs.y}"}, name="second")
    ready = new_run(runs, flow, plan, clock=CLOCK)
    assert [row.inputs for row in ready.rows()] == [{"x": 5}]
    ready.close()


def test_the_digest_of_a_flow_is_that_of_its_code(flow: FunctionFlow) -> None:
    folder = flow.flow.folder
    before = digest_of_flow(flow.flow)
    for name in ("data.jsonl", ".hidden.d/x.py", "__pycache__/y.py", "env/pyvenv.cfg", "env/lib.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    assert digest_of_flow(flow.flow) == before
    (folder / "sub").mkdir()
    (folder / "sub/tool.py").write_text("x = 1\n")
    changed = digest_of_flow(flow.flow)
    assert changed != before
    (folder / "sub/tool.py").write_text("x = 2\n")
    assert digest_of_flow(flow.flow) not in (before, changed)


def test_the_digest_of_data_is_that_of_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}\n")
    (tmp_path / "b.csv").write_text("a\n")
    digest, size = digest_of_data(tmp_path)
    assert size == 5
    (tmp_path / "b.csv").write_text("b\n")
    assert digest_of_data(tmp_path)[0] != digest


def test_variants_are_named_and_shown_side_by_side(flow: FunctionFlow, tmp_path: Path) -> None:
    assert all_variants(flow.flow) == ["${work.v0}", "${work.v1}"]
    assert variant_id("${work.v1}") == "v1"
    for wrong in ("work.v1", "${work}", "${a.b} c"):
        with pytest.raises(UsageError, match="not a variant"):
            variant_id(wrong)
    (tmp_path / "plain").mkdir()
    with pytest.raises(UsageError, match="has no variants"):
        all_variants(FunctionFlow(tmp_path / "plain", lambda x: x).flow)
    first = RunSummary("a", Status.COMPLETED, 2, 2, 0, {"accuracy": 0.5}, seconds=1.23456, input_tokens=3)
    second = RunSummary("b", Status.COMPLETED, 2, 2, 0, {"other": 1}, cost=0.5)
    assert side_by_side([("v0", first), ("v1", second)]) == [
        ["variant", "run", "status", "completed", "failed", "seconds", "tokens", "cost_usd", "accuracy", "other"],
        ["v0", "a", "Completed", 2, 0, 1.235, 3, None, 0.5, None],
        ["v1", "b", "Completed", 2, 0, 0.0, 0, 0.5, None, 1],
    ]
