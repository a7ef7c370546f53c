"""The flows to begin with: each is valid, and those without a model run."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from ferrata.errors import Conflict, UsageError
from ferrata.flows import FLOW_KINDS, inside, open_flow, read_flow, validate_flow, write_flow

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("kind", FLOW_KINDS)
def test_each_kind_is_valid(kind: str, tmp_path: Path) -> None:
    written = write_flow(tmp_path / "new", kind)
    assert all(path.is_file() and path.suffix != ".txt" for path in written)
    found = validate_flow(tmp_path / "new")
    assert [one.code for one in found] == (["GetConnectionError"] if kind == "chat" else [])


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "data.jsonl").read_text().splitlines()]


def outputs(folder: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What the rows of a flow's data come to, and its metrics."""
    loaded = open_flow(folder)

    async def run() -> tuple[list[dict[str, Any]], dict[str, Any]]:
        results = [await loaded.line(row) for row in rows_of(folder)]
        assert [result.error for result in results] == [None] * len(results)
        if not loaded.has_aggregation:
            return [result.output for result in results], {}
        keys = results[0].aggregation
        lists = {key: [result.aggregation[key] for result in results] for key in keys}
        inputs = {key: [result.inputs[key] for result in results] for key in results[0].inputs}
        if loaded.flow.kind != "dag":
            lists = {"output": [result.output for result in results]}
        return [result.output for result in results], (await loaded.aggregate(inputs, lists)).metrics

    with inside(loaded):
        found = asyncio.run(run())
    loaded.close()
    return found


def test_the_standard_flow_passes_over_what_it_does_not_need(tmp_path: Path) -> None:
    write_flow(tmp_path, "standard")
    found, _ = outputs(tmp_path)
    assert [row["topic"] for row in found] == ["complaint", "return", "other"]
    assert "sorry" in found[0]["answer"]
    assert "for: return" in found[1]["answer"]


def test_the_evaluation_flow_counts(tmp_path: Path) -> None:
    write_flow(tmp_path, "evaluation")
    found, metrics = outputs(tmp_path)
    assert [row["score"] for row in found] == [0.7143, 0.8889, 0.1818]
    assert metrics == {"mean_score": 0.595, "good_answers": 2}


def test_the_flex_flow_is_made_with_its_sample(tmp_path: Path) -> None:
    write_flow(tmp_path, "flex")
    found, metrics = outputs(tmp_path)
    assert found[0] == {"short": "The left shoe came without laces...", "cut": True}
    assert metrics == {"share_cut": 0.5}


def test_the_chat_flow_knows_who_says_what(tmp_path: Path) -> None:
    write_flow(tmp_path, "chat")
    flow = read_flow(tmp_path)
    assert [name for name, spec in flow.inputs.items() if spec.is_chat_input] == ["question"]
    assert [name for name, spec in flow.inputs.items() if spec.is_chat_history] == ["chat_history"]
    assert flow.outputs["answer"].is_chat_output


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "sort.py").write_text("mine")
    with pytest.raises(Conflict, match=r"sort\.py"):
        write_flow(tmp_path, "standard")
    assert [path.name for path in tmp_path.iterdir()] == ["sort.py"]
    assert (tmp_path / "sort.py").read_text() == "mine"


def test_the_kind_must_be_known(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'loop'"):
        write_flow(tmp_path, "loop")
