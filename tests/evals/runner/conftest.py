"""Where runs of tests are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eval_bench import Bench

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "evals")
