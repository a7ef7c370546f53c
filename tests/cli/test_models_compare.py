from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ferrata.app import open_app
from ferrata.clock import FrozenClock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Ran


def test_models_stand_side_by_side(ferrata: Callable[..., Ran], tmp_path: Path) -> None:
    words = ["--requests", "2000", "--input-tokens", "10000", "--output-tokens", "500", "--cached-share", "0.5"]
    ran = ferrata(
        "models", "compare", "gpt-4o-mini", "claude-haiku-4-5", "local/smollm2", *words, "--project", tmp_path
    )
    assert ran.status == 0, ran.err
    head, *lines = [line.split("  ") for line in ran.out.splitlines() if not line.startswith("note: ")]
    assert [cell.strip() for cell in head if cell.strip()] == [
        "openai/gpt-4o-mini",
        "anthropic/claude-haiku-4-5",
        "local/smollm2",
    ]
    rows = {line[0].strip(): [cell.strip() for cell in line[1:] if cell.strip()] for line in lines}
    assert rows["context"] == ["128,000", "200,000", "8,192"]
    assert rows["$ for 2,000"] == ["2.85", "16.00", "0"]
    assert rows["json schema"] == ["yes", "yes", "?"]
    assert "note: local/smollm2: a request does not fit: 8,192 tokens of context" in ran.out
    assert list(tmp_path.iterdir()) == [], "a comparison makes nothing"


def test_the_comparison_is_data_as_well(ferrata: Callable[..., Ran], tmp_path: Path) -> None:
    found = json.loads(ferrata("models", "compare", "gpt-4o", "azure/gpt-4o", "--json", "--project", tmp_path).out)
    assert found["workload"] == {"requests": 1000, "input_tokens": 1000, "output_tokens": 300, "cached_share": 0.0}
    assert [model["model"]["id"] for model in found["models"]] == ["openai/gpt-4o", "azure/gpt-4o"]
    assert found["models"][0]["usd_total"] == 1000 * found["models"][0]["usd_per_request"]


def test_recorded_runs_fill_the_columns_and_the_workload(ferrata: Callable[..., Ran], tmp_path: Path) -> None:
    result = {"model": "openai/gpt-4o", "quality": 0.875, "latency": 1.25, "input_tokens": 640, "output_tokens": 60}
    with open_app(tmp_path, clock=FrozenClock(datetime(2026, 11, 1, tzinfo=UTC))) as app:
        old = {"models": ["gpt-4o"], "rows": 3, "results": [{**result, "quality": 0.1}]}
        app.ledger.append("models.tried", payload=old)
        app.ledger.append("models.tried", payload={**old, "rows": 24, "results": [result]})
    ran = ferrata("models", "compare", "gpt-4o", "claude-haiku-4-5", "--project", tmp_path)
    lines = {line.split("  ")[0]: line.split() for line in ran.out.splitlines()}
    assert lines["quality"] == ["quality", "0.88", "?"]
    assert lines["latency"] == ["latency", "1.25", "s", "?"]
    assert lines["rows"] == ["rows", "24", "-"]
    found = json.loads(ferrata("models", "compare", "gpt-4o", "claude-haiku-4-5", "--json", "--project", tmp_path).out)
    assert (found["workload"]["input_tokens"], found["workload"]["output_tokens"]) == (640, 60)


def test_one_model_is_no_comparison(ferrata: Callable[..., Ran], tmp_path: Path) -> None:
    ran = ferrata("models", "compare", "gpt-4o", "openai/gpt-4o", "--project", tmp_path)
    assert ran.status == 2
    assert ran.err.startswith("ferrata: one model is no comparison\nhint: name another")
