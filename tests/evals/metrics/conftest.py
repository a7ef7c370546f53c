"""What other packages make of texts, written by `bench/metric_references.py`."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[1] / "data" / "metric_references.json"


@cache
def read() -> dict[str, Any]:
    return json.loads(FILE.read_text(encoding="utf-8"))


@pytest.fixture
def reference() -> dict[str, Any]:
    return read()


@pytest.fixture
def pairs(reference: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Response, expected text, and the values of each metric."""
    return reference["pairs"]
